import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dayMs, floorToGrain, hourMs, minuteMs, type Instant, type TimeWindow } from '../../src/exchange/window.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import type { Source } from '../../src/sources/source.ts';
import { takeIn } from '../../src/sync/intake.ts';
import { isCapped, looksCutOff, sizeAfter } from '../../src/sync/row-cap.ts';
import { keptAudit, keys, message, reading } from '../support/scripted.ts';
import { limits } from './reading.ts';

const week: TimeWindow = { from: 0, to: 7 * dayMs };
const now = 30 * dayMs;
const nextWeek: TimeWindow = { from: 7 * dayMs, to: 14 * dayMs };

describe('an answer', () => {
  it('looks cut off when it is as large as the largest, of another window', () => {
    const size = { mostRows: 700, mostWindow: week };
    expect(looksCutOff({ window: nextWeek, rows: 700, missing: 0 }, size, now)).toBe(true);
    expect(looksCutOff({ window: week, rows: 700, missing: 0 }, size, now)).toBe(false);
    expect(looksCutOff({ window: nextWeek, rows: 699, missing: 0 }, size, now)).toBe(false);
    expect(looksCutOff({ window: nextWeek, rows: 701, missing: 0 }, size, now)).toBe(false);
  });

  it('looks cut off when none was larger, and it lacks messages that are known', () => {
    const size = { mostRows: 700, mostWindow: week };
    expect(looksCutOff({ window: week, rows: 700, missing: 1 }, size, now)).toBe(true);
    expect(looksCutOff({ window: nextWeek, rows: 701, missing: 1 }, size, now)).toBe(true);
    expect(looksCutOff({ window: nextWeek, rows: 699, missing: 100 }, size, now)).toBe(false);
    expect(looksCutOff({ window: nextWeek, rows: 50, missing: 1 }, {}, now)).toBe(true);
    expect(looksCutOff({ window: nextWeek, rows: 49, missing: 1 }, {}, now)).toBe(false);
  });

  it('of a size that was looked into looks so again after a while only: it may have been the cap by chance', () => {
    const size = { mostRows: 700, mostWindow: week, wholeRows: 700, wholeAt: now - hourMs };
    expect(looksCutOff({ window: nextWeek, rows: 700, missing: 5 }, size, now)).toBe(false);
    expect(looksCutOff({ window: nextWeek, rows: 701, missing: 5 }, size, now)).toBe(true);
    expect(looksCutOff({ window: nextWeek, rows: 700, missing: 5 }, size, now + 6 * hourMs)).toBe(true);
  });

  it('is cut off at the cap that was learned, and at the one that is known or above', () => {
    expect([99, 100, 101].map((rows) => isCapped(rows, {}, { rowCap: 100 }))).toEqual([false, true, false]);
    expect([99, 100, 101].map((rows) => isCapped(rows, { rowCap: 100 }, {}))).toEqual([false, true, true]);
  });

  it('that is larger than the cap that was learned ends it', () => {
    const size = { rowCap: 100, mostRows: 100, mostWindow: week };
    expect(sizeAfter(99, nextWeek, size, undefined)).toBe(size);
    expect(sizeAfter(101, nextWeek, size, undefined)).toEqual({ mostRows: 101, mostWindow: nextWeek });
  });
});

const start = floorToGrain(limits.startAt);
const source = 'main-clinic';
let folder: string;
let ledger: Ledger;
let clock: Instant;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'row-cap-'));
  clock = start + 20 * dayMs;
  ledger = await openLedger({ url: `sqlite:${join(folder, 'ledger.db')}`, access: 'owner', now: () => clock });
});

afterEach(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A vendor that has messages at these times and gives `cap` of them at most, the oldest. */
function vendor(times: readonly Instant[], cap: number, fails: (asked: number) => boolean = () => false) {
  const asked: TimeWindow[] = [];
  const read: Source['read'] = async ({ from, to }, take) => {
    asked.push({ from, to });
    if (fails(asked.length)) return { kind: 'failed', problem: { code: 'source-timeout' }, rows: 0 };
    const rows = times.flatMap((at, index) => (at >= from && at <= to ? [{ at, id: `m${index}` }] : [])).slice(0, cap);
    await take(rows.map(({ at, id }) => reading({ ...message(id, 'DELIVERED', 3), occurredAt: at })));
    return { kind: 'complete', rows: rows.length, bytes: rows.length * 500, vendorNow: clock };
  };
  return { asked, source: { name: source, longestWindowMs: 7 * dayMs, read } };
}

/** One run; what it reported and asked. */
async function run({ asked, source: from }: ReturnType<typeof vendor>) {
  const before = asked.length;
  const { report, problem } = await takeIn(
    { ledger, audit: keptAudit().audit, now: () => clock, recorded: () => {}, reached: () => {} },
    { runId: 'run', source: from, limits, signal: new AbortController().signal },
  );
  return { problems: report.problems, problem, asked: asked.slice(before) };
}

const every = (ms: number, from: Instant, to: Instant): Instant[] =>
  Array.from({ length: Math.floor((to - from) / ms) }, (_, index) => from + index * ms);

async function knows(count: number): Promise<number> {
  const known = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      ledger.messages.list({ key: keys.outgoing(`m${index}`) }, { limit: 1 }),
    ),
  );
  return known.filter(({ items }) => items.length === 1).length;
}

describe('a vendor that cuts answers off without a word', () => {
  it('is found out at its second answer of that size, and what it left out is read', async () => {
    const times = every(2 * hourMs, start, start + 20 * dayMs);
    const capped = vendor(times, 60);
    const { problems } = await run(capped);
    expect((await ledger.coverage.state(source)).size.rowCap).toBe(60);
    expect(problems).toEqual({ 'source-capped': expect.any(Number) });
    for (let runs = 0; runs < 10; runs += 1) {
      clock += 5 * minuteMs;
      await run(capped);
    }
    expect(await knows(times.length)).toBe(times.length);
    expect((await ledger.coverage.state(source)).pieces).toEqual([]);
  });

  it('is found out by what the ledger knows and the answer lacks', async () => {
    // Read hour by hour as they came, and then a whole day at once.
    clock = start + hourMs;
    const times = every(10 * minuteMs, start, start + 2 * dayMs);
    const capped = vendor(times, 60);
    while (clock < start + 2 * dayMs) {
      await run(capped);
      clock += hourMs;
    }
    expect((await ledger.coverage.state(source)).size.rowCap).toBe(60);
  });

  it('is not suspected for weeks that are all of one size: looked into once, and no problem', async () => {
    const times = every(dayMs / 100, start, start + 40 * dayMs);
    const regular = vendor(times, Infinity);
    const first = await run(regular);
    expect(first.problems).toEqual({});
    expect(await knows(2000)).toBe(2000);
    const extra = first.asked.length - 3;
    expect(extra).toBeLessThanOrEqual(2);
    clock += 10 * dayMs;
    const second = await run(regular);
    expect(second.problems).toEqual({});
    expect((await ledger.coverage.state(source)).size.rowCap).toBeUndefined();
  });

  it('is not suspected where it gives the same rows whatever is asked: that is no cap, and looked into but once', async () => {
    const times = every(minuteMs, start + dayMs, start + dayMs + hourMs);
    const asked: TimeWindow[] = [];
    const deaf: Source['read'] = async (window, take) => {
      asked.push(window);
      await take(times.map((at, index) => reading({ ...message(`m${index}`, 'DELIVERED', 3), occurredAt: at })));
      return { kind: 'complete', rows: times.length, bytes: times.length * 500, vendorNow: clock };
    };
    const { problems } = await run({ asked, source: { name: source, longestWindowMs: 7 * dayMs, read: deaf } });
    expect(problems).toEqual({});
    // Three windows and the sweeps of the first run, and two halves once.
    expect(asked.length).toBeLessThanOrEqual(7);
    expect((await ledger.coverage.state(source)).size.rowCap).toBeUndefined();
  });

  it('is read in halves that stay read where the requests of the hour end while it is looked into', async () => {
    const times = every(2 * hourMs, start, start + 20 * dayMs);
    // As in an hour with three requests: never enough to look into an answer at one go.
    const from = vendor(times, 60);
    let left = 3;
    const read: Source['read'] = (...asked) => {
      left -= 1;
      return left < 0
        ? Promise.resolve({ kind: 'failed', problem: { code: 'budget-exhausted' }, rows: 0 })
        : from.source.read(...asked);
    };
    for (let hours = 0; hours < 60; hours += 1) {
      left = 3;
      await run({ asked: from.asked, source: { ...from.source, read } });
      clock += 5 * minuteMs;
    }
    expect(await knows(times.length)).toBe(times.length);
    expect((await ledger.coverage.state(source)).pieces).toEqual([]);
  });

  it('that fails while it is looked into has failed: nothing counts as read', async () => {
    const times = every(2 * hourMs, start, start + 20 * dayMs);
    // The second week's answer is as large as the first one's; the third request is for its first half.
    const capped = vendor(times, 60, (asked) => asked === 3);
    const { problem } = await run(capped);
    expect(problem).toEqual({ code: 'source-timeout' });
    expect((await ledger.coverage.state(source)).frontier).toBe(start + 7 * dayMs - 2 * minuteMs);
  });

  it('and takes the cap away is believed with its first larger answer', async () => {
    const times = every(2 * hourMs, start, start + 20 * dayMs);
    await run(vendor(times, 60));
    const free = vendor(every(minuteMs, clock, clock + 2 * hourMs), Infinity);
    clock += 2 * hourMs;
    for (let runs = 0; runs < 5; runs += 1) await run(free);
    expect((await ledger.coverage.state(source)).size.rowCap).toBeUndefined();
  });
});
