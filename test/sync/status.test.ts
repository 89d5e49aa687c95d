import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dayMs, hourMs, minuteMs } from '../../src/exchange/window.ts';
import type { Ledger, NewPiece } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { statusReport, type LiveParts, type StatusParts } from '../../src/sync/status.ts';
import { message, reading } from '../support/scripted.ts';
import { limits } from './reading.ts';

const at = Date.parse('2026-03-10T12:00:00Z');
let folder: string;
let ledger: Ledger;
let parts: StatusParts;

const never = { doneUntil: null, doneAt: null };

const idle = { pausedUntil: undefined, problem: undefined, probing: false, concurrency: { now: 1, most: 2 } };

const quiet: LiveParts = {
  startedAt: at - minuteMs,
  runningId: () => undefined,
  pauseOf: () => undefined,
  nextRun: () => at + minuteMs,
  clockOffset: () => undefined,
  delivery: () => ({ ...idle, check: undefined, mappings: undefined }),
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'status-'));
  ledger = await openLedger({ url: `sqlite:${join(folder, 'ledger.db')}`, access: 'owner', now: () => at });
  parts = {
    version: '0.0.0',
    ledger,
    now: () => at,
    sources: [{ name: 'main-clinic', limits }],
    destination: 'fhir-server',
  };
});

afterEach(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the status', () => {
  it('says of an empty ledger that nothing was read', async () => {
    const { sources, destinations } = await statusReport({ ...parts, live: quiet });
    expect(sources).toEqual([
      {
        name: 'main-clinic',
        state: 'idle',
        coveredUntil: null,
        lagSeconds: null,
        unread: { queued: 0, stuck: 0, stuckRanges: [] },
        sweeps: { open: never, warm: never, cold: never, deep: never },
        backfills: [],
        lastRun: null,
        nextRunAt: '2026-03-10T12:01:00Z',
        budget: { requestsPerHour: 240, learned: 240, usedLastHour: 0 },
        clockOffsetSeconds: null,
        code: null,
        problem: null,
      },
    ]);
    expect(destinations).toMatchObject([
      { state: 'unchecked', pending: 0, delivered: 0, oldestPendingSeconds: null, oldestWaitingSeconds: null },
    ]);
  });

  it('says how far was read, how far that lies back, and what the hour has cost', async () => {
    const window = { from: at - 60 * minuteMs, to: at - 3 * minuteMs };
    await ledger.budget.spend('main-clinic', 240, at - minuteMs);
    await ledger.coverage.cover({ source: 'main-clinic', window, readAt: at, rows: 1 }, { frontier: window.to });
    const { sources } = await statusReport({ ...parts, live: quiet });
    expect(sources).toMatchObject([
      { coveredUntil: '2026-03-10T11:57:00Z', lagSeconds: 180, budget: { usedLastHour: 1 } },
    ]);
  });

  it('says that nothing was read behind what is still to be read of the tail, and names what is stuck', async () => {
    const read = { source: 'main-clinic', window: { from: 0, to: at }, readAt: at, rows: 1 };
    const minutesAgo = (minutes: number): NewPiece => ({
      tier: 'tail',
      window: { from: at - minutes * minuteMs, to: at - (minutes - 1) * minuteMs },
      state: 'stuck',
      failures: 3,
      code: 'source-server-error',
      dueAt: at,
    });
    await ledger.coverage.cover(read, {
      frontier: at - 2 * minuteMs,
      opens: [
        { ...minutesAgo(9), state: 'queued' },
        ...[30, 29, 28, 20, 10].map(minutesAgo),
        { ...minutesAgo(19), code: 'source-timeout' },
        { ...minutesAgo(40), tier: 'deep' },
        { ...minutesAgo(39), tier: 'deep' },
      ],
    });
    const [source] = (await statusReport({ ...parts, live: quiet })).sources;
    expect(source).toMatchObject({ coveredUntil: '2026-03-10T11:30:00Z', lagSeconds: 30 * 60 });
    expect(source?.unread).toEqual({
      queued: 1,
      stuck: 8,
      stuckRanges: [
        { from: '2026-03-10T11:20:00Z', to: '2026-03-10T11:22:00Z', tier: 'deep', code: 'source-server-error' },
        { from: '2026-03-10T11:30:00Z', to: '2026-03-10T11:33:00Z', tier: 'tail', code: 'source-server-error' },
        { from: '2026-03-10T11:40:00Z', to: '2026-03-10T11:41:00Z', tier: 'tail', code: 'source-server-error' },
        { from: '2026-03-10T11:41:00Z', to: '2026-03-10T11:42:00Z', tier: 'tail', code: 'source-timeout' },
        { from: '2026-03-10T11:50:00Z', to: '2026-03-10T11:51:00Z', tier: 'tail', code: 'source-server-error' },
      ],
    });
    await ledger.coverage.acceptGap('main-clinic', { from: 0, to: at }, 'otto', at);
    const [accepted] = (await statusReport({ ...parts, live: quiet })).sources;
    expect(accepted).toMatchObject({ coveredUntil: '2026-03-10T11:51:00Z', unread: { queued: 1, stuck: 0 } });
  });

  it('names no more than twenty stuck ranges, and counts all', async () => {
    const read = { source: 'main-clinic', window: { from: 0, to: at }, readAt: at, rows: 1 };
    const opens = Array.from({ length: 25 }, (_, index): NewPiece => ({
      tier: 'cold',
      window: { from: index * hourMs, to: index * hourMs + minuteMs },
      state: 'stuck',
      failures: 0,
      code: 'source-timeout',
      dueAt: at,
    }));
    await ledger.coverage.cover(read, { opens });
    const [source] = (await statusReport({ ...parts, live: quiet })).sources;
    expect(source?.unread.stuck).toBe(25);
    expect(source?.unread.stuckRanges).toHaveLength(20);
  });

  it('says how far each sweep has come, and when', async () => {
    const read = { source: 'main-clinic', window: { from: 0, to: at }, readAt: at, rows: 1 };
    const warm = { doneEnd: at - 30 * minuteMs, doneAt: at - 28 * minuteMs, failures: 0, empty: 0 };
    await ledger.coverage.cover(read, { tiers: { warm } });
    const [source] = (await statusReport({ ...parts, live: quiet })).sources;
    expect(source?.sweeps).toEqual({
      open: never,
      warm: { doneUntil: '2026-03-10T11:30:00Z', doneAt: '2026-03-10T11:32:00Z' },
      cold: never,
      deep: never,
    });
  });

  it('shows the backfills that are not over, with what is left of them', async () => {
    const job = { source: 'main-clinic', order: 'newest-first', resend: false, startedAt: at } as const;
    await ledger.backfills.begin({ ...job, id: 'job-1', range: { from: 0, to: 14 * dayMs } });
    await ledger.backfills.begin({ ...job, id: 'job-2', range: { from: 0, to: dayMs } });
    await ledger.backfills.begin({ ...job, id: 'job-3', range: { from: 0, to: hourMs } });
    await ledger.backfills.move('job-2', 'paused', at);
    await ledger.backfills.move('job-3', 'stopped', at);
    const [source] = (await statusReport(parts)).sources;
    expect(source?.backfills).toMatchObject([
      { id: 'job-1', state: 'running', percent: 0, forecast: { windows: 3 } },
      { id: 'job-2', state: 'paused', forecast: { windows: 1 } },
    ]);
  });

  it('tells what the vendor was found to allow, and how far its clock is ahead', async () => {
    for (let count = 0; count < 100; count += 1) await ledger.budget.spend('main-clinic', 240, at - minuteMs);
    await ledger.budget.throttled('main-clinic', 240, at);
    const live: LiveParts = { ...quiet, clockOffset: (name) => (name === 'main-clinic' ? -61_400 : undefined) };
    expect((await statusReport({ ...parts, live })).sources).toMatchObject([
      { budget: { requestsPerHour: 240, learned: 80, usedLastHour: 100 }, clockOffsetSeconds: -61 },
    ]);
  });

  it('counts what is pending and says since when the oldest waits', async () => {
    await ledger.messages.record('main-clinic', at - 2 * minuteMs, [reading(message('a')), reading(message('b'))]);
    const { destinations } = await statusReport({ ...parts, live: quiet });
    expect(destinations).toMatchObject([{ pending: 2, oldestPendingSeconds: 120 }]);
  });

  it('tells a source that is stopped from one that pauses, and why', async () => {
    const pausedUntil = (until: number): LiveParts => ({
      ...quiet,
      pauseOf: () => ({
        problem: { code: 'source-unauthorized', httpStatus: 401 },
        failures: 1,
        since: 0,
        until,
        asked: false,
      }),
    });
    const stateAt = async (until: number) =>
      (await statusReport({ ...parts, live: pausedUntil(until) })).sources[0]?.state;
    expect([await stateAt(Infinity), await stateAt(at + 1), await stateAt(at - 1)]).toEqual([
      'stopped',
      'paused',
      'idle',
    ]);
    const { sources } = await statusReport({ ...parts, live: pausedUntil(Infinity) });
    expect(sources[0]?.code).toBe('source-unauthorized');
    expect(sources[0]?.problem).toContain('Check username, password and console');
  });

  it('names the way of writing once the EHR was asked, and why it pauses', async () => {
    const live: LiveParts = {
      ...quiet,
      delivery: () => ({
        ...idle,
        check: { kind: 'ready', write: 'put-by-id', bundle: 'transaction', why: 'it says updateCreate' },
        mappings: { dialect: 'r4-strict', why: 'It refuses SMSWRIT.', bySource: new Map() },
        pausedUntil: at + minuteMs,
        problem: { code: 'ehr-throttled', httpStatus: 429 },
      }),
    };
    const { destinations } = await statusReport({ ...parts, live });
    expect(destinations).toMatchObject([
      {
        state: 'paused',
        write: 'put-by-id',
        bundle: 'transaction',
        why: 'it says updateCreate',
        dialect: 'r4-strict',
        whyDialect: 'It refuses SMSWRIT.',
        code: 'ehr-throttled',
      },
    ]);
  });

  it('tells how many requests the EHR is given at once, and that few messages go first after a pause', async () => {
    const check = { kind: 'ready', write: 'put-by-id', bundle: 'batch', why: 'it says so' } as const;
    const live = { ...quiet, delivery: () => ({ ...idle, check, mappings: undefined, probing: true }) };
    const { destinations } = await statusReport({ ...parts, live });
    expect(destinations).toMatchObject([{ state: 'probing', concurrency: { now: 1, most: 2 } }]);
  });

  it('shows beside a running service only what the ledger knows', async () => {
    const report = await statusReport(parts);
    expect(report).toMatchObject({
      startedAt: null,
      sources: [{ nextRunAt: null }],
      destinations: [{ write: null, concurrency: null }],
    });
  });
});
