import type { Communication } from 'fhir/r4.js';
import type { AuditEvent } from '../../src/audit/audit-event.ts';
import type { Destination, DestinationCheck } from '../../src/destinations/destination.ts';
import type { Delivery, DeliveryOutcome } from '../../src/exchange/delivery.ts';
import type { Problem } from '../../src/exchange/problem.ts';
import { keySpace } from '../../src/exchange/record-key.ts';
import type { Reading, SourceRecord } from '../../src/exchange/record.ts';
import type { TimeWindow } from '../../src/exchange/window.ts';
import type { Mapping } from '../../src/mapping/mapping.ts';
import type { ReadOutcome, Source, TakeReadings } from '../../src/sources/source.ts';

/** Parts that follow a script, for tests of the loops: each is a plain object that keeps its contract. */

export const keys = keySpace('https://fhir.example-health.org');

/** An outgoing message with invented content; `status` is what may change about it. */
export function message(id: string, status = 'SENT', rank = 1): SourceRecord {
  const key = keys.outgoing(id);
  return {
    key,
    direction: 'outgoing',
    thread: key,
    related: [],
    occurredAt: 0,
    stage: { rank, final: rank === 3 },
    contentDigest: `content of ${id}`,
    changeDigest: status,
    body: { outgoingMessageId: id, messageStatus: status },
  };
}

export const reading = (...records: readonly SourceRecord[]): Reading => ({ kind: 'records', records });

/** Maps every record to a Communication that holds its status, so that a test sees what arrived. */
export const plainMapping: Mapping = {
  stageOf: () => ({ rank: 0, final: false }),
  map(record) {
    const resource: Communication = {
      resourceType: 'Communication',
      id: record.key,
      status: 'completed',
      statusReason: { text: record.body['messageStatus'] ?? 'none' },
    };
    return { kind: 'communication', resource, counts: [] };
  },
  explain: ({ key, direction }) => ({
    key,
    direction,
    outcome: 'communication',
    code: null,
    problem: null,
    elements: [],
    tables: [],
    unused: [],
  }),
};

export interface ScriptedDestination extends Destination {
  /** What the next sends answer, one after the other; accepted when the script is empty. */
  readonly script: ((delivery: Delivery) => DeliveryOutcome)[];
  readonly sent: (readonly Delivery[])[];
  /** What arrived: text of the status by key. */
  readonly arrived: Map<string, string>;
  check: () => Promise<DestinationCheck>;
}

export function scriptedDestination(): ScriptedDestination {
  const script: ScriptedDestination['script'] = [];
  const sent: (readonly Delivery[])[] = [];
  const arrived = new Map<string, string>();
  const accept = (delivery: Delivery): DeliveryOutcome => {
    const change = arrived.has(delivery.key) ? 'updated' : 'created';
    arrived.set(delivery.key, delivery.resource.statusReason?.text ?? '');
    return { kind: 'accepted', key: delivery.key, reference: `Communication/${delivery.key}`, version: '1', change };
  };
  return {
    name: 'scripted',
    script,
    sent,
    arrived,
    check: () => Promise.resolve({ kind: 'ready', write: 'put-by-id', bundle: 'batch', why: 'scripted' }),
    send(deliveries) {
      sent.push(deliveries);
      const answer = script.shift() ?? accept;
      return Promise.resolve(deliveries.map((delivery) => answer(delivery)));
    },
    held: (deliveries) => Promise.resolve(deliveries.map(() => ({ kind: 'absent' }))),
    judge: () => Promise.resolve({ kind: 'not-offered' }),
    close: () => Promise.resolve(),
  };
}

export const refuse =
  (problem: Problem) =>
  ({ key }: Delivery): DeliveryOutcome => ({ kind: 'refused', key, problem });

export interface ScriptedSource extends Source {
  /** Windows asked for. */
  readonly asked: TimeWindow[];
  /** What the next read does; an empty complete answer when there is none. */
  readonly script: ((take: TakeReadings, signal: AbortSignal) => Promise<ReadOutcome>)[];
}

export function scriptedSource(name = 'main-clinic'): ScriptedSource {
  const asked: TimeWindow[] = [];
  const script: ScriptedSource['script'] = [];
  return {
    name,
    longestWindowMs: 7 * 24 * 3_600_000,
    asked,
    script,
    read(window, take, signal) {
      asked.push(window);
      return script.shift()?.(take, signal) ?? Promise.resolve({ kind: 'complete', rows: 0, bytes: 2 });
    },
  };
}

/** A complete answer with these rows. */
export const answer =
  (...readings: readonly Reading[]): ScriptedSource['script'][number] =>
  async (take) => {
    await take(readings);
    return { kind: 'complete', rows: readings.length, bytes: 100 };
  };

/** An audit log that keeps what it is told. */
export function keptAudit(): { readonly audit: (event: AuditEvent) => void; readonly events: AuditEvent[] } {
  const events: AuditEvent[] = [];
  return { audit: (event) => void events.push(event), events };
}
