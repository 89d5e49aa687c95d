import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dayMs, hourMs, minuteMs } from '../../src/exchange/window.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { makeDeliveryLoop, type DeliveryLoop } from '../../src/sync/delivery.ts';
import { makeRuns, type Runs, type StartRun } from '../../src/sync/sync-run.ts';
import type { PlanLimits } from '../../src/sync/tiers.ts';
import {
  answer,
  keptAudit,
  keys,
  message,
  plainMapping,
  reading,
  refuse,
  scriptedDestination,
  scriptedSource,
} from '../support/scripted.ts';

let folder: string;
let ledger: Ledger;
let delivery: DeliveryLoop;
let runs: Runs;
let clock: number;
let source: ReturnType<typeof scriptedSource>;
let destination: ReturnType<typeof scriptedDestination>;
let log: ReturnType<typeof keptAudit>;
let ids = 0;
let limits: { -readonly [limit in keyof PlanLimits]: PlanLimits[limit] };

const start = Date.parse('2026-03-10T12:00:00Z');

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sync-run-'));
  clock = start;
  const now = (): number => clock;
  ledger = await openLedger({ url: `sqlite:${join(folder, 'ledger.db')}`, access: 'owner', now });
  source = scriptedSource();
  destination = scriptedDestination();
  log = keptAudit();
  delivery = makeDeliveryLoop({
    ledger,
    destination,
    mappings: () =>
      Promise.resolve({ dialect: 'r4', why: 'scripted', bySource: new Map([['main-clinic', plainMapping]]) }),
    audit: log.audit,
    now,
    // Sleeping moves the clock: no test waits for real. Others get their turn, as they do while one sleeps.
    sleep: (ms) => {
      clock += ms;
      return new Promise((resolve) => setImmediate(resolve));
    },
    random: () => 0,
    reached: () => {},
    batch: 100,
    concurrency: 2,
    patientMaxWaitMs: dayMs,
  });
  limits = {
    startAt: start - dayMs,
    settleDelayMs: 2 * minuteMs,
    latenessMs: 7 * dayMs,
    longestWindowMs: 7 * dayMs,
    requestsPerHour: 240,
  };
  runs = makeRuns({
    ledger,
    sources: [{ source, limits }],
    delivery,
    audit: log.audit,
    now,
    newId: () => `00000000-0000-4000-8000-${String((ids += 1)).padStart(12, '0')}`,
    random: () => 0,
    reached: () => {},
  });
});

afterEach(async () => {
  await runs.stop();
  await delivery.stop(0);
  await ledger.close();
  rmSync(folder, { recursive: true, force: true });
});

async function run(request: Partial<StartRun> = {}) {
  const started = await runs.start({ trigger: 'command', ...request });
  if (started.kind !== 'started') throw new Error(`not started: ${started.kind}`);
  return started.finished;
}

describe('a run', () => {
  it('reads what is due, delivers it, and reports both', async () => {
    source.script.push(answer(reading(message('a')), reading(message('b'))));
    const report = await run();
    expect(report).toMatchObject({
      state: 'done',
      sources: [{ name: 'main-clinic', windows: 1, read: 2, new: 2, changed: 0, unchanged: 0 }],
      delivery: { delivered: 2, pending: 0, waiting: 0, rejected: 0 },
    });
    expect(await ledger.runs.get(report.id)).toEqual(report);
    expect(destination.arrived.size).toBe(2);
  });

  it('costs the EHR nothing when nothing changed', async () => {
    source.script.push(answer(reading(message('a'))), answer(reading(message('a'))));
    await run();
    const report = await run();
    expect(report.sources[0]).toMatchObject({ new: 0, changed: 0, unchanged: 1 });
    expect(destination.sent).toHaveLength(1);
  });

  it('updates the same Communication when the status changed', async () => {
    source.script.push(answer(reading(message('a', 'SENT', 1))), answer(reading(message('a', 'DELIVERED', 3))));
    await run();
    clock += minuteMs;
    const report = await run();
    expect(report).toMatchObject({ sources: [{ changed: 1 }], delivery: { delivered: 1 } });
    expect([...destination.arrived]).toEqual([[keys.outgoing('a'), 'DELIVERED']]);
  });

  it('moves no coverage for an answer that failed, and reads the same window again', async () => {
    source.script.push(
      async (take) => {
        await take([reading(message('a'))]);
        return { kind: 'failed', rows: 1, problem: { code: 'source-incomplete-answer' } };
      },
      answer(reading(message('a')), reading(message('b'))),
    );
    const failed = await run();
    expect(failed).toMatchObject({
      state: 'failed',
      sources: [{ windows: 0, read: 1, problems: { 'source-incomplete-answer': 1 } }],
    });
    expect((await ledger.coverage.state('main-clinic')).frontier).toBeUndefined();
    // What was read before it broke off is delivered all the same.
    expect(destination.arrived.size).toBe(1);
    const again = await run();
    expect(again).toMatchObject({ state: 'done', sources: [{ new: 1, unchanged: 1 }] });
    expect(source.asked[1]).toEqual(source.asked[0]);
    expect(destination.arrived.size).toBe(2);
  });

  it("holds the frontier back to the vendor's clock", async () => {
    const vendorNow = start - 30 * minuteMs;
    source.script.push(() => Promise.resolve({ kind: 'complete', rows: 0, bytes: 2, vendorNow }));
    await run();
    expect((await ledger.coverage.state('main-clinic')).frontier).toBe(vendorNow - 2 * minuteMs);
  });

  it('reads on as before after our clock was thirty days ahead for one run', async () => {
    await run();
    const repaired = start + hourMs;
    const vendorNow = repaired;
    clock = repaired + 30 * dayMs;
    const rightDate = () => Promise.resolve({ kind: 'complete', rows: 0, bytes: 2, vendorNow } as const);
    source.script.push(...Array.from({ length: 20 }, () => rightDate));
    await run();
    const { frontier, tiers } = await ledger.coverage.state('main-clinic');
    expect(frontier).toBe(vendorNow - 2 * minuteMs);
    expect(tiers.cold?.doneAt).toBeLessThanOrEqual(vendorNow);
    source.script.length = 0;
    clock = repaired + 10 * minuteMs;
    await run();
    expect((await ledger.coverage.state('main-clinic')).frontier).toBe(clock - 2 * minuteMs);
  });

  it('begins where it would have begun at the first start, however long the vendor could not be read', async () => {
    source.script.push(() => Promise.resolve({ kind: 'failed', rows: 0, problem: { code: 'source-unauthorized' } }));
    await run();
    // The default of the setting moves with the clock.
    limits.startAt += 3 * dayMs;
    clock += 3 * dayMs;
    await run();
    expect((await ledger.coverage.state('main-clinic')).start).toBe(start - dayMs);
    expect(source.asked[1]?.from).toBe(source.asked[0]?.from);
  });

  it('is one at a time for a source, and names the one that is running', async () => {
    let release = (): void => {};
    source.script.push(
      () => new Promise((resolve) => (release = () => resolve({ kind: 'complete', rows: 0, bytes: 2 }))),
    );
    const first = await runs.start({ trigger: 'api' });
    const second = await runs.start({ trigger: 'api' });
    expect(second).toEqual({ kind: 'already-running', id: first.kind === 'started' ? first.id : '' });
    await expect.poll(() => source.asked.length).toBe(1);
    release();
    if (first.kind === 'started') await first.finished;
    expect(await runs.start({ trigger: 'schedule' })).toMatchObject({ kind: 'started' });
  });

  it('that only waits for what is being delivered ends when the schedule comes round, and says what is pending', async () => {
    source.script.push(answer(reading(message('a'))));
    const send = destination.send.bind(destination);
    let arrive = (): void => {};
    destination.send = async (deliveries, signal) => {
      await new Promise<void>((resolve) => (arrive = resolve));
      return send(deliveries, signal);
    };
    const first = await runs.start({ trigger: 'startup' });
    await expect.poll(() => runs.start({ trigger: 'api' }).then(({ kind }) => kind)).toBe('already-running');
    await expect.poll(() => delivery.state().check?.kind).toBe('ready');
    clock += 5 * minuteMs;
    const second = await runs.start({ trigger: 'schedule' });
    expect(second.kind).toBe('started');
    expect(first.kind === 'started' && (await first.finished)).toMatchObject({
      state: 'done',
      sources: [{ new: 1 }],
      delivery: { delivered: 0, pending: 1 },
    });
    await expect.poll(() => source.asked.length).toBe(2);
    arrive();
    expect(second.kind === 'started' && (await second.finished)).toMatchObject({ delivery: { delivered: 1 } });
  });

  it('is started once for one Idempotency-Key', async () => {
    const first = await run({ trigger: 'api', idempotencyKey: 'k-1' });
    expect(await runs.start({ trigger: 'api', idempotencyKey: 'k-1' })).toEqual({ kind: 'repeated', id: first.id });
    expect(source.asked).toHaveLength(1);
  });

  it('is started once for one Idempotency-Key that comes twice at the same moment', async () => {
    const asked = [1, 2].map(() => runs.start({ trigger: 'api', idempotencyKey: 'k-2' }));
    const [first, second] = await Promise.all(asked);
    if (first?.kind !== 'started') throw new Error('the first was not started');
    expect(second).toEqual({ kind: 'repeated', id: first.id });
    await first.finished;
    expect(source.asked).toHaveLength(1);
  });

  it('names the sources there are when asked for another', async () => {
    expect(await runs.start({ trigger: 'api', source: 'nowhere' })).toEqual({
      kind: 'unknown-source',
      known: ['main-clinic'],
    });
  });

  it('leaves the schedule out after a failure, but not a person', async () => {
    source.script.push(() => Promise.resolve({ kind: 'failed', rows: 0, problem: { code: 'source-unreachable' } }));
    await run();
    expect(await runs.start({ trigger: 'schedule' })).toEqual({ kind: 'paused' });
    expect(log.events.at(-1)).toEqual({ event: 'run_skipped', source: 'main-clinic', why: 'paused' });
    expect(await run()).toMatchObject({ state: 'done' });
    expect(await runs.start({ trigger: 'schedule' })).toMatchObject({ kind: 'started' });
  });

  it('makes no request before the time the vendor asked for, whoever asks', async () => {
    const problem = { code: 'source-throttled', retryAfterMs: hourMs } as const;
    source.script.push(() => Promise.resolve({ kind: 'failed', rows: 0, problem }));
    await run();
    const held = await run();
    expect(held).toMatchObject({ state: 'failed', sources: [{ windows: 0, problems: { 'source-throttled': 1 } }] });
    expect(source.asked).toHaveLength(1);
  });

  it('stops the schedule after a refused login until a person asks', async () => {
    source.script.push(() =>
      Promise.resolve({ kind: 'failed', rows: 0, problem: { code: 'source-unauthorized', httpStatus: 401 } }),
    );
    await run();
    clock += 30 * dayMs;
    expect(await runs.start({ trigger: 'schedule' })).toEqual({ kind: 'paused' });
    expect(log.events.at(-1)).toMatchObject({ event: 'run_skipped', why: 'stopped' });
    expect(await run()).toMatchObject({ state: 'done' });
  });
});

describe('delivery', () => {
  it('tries again by itself what failed for a moment, within the run', async () => {
    source.script.push(answer(reading(message('a'))));
    destination.script.push(refuse({ code: 'record-server-error', httpStatus: 500 }));
    expect(await run()).toMatchObject({ state: 'done', delivery: { delivered: 1, pending: 0 } });
  });

  it('leaves a long back-off to the schedule and says what is pending', async () => {
    source.script.push(answer(reading(message('a'))));
    destination.script.push(refuse({ code: 'ehr-throttled', httpStatus: 429, retryAfterMs: minuteMs }));
    expect(await run()).toMatchObject({
      state: 'done',
      delivery: { delivered: 0, pending: 1, problems: { 'ehr-throttled': 1 } },
    });
    expect(delivery.state()).toMatchObject({ pausedUntil: clock + minuteMs, problem: { code: 'ehr-throttled' } });
    // A person cannot cut short what the EHR asked for.
    expect(await run()).toMatchObject({ delivery: { pending: 1 } });
    clock += minuteMs;
    expect(await run()).toMatchObject({ delivery: { delivered: 1, pending: 0 } });
  });

  it('keeps the pause that the EHR asked for with one Bundle while an earlier one succeeds', async () => {
    const ids = Array.from({ length: 500 }, (_, index) => `m${index}`);
    source.script.push(answer(...ids.map((id) => reading(message(id)))));
    const { send } = destination;
    const throttled = refuse({ code: 'ehr-throttled', httpStatus: 429, retryAfterMs: hourMs });
    let sends = 0;
    destination.send = async (deliveries, signal) => {
      sends += 1;
      if (sends === 3) return deliveries.map(throttled);
      // The second one's answer comes after the third one's.
      if (sends === 2) await new Promise((resolve) => setTimeout(resolve, 100));
      return send(deliveries, signal);
    };
    await run({ trigger: 'schedule' });
    expect(sends).toBe(3);
    expect(delivery.state().problem).toMatchObject({ code: 'ehr-throttled' });
  });

  it('sends few messages first after a pause, and the others only once those got through', async () => {
    const ids = Array.from({ length: 250 }, (_, index) => `m${index}`);
    source.script.push(answer(...ids.map((id) => reading(message(id)))));
    const down = refuse({ code: 'ehr-unreachable' });
    destination.script.push(down, down);
    expect(await run({ trigger: 'schedule' })).toMatchObject({ delivery: { delivered: 250, pending: 0 } });
    expect(destination.sent.map(({ length }) => length)).toEqual([100, 5, 5, 100, 100, 45]);
    expect(log.events.filter(({ event }) => event === 'destination_failed')).toHaveLength(2);
  });

  it('gives the EHR one Bundle at a time until it has answered, and says how many', async () => {
    const ids = Array.from({ length: 350 }, (_, index) => `m${index}`);
    source.script.push(answer(...ids.map((id) => reading(message(id)))));
    const { send } = destination;
    let under = 0;
    const seen: number[] = [];
    destination.send = async (deliveries, signal) => {
      under += 1;
      seen.push(under);
      await new Promise((resolve) => setImmediate(resolve));
      under -= 1;
      return send(deliveries, signal);
    };
    expect(delivery.state().concurrency).toEqual({ now: 1, most: 2 });
    await run({ trigger: 'schedule' });
    expect(seen[0]).toBe(1);
    expect(Math.max(...seen)).toBe(2);
    expect(delivery.state().concurrency).toEqual({ now: 2, most: 2 });
  });

  it('tries a pending record at once when a person asks, whatever its back-off', async () => {
    source.script.push(answer(reading(message('a'))));
    const fails = refuse({ code: 'ehr-server-error', httpStatus: 503 });
    destination.script.push(fails, fails, fails, fails);
    expect(await run()).toMatchObject({ delivery: { pending: 1 } });
    destination.script.length = 0;
    expect(await run()).toMatchObject({ delivery: { delivered: 1, pending: 0 } });
  });

  it('sends nothing while the EHR is down, and everything afterwards', async () => {
    source.script.push(answer(reading(message('a')), reading(message('b'))));
    const { check } = destination;
    destination.check = () => Promise.resolve({ kind: 'failed', problem: { code: 'ehr-unreachable' }, why: 'refused' });
    expect(await run()).toMatchObject({ state: 'done', delivery: { pending: 2 } });
    expect(destination.sent).toHaveLength(0);
    destination.check = check;
    expect(await run()).toMatchObject({ delivery: { delivered: 2, pending: 0 } });
  });

  it('looks before it sends again what may have arrived', async () => {
    source.script.push(answer(reading(message('a'))));
    destination.script.push(refuse({ code: 'ehr-answer-lost' }));
    expect(await run()).toMatchObject({ delivery: { delivered: 1 } });
    expect(destination.sent.map(([first]) => first?.unsure)).toEqual([false, true]);
  });

  it('rejects alone the record at fault and names it by its key', async () => {
    source.script.push(answer(reading(message('bad')), reading(message('good'))));
    const refused = refuse({ code: 'resource-refused', httpStatus: 422, issue: 'value' });
    destination.script.push((each) =>
      each.key === keys.outgoing('bad')
        ? refused(each)
        : { kind: 'accepted', key: each.key, reference: 'Communication/x', change: 'created' },
    );
    expect(await run()).toMatchObject({ delivery: { delivered: 1, rejected: 1, problems: { 'resource-refused': 1 } } });
    const { items } = await ledger.messages.list({ state: 'rejected' }, { limit: 10 });
    expect(items).toMatchObject([{ key: keys.outgoing('bad'), code: 'resource-refused' }]);
  });

  it('rejects aloud a record whose stored content cannot be opened', async () => {
    source.script.push(answer(reading(message('a'))));
    const { claim } = ledger.messages;
    const problem = { code: 'body-sealed' } as const;
    Object.assign(ledger.messages, {
      claim: async (request: Parameters<typeof claim>[0]) =>
        (await claim(request)).map((each) => ({ ...each, problem })),
    });
    expect(await run()).toMatchObject({ delivery: { delivered: 0, rejected: 1, problems: { 'body-sealed': 1 } } });
    expect(log.events).toContainEqual(expect.objectContaining({ event: 'record_rejected', code: 'body-sealed' }));
    expect(destination.sent).toHaveLength(0);
  });

  it('is done with a run though some of many that wait for their Patient are due at any moment', async () => {
    for (let count = 0; count < 200; count += 1) {
      await ledger.messages.record('main-clinic', clock, [reading(message(`m${count}`))], { resend: false });
      clock += 8_000;
    }
    destination.script.push(...Array.from({ length: 2_000 }, () => refuse({ code: 'patient-not-found' })));
    await delivery.settled();
    clock += 2 * minuteMs;
    const began = clock;
    await delivery.settled();
    expect(clock - began).toBeLessThan(minuteMs);
  });

  it('keeps a record whose Patient is missing waiting, without using up attempts', async () => {
    source.script.push(answer(reading(message('a'))));
    destination.script.push(refuse({ code: 'patient-not-found', httpStatus: 400 }));
    expect(await run()).toMatchObject({ delivery: { waiting: 1, pending: 0 } });
    const { items } = await ledger.messages.list({ state: 'waiting' }, { limit: 10 });
    expect(items).toMatchObject([{ attempts: 0, code: 'patient-not-found' }]);
    clock += minuteMs;
    expect(await run()).toMatchObject({ delivery: { delivered: 1, waiting: 0 } });
  });

  it('sends the newest content of a record that changed while it was on its way', async () => {
    source.script.push(answer(reading(message('a', 'SENT', 1))));
    destination.script.push((each) => {
      destination.arrived.set(each.key, 'SENT');
      return { kind: 'accepted', key: each.key, reference: `Communication/${each.key}`, change: 'created' };
    });
    const { send } = destination;
    let overtaken = false;
    destination.send = async (deliveries, signal) => {
      if (!overtaken) {
        overtaken = true;
        await ledger.messages.record('main-clinic', clock + 1, [reading(message('a', 'DELIVERED', 3))]);
      }
      return send(deliveries, signal);
    };
    expect(await run()).toMatchObject({ delivery: { pending: 0 } });
    expect([...destination.arrived.values()]).toEqual(['DELIVERED']);
  });

  it('delivers by itself what is recorded while the loop is running', async () => {
    delivery.start();
    await ledger.messages.record('main-clinic', clock, [reading(message('a'))]);
    delivery.wake();
    await expect.poll(() => destination.arrived.size).toBe(1);
  });
});

describe('a clock of ours that was years ahead', () => {
  it('E3: hides no status that comes after it was set right', async () => {
    const vendorNow = start;
    const answered =
      (status: string, rank: number): (typeof source.script)[number] =>
      async (take) => {
        await take([reading(message('a', status, rank))], vendorNow);
        return { kind: 'complete', rows: 1, bytes: 500, vendorNow };
      };
    clock = start + 3_650 * dayMs;
    source.script.push(answered('SENT', 1));
    await run();
    clock = start + minuteMs;
    source.script.length = 0;
    source.script.push(answered('DELIVERED', 3));
    const report = await run();
    expect(report.sources).toMatchObject([{ changed: 1 }]);
    expect([...destination.arrived.values()]).toEqual(['DELIVERED']);
  });
});
