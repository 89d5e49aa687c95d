import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { sentFields, type Row } from '../../sandbox/vendor/message.ts';
import { startVendor, type Vendor, type VendorOptions } from '../../sandbox/vendor/vendor.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { AuditEvent } from '../../src/audit/audit-event.ts';
import type { RunReport } from '../../src/exchange/reports.ts';
import { dayMs, floorToGrain, isoInstant, minuteMs, type Instant, type TimeWindow } from '../../src/exchange/window.ts';
import type { CoverageState, Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { loadedMapping, makeSource } from '../../src/parts.ts';
import { coveredUntil } from '../../src/sync/covered-until.ts';
import { makeDeliveryLoop } from '../../src/sync/delivery.ts';
import { makeRuns, type Runs, type StartRun } from '../../src/sync/sync-run.ts';
import type { PlanLimits } from '../../src/sync/tiers.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { keptAudit, plainMapping, scriptedDestination, type ScriptedDestination } from '../support/scripted.ts';

/** When the clocks of the tests stand still, unless a test moves them. */
export const noon = Date.parse('2026-03-10T12:00:00Z');

export interface PlaceOptions {
  readonly rows?: readonly Row[];
  readonly vendor?: Partial<VendorOptions>;
  /** More settings of the source. */
  readonly source?: Readonly<Record<string, unknown>>;
  readonly limits?: Partial<PlanLimits>;
}

/** The real source, intake, ledger and runs, between a vendor over real sockets and an EHR that takes everything. */
export interface Place {
  readonly vendor: Vendor;
  readonly proxy: FaultProxy;
  readonly destination: ScriptedDestination;
  readonly events: readonly AuditEvent[];
  /** Ours, and the vendor's. */
  readonly clock: { at: Instant };
  ledger(): Ledger;
  runs(): Runs;
  run(request?: Partial<StartRun>): Promise<RunReport>;
  state(): Promise<CoverageState>;
  /** As people are shown it. */
  coveredUntil(): Promise<string>;
  /** How many messages the ledger knows. */
  known(): Promise<number>;
  /** The process ends, and another begins with what the ledger kept. */
  restart(): Promise<void>;
  changePassword(password: string): void;
}

const login = { console: 'SAMPLE01', username: 'sample-user', password: 'sample:password' };
export const sourceName = 'main-clinic';
/** Where reading begins. */
export const startAt = noon - dayMs;
/** The end of what is read at noon. */
export const settled = '2026-03-10T11:58:00Z';

export async function openPlace(options: PlaceOptions = {}): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'faults-'));
  const passwordFile = join(folder, 'password');
  const configFile = join(folder, 'config.yaml');
  const clock = { at: noon };
  const now = (): Instant => clock.at;
  const vendor = await startVendor({ ...login, rows: options.rows ?? [], now, ...options.vendor });
  const proxy = await startFaultProxy(vendor.origin);
  const { audit, events } = keptAudit();
  const destination = scriptedDestination();
  writeFileSync(passwordFile, login.password, { mode: 0o600 });
  writeFileSync(
    configFile,
    JSON.stringify({
      sources: [
        {
          name: sourceName,
          kind: 'dialog-health',
          url: vendor.url.replace(vendor.origin, proxy.origin),
          ...login,
          password: `\${file:${passwordFile}}`,
          startAt: new Date(startAt).toISOString(),
          ...options.source,
        },
      ],
      destination: { url: 'http://127.0.0.1:9/fhir' },
    }),
  );
  let parts = await openParts();

  async function openParts() {
    const loaded = loadConfig({ env: {}, defaultFile: configFile, now });
    if (loaded.kind === 'invalid') throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
    const { config } = loaded;
    const [section] = config.sources;
    const ledger = await openLedger({ url: `sqlite:${join(folder, 'ledger.db')}`, access: 'owner', now });
    const delivery = makeDeliveryLoop({
      ledger,
      destination,
      mappings: () =>
        Promise.resolve({ dialect: 'r4', why: 'scripted', bySource: new Map([[sourceName, plainMapping]]) }),
      audit,
      now,
      sleep: () => new Promise((resolve) => setImmediate(resolve)),
      random: () => 0,
      reached: () => {},
      batch: 100,
      concurrency: 2,
      patientMaxWaitMs: dayMs,
    });
    const source = makeSource(section, {
      mapping: loadedMapping(config, section),
      canonicalBase: config.mapping.canonicalBase,
      budget: ledger.budget,
      now,
    });
    const { settleDelay, lateness, requestsPerHour, password } = section;
    const limits = {
      startAt: section.startAt,
      settleDelayMs: settleDelay,
      latenessMs: lateness,
      longestWindowMs: source.longestWindowMs,
      requestsPerHour,
      ...options.limits,
    };
    const runs = makeRuns({
      ledger,
      sources: [{ source, limits, login: () => password.reveal() }],
      delivery,
      audit,
      now,
      newId: () => crypto.randomUUID(),
      random: () => 0,
      reached: () => {},
    });
    return { ledger, delivery, runs };
  }

  async function closeParts(): Promise<void> {
    await parts.runs.stop();
    await parts.delivery.stop(0);
    await parts.ledger.close();
  }

  const place: Place = {
    vendor,
    proxy,
    destination,
    events,
    clock,
    ledger: () => parts.ledger,
    runs: () => parts.runs,
    async run(request = {}) {
      const started = await parts.runs.start({ trigger: 'command', ...request });
      if (started.kind !== 'started') throw new Error(`not started: ${started.kind}`);
      return started.finished;
    },
    state: () => parts.ledger.coverage.state(sourceName),
    async coveredUntil() {
      const until = coveredUntil(await place.state());
      return until === undefined ? 'nothing' : isoInstant(until);
    },
    async known() {
      const counts = await parts.ledger.messages.counts();
      return Object.values(counts).reduce((sum, count) => sum + count, 0);
    },
    async restart() {
      await closeParts();
      parts = await openParts();
    },
    changePassword: (password) => writeFileSync(passwordFile, password),
  };
  onTestFinished(async () => {
    await proxy.close();
    await vendor.close();
    await closeParts();
    rmSync(folder, { recursive: true, force: true });
  });
  return place;
}

/** The row of a message that was sent then, in the vendor's form; nothing in it is real. */
export function rowAt(sentAt: Instant, id: string, fields: Row = {}): Row {
  return {
    outgoingMessageId: id,
    ...sentFields(sentAt),
    outgoingMessage: `Invented text of ${id}.`,
    personId: 'p-1',
    messageType: 'API Message',
    recipientType: 'PATIENT',
    delivered: 'false',
    messageStatus: 'SENT',
    ...fields,
  };
}

/** So many messages, evenly over the range. */
export const rowsOver = ({ from, to }: TimeWindow, count: number): readonly Row[] =>
  Array.from({ length: count }, (_, index) => rowAt(floorToGrain(from + ((to - from) * index) / count), `m${index}`));

/** So many messages, one in each minute up to that moment. */
export const rowsBefore = (end: Instant, count: number): readonly Row[] =>
  Array.from({ length: count }, (_, index) => rowAt(end - (index + 1) * minuteMs, `m${index}`));
