import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Problem, ProblemCode } from '../../src/exchange/problem.ts';
import { dayMs, hourMs, minuteMs } from '../../src/exchange/window.ts';
import type { ReadOutcome } from '../../src/sources/source.ts';
import { readToEnd, type BackfillEnd, type BackfillProgress } from '../../src/sync/read-to-end.ts';
import { answer, message, reading } from '../support/scripted.ts';
import { openSyncPlace, start, type SyncPlace } from './sync-place.ts';

const name = 'main-clinic';
const range = { from: start - 30 * dayMs, to: start - 2 * dayMs };
const by = { user: null, requestId: null };
let place: SyncPlace;
let told: BackfillProgress[];
let stopping: AbortController;

beforeEach(async () => {
  place = await openSyncPlace(name);
  told = [];
  stopping = new AbortController();
});

afterEach(() => place.close());

async function begin(): Promise<string> {
  const begun = await place.jobs.begin({ range, order: 'newest-first', resend: false }, by);
  if (begun.kind !== 'begun' && begun.kind !== 'there') throw new Error(begun.kind);
  return begun.job.id;
}

function readJob(id: string): Promise<BackfillEnd> {
  return readToEnd(
    {
      async job() {
        const job = await place.jobs.get(id);
        if (job === undefined) throw new Error('no such job');
        return job;
      },
      readOne: (signal) => place.runs.readBackfill(name, signal),
      pause: () => place.runs.pauseOf(name),
      now: () => place.clock.at,
      sleep: place.sleep,
      random: () => 0,
      told: (progress) => void told.push(progress),
    },
    stopping.signal,
  );
}

const failing =
  (code: ProblemCode, more: Partial<Problem> = {}) =>
  (): Promise<ReadOutcome> =>
    Promise.resolve({ kind: 'failed', rows: 0, problem: { code, ...more } });
const pauses = () => told.filter(({ at }) => at === 'pause');

describe('reading a backfill to its end', () => {
  it('reads window after window, tells of each, and says what it came to', async () => {
    place.source().script.push(answer(reading(message('a')), reading(message('b'))), answer(reading(message('c'))));
    const end = await readJob(await begin());
    expect(end).toMatchObject({
      kind: 'over',
      job: { state: 'done', percent: 100, windows: 5, rows: 3 },
      read: { name, windows: 5, read: 3, new: 3 },
    });
    expect(told.map((each) => (each.at === 'window' ? each.job.windows : 0))).toEqual([1, 2, 3, 4, 5]);
    expect(place.clock.at).toBe(start);
    expect(place.log.events.at(-1)).toEqual({
      event: 'backfill_finished',
      backfillId: end.job.id,
      source: name,
      state: 'done',
      windows: 5,
      rows: 3,
    });
  });

  it('waits where the budget is used up, and tells until when', async () => {
    place.source().script.push(answer(), failing('budget-exhausted', { retryAfterMs: 20 * minuteMs }));
    expect(await readJob(await begin())).toMatchObject({ kind: 'over', job: { state: 'done' } });
    expect(pauses()).toMatchObject([{ source: name, until: start + 20 * minuteMs }]);
    expect(place.clock.at).toBe(start + 20 * minuteMs);
  });

  it('waits as long as the vendor asks for', async () => {
    place.source().script.push(failing('source-throttled', { retryAfterMs: hourMs, httpStatus: 429 }));
    expect(await readJob(await begin())).toMatchObject({ kind: 'over' });
    expect(pauses()).toMatchObject([{ until: start + hourMs, problem: { code: 'source-throttled' } }]);
  });

  it('goes on after a vendor that is away for a while, and gives up one that stays away', async () => {
    const id = await begin();
    place.source().script.push(failing('source-unreachable'), failing('source-unreachable'));
    expect(await readJob(id)).toMatchObject({ kind: 'over', job: { state: 'done' } });
    await place.sleep(dayMs);
    place.source().script.push(...Array.from({ length: 50 }, () => failing('source-unreachable')));
    const asked = place.source().asked.length;
    const end = await readJob(await begin());
    expect(end).toMatchObject({
      kind: 'broken-off',
      job: { state: 'running' },
      problem: { code: 'source-unreachable' },
    });
    expect(place.source().asked.length - asked).toBe(10);
  });

  it('gives up at once when the login is refused, and goes on where it was when asked again', async () => {
    place.source().script.push(answer(reading(message('a'))), failing('source-unauthorized', { httpStatus: 401 }));
    const id = await begin();
    const end = await readJob(id);
    expect(end).toMatchObject({
      kind: 'broken-off',
      job: { state: 'running', windows: 1 },
      problem: { code: 'source-unauthorized' },
      read: { new: 1, problems: { 'source-unauthorized': 1 } },
    });
    expect(place.source().asked).toHaveLength(2);
    expect(await begin()).toBe(id);
  });

  it('ends where the vendor keeps nothing older', async () => {
    const refusing: ReturnType<typeof answer> = (take, signal) => {
      const from = place.source().asked.at(-1)?.from ?? 0;
      return from < start - 16 * dayMs ? failing('source-refused')() : answer()(take, signal);
    };
    place.source().script.push(...Array.from({ length: 100 }, () => refusing));
    const end = await readJob(await begin());
    expect(end).toMatchObject({ kind: 'over', job: { state: 'retention' } });
    expect(place.log.events).toContainEqual(
      expect.objectContaining({ event: 'backfill_finished', state: 'retention' }),
    );
  });

  it('is not over because the vendor refuses everything, nor by a slip', async () => {
    place.source().script.push(answer(), ...Array.from({ length: 100 }, () => failing('source-refused')));
    const id = await begin();
    expect(await readJob(id)).toMatchObject({ kind: 'broken-off', job: { state: 'running', windows: 1 } });
    // Refused, the newest minute is not, and neither is the window when it is asked for once more.
    place.source().script.splice(0, Infinity, failing('source-refused'));
    expect(await readJob(id)).toMatchObject({ kind: 'over', job: { state: 'done' } });
    expect((await place.ledger.coverage.state(name)).pieces).toEqual([]);
  });

  it('stops when it is told to, and tells of a job that somebody else stopped', async () => {
    const id = await begin();
    place.source().script.push(() => {
      stopping.abort();
      return Promise.resolve({ kind: 'complete', rows: 0, bytes: 2 });
    });
    expect(await readJob(id)).toMatchObject({ kind: 'broken-off', job: { windows: 1 } });
    stopping = new AbortController();
    place.source().script.push(async () => {
      await place.jobs.move(id, 'stopped', by);
      return { kind: 'complete', rows: 0, bytes: 2 };
    });
    expect(await readJob(id)).toMatchObject({ kind: 'over', job: { state: 'stopped', windows: 2 } });
  });

  it('reads jobs that began before it first', async () => {
    const earlier = await place.jobs.begin(
      { range: { from: start - 9 * dayMs, to: start - 8 * dayMs }, order: 'oldest-first', resend: false },
      by,
    );
    await place.sleep(minuteMs);
    const id = await begin();
    expect(await readJob(id)).toMatchObject({ kind: 'over', job: { windows: 5 } });
    const { items } = await place.jobs.list({ limit: 10 });
    expect(items.map(({ state }) => state)).toEqual(['done', 'done']);
    expect(earlier.kind).toBe('begun');
  });
});
