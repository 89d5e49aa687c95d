import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startEhr, type RunningEhr } from '../../sandbox/ehr/ehr.ts';
import type { Row } from '../../sandbox/vendor/message.ts';
import { startVendor } from '../../sandbox/vendor/vendor.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Settlement } from '../../src/exchange/delivery.ts';
import type { DestinationStatus, RunReport, SourceStatus } from '../../src/exchange/reports.ts';
import { dayMs, hourMs, minuteMs, type Instant } from '../../src/exchange/window.ts';
import { openService, type Service } from '../../src/service.ts';
import { DeliveryTally } from '../../src/sync/tally.ts';
import { rowAt } from './place.ts';

const login = { console: 'SAMPLE01', username: 'sample-user', password: 'sample:password' };

interface Outage {
  readonly service: Service;
  readonly ehr: () => RunningEhr;
  /** The time of the machine goes on; this is added to it. */
  pass(ms: number): void;
  /** The EHR goes, and another comes in its place. */
  goes(): Promise<void>;
  comes(): Promise<void>;
  run(trigger?: 'command' | 'schedule'): Promise<RunReport>;
  source(): Promise<SourceStatus | undefined>;
  destination(): Promise<DestinationStatus | undefined>;
  arrived(): number;
}

interface OutageOptions {
  readonly rows: readonly Row[];
  readonly startAt: Instant;
  readonly destination?: Readonly<Record<string, unknown>>;
}

const started = Date.now();

/** The whole service between a vendor and an EHR, over real sockets. */
async function openOutage({ rows, startAt, destination = {} }: OutageOptions): Promise<Outage> {
  const folder = mkdtempSync(join(tmpdir(), 'outage-'));
  let ahead = 0;
  const now = (): Instant => Date.now() + ahead;
  const vendor = await startVendor({ ...login, rows, now });
  const resources = [{ resourceType: 'Patient' as const, id: 'p-1' }];
  let ehr = await startEhr({ resources });
  const port = Number(new URL(ehr.origin).port);
  const file = join(folder, 'config.yaml');
  const source = { name: 'main-clinic', kind: 'dialog-health', url: vendor.url, ...login };
  const settings = {
    sources: [{ ...source, startAt: new Date(startAt).toISOString() }],
    destination: { url: ehr.url, ...destination },
    mapping: { canonicalBase: 'https://fhir.example-health.org' },
    ledger: { url: `sqlite:${join(folder, 'ledger.db')}` },
    log: { level: 'error' },
  };
  writeFileSync(file, JSON.stringify(settings));
  const loaded = loadConfig({ env: {}, defaultFile: file, now });
  if (loaded.kind === 'invalid') throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  const service = await openService(loaded.config, { now, access: 'owner', log: 'stderr' });
  onTestFinished(async () => {
    await service.stop();
    await vendor.close();
    await ehr.close().catch(() => {});
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    service,
    ehr: () => ehr,
    pass(ms) {
      ahead += ms;
    },
    goes: () => ehr.close(),
    async comes() {
      ehr = await startEhr({ port, resources });
    },
    async run(trigger = 'command') {
      const started = await service.runs.start({ trigger });
      if (started.kind !== 'started') throw new Error(`not started: ${started.kind}`);
      return started.finished;
    },
    source: async () => (await service.operations.status()).sources[0],
    destination: async () => (await service.operations.status()).destinations[0],
    arrived: () => ehr.store.all('Communication').length,
  };
}

/** So many messages in each of the last weeks. */
const weekly = (weeks: number, count: number): readonly Row[] =>
  Array.from({ length: weeks * count }, (_, index) =>
    rowAt(started - (Math.floor(index / count) * 7 + 1) * dayMs - (index % count) * minuteMs, `m${index}`),
  );

/** Counts the messages that were sent in vain. */
class Refusals extends DeliveryTally {
  count = 0;

  override add({ state }: Settlement): void {
    if (state === 'pending') this.count += 1;
  }
}

describe('an EHR that is down', () => {
  it('B1: does not keep messages from being read: they wait, their age tells, and the service stays ready', async () => {
    const { service, pass, goes, comes, run, source, destination, arrived } = await openOutage({
      rows: weekly(3, 20),
      startAt: started - 21 * dayMs,
    });
    await goes();
    expect(await run()).toMatchObject({ state: 'done', sources: [{ new: 60 }], delivery: { pending: 60 } });
    pass(2 * hourMs);
    const { pending, oldestPendingSeconds } = (await destination()) ?? {};
    expect(pending).toBe(60);
    expect(oldestPendingSeconds).toBeGreaterThanOrEqual(7_200);
    await run();
    expect(await destination()).toMatchObject({ state: 'paused', code: 'ehr-unreachable', delivered: 0 });
    expect(await source()).toMatchObject({ state: 'idle', code: null });
    expect(await service.operations.ready()).toBe(true);
    await comes();
    pass(hourMs);
    expect(await run('schedule')).toMatchObject({ delivery: { delivered: 60, pending: 0 } });
    expect(arrived()).toBe(60);
    expect(await destination()).toMatchObject({ state: 'ready', code: null, oldestPendingSeconds: null });
  });

  it('B1: is no reason to fail where nobody knows its name', async () => {
    const { service, run, destination } = await openOutage({
      rows: weekly(1, 3),
      startAt: started - 7 * dayMs,
      destination: { url: 'http://ehr.invalid/fhir', allowHttp: true },
    });
    expect(await run()).toMatchObject({ state: 'done', delivery: { pending: 3, problems: { 'ehr-unreachable': 1 } } });
    expect(await destination()).toMatchObject({ state: 'paused', code: 'ehr-unreachable' });
    expect(await service.operations.ready()).toBe(true);
  });

  it('B1: stops the reading at destination.maxBacklog, which says so and goes on by itself; nothing is lost', async () => {
    const { service, pass, goes, comes, run, source, arrived } = await openOutage({
      rows: weekly(3, 20),
      startAt: started - 21 * dayMs,
      destination: { maxBacklog: 30 },
    });
    await goes();
    expect(await run()).toMatchObject({
      state: 'failed',
      sources: [{ new: 40, problems: { 'backlog-full': 1 } }],
      delivery: { pending: 40 },
    });
    const stopped = await source();
    expect(stopped).toMatchObject({ state: 'paused', code: 'backlog-full' });
    expect(stopped?.problem).toContain('destination.maxBacklog');
    expect(await service.operations.ready()).toBe(true);
    pass(hourMs);
    // The schedule asks again, and reads nothing more.
    expect(await run('schedule')).toMatchObject({ sources: [{ new: 0, windows: 0 }] });
    await comes();
    pass(hourMs);
    expect(await run('schedule')).toMatchObject({ state: 'done', sources: [{ new: 20 }], delivery: { delivered: 60 } });
    expect(arrived()).toBe(60);
    expect(await source()).toMatchObject({ state: 'idle', code: null });
  });

  it('B1: is given a few messages first after a pause, and all others once it took those', async () => {
    const { service, run, ehr, arrived } = await openOutage({
      rows: weekly(1, 60),
      startAt: started - 7 * dayMs,
      destination: { bundle: { maxEntries: 20 }, concurrency: 8 },
    });
    ehr().faults.add({ fault: 'unavailable', times: 2 });
    const refusals = new Refusals();
    service.delivery.follow(refusals);
    expect(await run()).toMatchObject({ delivery: { delivered: 60, pending: 0 } });
    // One whole Bundle, then five messages after the pause.
    expect(refusals.count).toBe(20 + 5);
    expect(arrived()).toBe(60);
  });
});

describe('an EHR that is slow', () => {
  it('B25: is given less at once, and no more messages are taken up than it can be given soon', async () => {
    const { service, ehr, run, destination, arrived } = await openOutage({
      rows: Array.from({ length: 400 }, (_, index) => rowAt(started - hourMs - index * 1_000, `m${index}`)),
      startAt: started - dayMs,
      destination: { bundle: { maxEntries: 5 }, concurrency: 8 },
    });
    const most = { atOnce: 0, takenUp: 0 };
    const over = new AbortController();
    async function watch(): Promise<void> {
      while (!over.signal.aborted) {
        const { concurrency, delivering = 0 } = (await destination()) ?? {};
        most.atOnce = Math.max(most.atOnce, concurrency?.now ?? 0);
        most.takenUp = Math.max(most.takenUp, delivering);
        const isSlow = ehr().faults.pending().length > 0;
        if (most.atOnce === 8 && !isSlow) ehr().faults.add({ fault: 'slow', delayMs: 400, times: 1_000 });
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    const watched = watch();
    expect(await run()).toMatchObject({ state: 'done', delivery: { delivered: 400 } });
    over.abort();
    await watched;
    expect(arrived()).toBe(400);
    expect(most.atOnce).toBe(8);
    expect(service.delivery.state().concurrency.now).toBeLessThan(4);
    // Eight Bundles on their way, sixteen claimed ahead, and those that came back and are not written down yet.
    expect(most.takenUp).toBeLessThanOrEqual((8 + 16 + 16) * 5);
  });
});
