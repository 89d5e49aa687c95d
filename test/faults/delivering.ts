import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Communication } from 'fhir/r4.js';
import { onTestFinished } from 'vitest';
import type { FhirServerOptions } from '../../src/destinations/fhir-server/fhir-server.ts';
import type { ProblemCode } from '../../src/exchange/problem.ts';
import type { RecordState } from '../../src/exchange/reports.ts';
import { dayMs, type Instant } from '../../src/exchange/window.ts';
import type { Ledger, RecordFilter } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import type { Mapping } from '../../src/mapping/mapping.ts';
import { makeDeliveryLoop, type DeliveryLoop } from '../../src/sync/delivery.ts';
import {
  answerWith,
  conditionalOnly,
  createOnly,
  statementOf,
  type EhrOptions,
  type Reaction,
  type ScriptedEhr,
} from '../destinations/scripted-ehr.ts';
import { serve } from '../destinations/served.ts';
import { keptAudit, message, plainMapping, reading } from '../support/scripted.ts';
import type { AuditEvent } from '../../src/audit/audit-event.ts';

const source = 'main-clinic';
const start = Date.parse('2026-03-10T12:00:00Z');
const system = 'https://fhir.example-health.org/sid/sms-outgoing-message-id';

/** An invented message as its Communication: found by its identifier, about a Patient, with its status. */
export const mapping: Mapping = {
  ...plainMapping,
  map(record) {
    const id = record.body['outgoingMessageId'] ?? '';
    const resource: Communication = {
      resourceType: 'Communication',
      id: record.key,
      identifier: [{ system, value: id }],
      status: record.stage.final ? 'completed' : 'in-progress',
      statusReason: { text: record.body['messageStatus'] ?? 'none' },
      subject: { reference: `Patient/person-${id}` },
    };
    return { kind: 'communication', resource, counts: [] };
  },
};

/** The real ledger, delivery loop and FHIR server destination, before an EHR of a few lines over real sockets. */
export interface Delivering {
  readonly ehr: ScriptedEhr;
  readonly ledger: Ledger;
  readonly loop: DeliveryLoop;
  readonly events: readonly AuditEvent[];
  readonly clock: { at: Instant };
  /** These messages were read, each with that status; final by default. */
  read(ids: readonly string[], status?: string, rank?: 1 | 2 | 3): Promise<void>;
  /** Delivers until nothing is due within two seconds, as a run does. */
  deliver(): Promise<void>;
  /** The same again once everything that was put off is due. */
  later(ms?: number): Promise<void>;
  release(filter: RecordFilter): Promise<void>;
  /** How many are in each state, where any are. */
  states(): Promise<Partial<Record<RecordState, number>>>;
  /** The state of one, and the code of its problem. */
  fateOf(id: string): Promise<{ readonly state: RecordState; readonly code: ProblemCode | null }>;
  /** What the EHR holds: for each message the statuses of its copies. */
  held(): Readonly<Record<string, readonly string[]>>;
}

export async function openDelivering(
  ehrOptions: EhrOptions = {},
  options: Partial<FhirServerOptions> & { readonly concurrency?: number; readonly batch?: number } = {},
): Promise<Delivering> {
  const { concurrency = 2, batch = 100, ...fhirServer } = options;
  const folder = mkdtempSync(join(tmpdir(), 'delivering-'));
  const clock = { at: start };
  const now = (): Instant => clock.at;
  const { ehr, destination, pass } = await serve(ehrOptions, fhirServer);
  const ledger = await openLedger({ url: `sqlite:${join(folder, 'ledger.db')}`, access: 'owner', now });
  const { audit, events } = keptAudit();
  const move = (ms: number): void => {
    clock.at += ms;
    pass(ms);
  };
  const loop = makeDeliveryLoop({
    ledger,
    destination,
    mappings: () => Promise.resolve({ dialect: 'r4', why: 'scripted', bySource: new Map([[source, mapping]]) }),
    audit,
    now,
    sleep(ms) {
      move(ms);
      return new Promise((resolve) => setImmediate(resolve));
    },
    random: () => 0,
    reached: () => {},
    batch,
    concurrency,
    patientMaxWaitMs: 30 * dayMs,
  });
  onTestFinished(async () => {
    await loop.stop(0);
    await ledger.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    ehr,
    ledger,
    loop,
    events,
    clock,
    async read(ids, status = 'DELIVERED', rank = 3) {
      await ledger.messages.record(source, clock.at, [reading(...ids.map((id) => message(id, status, rank)))]);
    },
    deliver: () => loop.settled(),
    async later(ms = 60 * 60_000) {
      move(ms);
      await loop.settled();
    },
    async release(filter) {
      await ledger.messages.release(filter, clock.at);
    },
    async states() {
      const counts = Object.entries(await ledger.messages.counts());
      return Object.fromEntries(counts.filter(([, count]) => count > 0));
    },
    async fateOf(id) {
      const { items } = await ledger.messages.list({ key: message(id).key }, { limit: 1 });
      const [record] = items;
      if (record === undefined) throw new Error(`the ledger does not know ${id}`);
      return { state: record.state, code: record.code };
    },
    held() {
      const copies: Record<string, string[]> = {};
      for (const { resource } of ehr.held.values()) {
        (copies[resource.identifier?.[0]?.value ?? 'none'] ??= []).push(resource.statusReason?.text ?? 'none');
      }
      return copies;
    },
  };
}

/** Names of so many messages. */
export const ids = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `m${index}`);

/** Each of them once, with this status. */
export const each = (names: readonly string[], status = 'DELIVERED'): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(names.map((name) => [name, [status]]));

/** A reply in which each entry has such a status, for the messages of the request in their order. */
export const statuses =
  (of: (id: string) => { readonly status: string; readonly outcome?: object }, headers = {}): Reaction =>
  ({ body }, response, usual) => {
    const { entry }: { entry: { resource: Communication }[] } = JSON.parse(body);
    const replies = entry.map(({ resource }) => ({ response: of(resource.identifier?.[0]?.value ?? '') }));
    answerWith(200, { resourceType: 'Bundle', type: 'batch-response', entry: replies }, headers)(
      { method: 'POST', path: '', headers: {}, body },
      response,
      usual,
    );
  };

/** Every way of writing, by an EHR that offers no better one. */
export const ways = [
  ['put-by-id', statementOf({ updateCreate: true })],
  ['put-by-id, each alone', statementOf({ updateCreate: true }, { system: [] })],
  ['conditional-update', conditionalOnly],
  ['conditional-create', statementOf({ conditionalCreate: true })],
  ['search-then-create', statementOf({})],
  ['search-then-create, with no update', createOnly],
] as const;

/** It writes, and answers with something else. */
export const writesBut =
  (answer: Reaction): Reaction =>
  (heard, response, usual) => {
    if (heard.method === 'GET') return usual();
    usual({ answer: false });
    answer(heard, response, usual);
  };
