import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dayMs, minuteMs } from '../../src/exchange/window.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { makeBackfillJobs, pastRange, type BackfillJobs, type BackfillRequest } from '../../src/sync/backfill-jobs.ts';
import { keptAudit } from '../support/scripted.ts';
import { limits } from './reading.ts';

const now = Date.parse('2026-03-10T12:00:30Z');
const range = { from: now - 30 * dayMs, to: now - dayMs };
const by = { user: 'otto', requestId: 'request-1' };
let folder: string;
let ledger: Ledger;
let log: ReturnType<typeof keptAudit>;
let woken: number;
let ids: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'backfill-jobs-'));
  ledger = await openLedger({ url: `sqlite:${join(folder, 'ledger.db')}`, access: 'owner', now: () => now });
  log = keptAudit();
  woken = 0;
  ids = 0;
});

afterEach(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true, force: true });
});

const jobsOf = (...names: readonly string[]): BackfillJobs =>
  makeBackfillJobs({
    ledger,
    sources: names.map((name) => ({ name, limits })),
    audit: log.audit,
    now: () => now,
    newId: () => `job-${(ids += 1)}`,
    wake: () => void (woken += 1),
  });

const request = (changes: Partial<BackfillRequest> = {}): BackfillRequest => ({
  range,
  order: 'newest-first',
  resend: false,
  ...changes,
});

async function begun(jobs: BackfillJobs, changes: Partial<BackfillRequest> = {}) {
  const answer = await jobs.begin(request(changes), by);
  if (answer.kind !== 'begun') throw new Error(`not begun: ${answer.kind}`);
  return answer.job;
}

describe('beginning a backfill', () => {
  it('makes a job of whole minutes, wakes who reads it, and writes down who asked', async () => {
    const job = await begun(jobsOf('main-clinic'));
    expect(job).toEqual({
      id: 'job-1',
      source: 'main-clinic',
      from: '2026-02-08T12:00:00Z',
      to: '2026-03-09T12:01:00Z',
      order: 'newest-first',
      resend: false,
      state: 'running',
      position: '2026-03-09T12:01:00Z',
      percent: 0,
      windows: 0,
      rows: 0,
      queued: 0,
      stuck: 0,
      startedAt: '2026-03-10T12:00:30Z',
      finishedAt: null,
      forecast: { windows: 5, requests: 5, hours: 0.1 },
    });
    expect(woken).toBe(1);
    expect(log.events).toEqual([
      {
        event: 'backfill_begun',
        backfillId: 'job-1',
        source: 'main-clinic',
        from: '2026-02-08T12:00:00Z',
        to: '2026-03-09T12:01:00Z',
        order: 'newest-first',
        resend: false,
        user: 'otto',
        requestId: 'request-1',
      },
    ]);
  });

  it('gives the job that is there when the same is asked once more', async () => {
    const jobs = jobsOf('main-clinic');
    const first = await begun(jobs);
    expect(await jobs.begin(request(), by)).toEqual({ kind: 'there', job: first });
    expect(log.events).toHaveLength(1);
    await jobs.move(first.id, 'stopped', by);
    expect((await begun(jobs)).id).not.toBe(first.id);
  });

  it('wants to know of which source, where there are several', async () => {
    const jobs = jobsOf('main-clinic', 'north');
    const known = ['main-clinic', 'north'];
    expect(await jobs.begin(request(), by)).toEqual({ kind: 'unknown-source', known });
    expect(await jobs.begin(request({ source: 'south' }), by)).toEqual({ kind: 'unknown-source', known });
    expect((await begun(jobs, { source: 'north' })).source).toBe('north');
  });

  it.each([
    ['that is empty', { from: now - dayMs, to: now - dayMs }, 'empty'],
    ['that ends before it begins', { from: now - dayMs, to: now - 2 * dayMs }, 'empty'],
    ['that ends tomorrow', { from: now - dayMs, to: now + dayMs }, 'future'],
    ['that begins tomorrow', { from: now + dayMs, to: now + 2 * dayMs }, 'future'],
  ] as const)('refuses a range %s', async (_, wrong, why) => {
    expect(await jobsOf('main-clinic').begin(request({ range: wrong }), by)).toEqual({ kind: 'not-past', why });
    expect(log.events).toEqual([]);
  });

  it('takes a range that ends with the minute that is', () => {
    const minute = now - 30_000;
    expect(pastRange({ from: minute, to: now }, now)).toEqual({ from: minute, to: minute + minuteMs });
    expect(pastRange({ from: minute, to: minute + minuteMs }, now)).toEqual({ from: minute, to: minute + minuteMs });
    expect(pastRange({ from: minute, to: minute + minuteMs + 1 }, now)).toBe('future');
  });
});

describe('a backfill that was begun', () => {
  it('is shown with its progress, its parts, and what is left by the budget that was learned', async () => {
    const jobs = jobsOf('main-clinic');
    const { id } = await begun(jobs, { order: 'oldest-first' });
    const read = { source: 'main-clinic', window: range, readAt: now, rows: 12 };
    const piece = { tier: 'backfill', failures: 0, code: 'source-too-large', dueAt: 0, backfill: id } as const;
    await ledger.coverage.cover(read, {
      backfill: { id, position: range.from + 7 * dayMs, windows: 1, rows: 12, state: 'running' },
      opens: [
        { ...piece, window: { from: 0, to: minuteMs }, state: 'queued' },
        { ...piece, window: { from: minuteMs, to: 2 * minuteMs }, state: 'stuck' },
      ],
    });
    await ledger.budget.throttled('main-clinic', 240, now);
    const shown = { windows: 1, rows: 12, percent: 24, queued: 1, stuck: 1 };
    expect(await jobs.get(id)).toMatchObject({ ...shown, forecast: { windows: 4, requests: 6, hours: 6 } });
    expect((await jobs.list({ limit: 10 })).items).toMatchObject([shown]);
    expect(await jobs.get('job-9')).toBeUndefined();
  });

  it('is shown without a forecast when its source is configured no more', async () => {
    const { id } = await begun(jobsOf('main-clinic'));
    expect(await jobsOf('north').get(id)).toMatchObject({ state: 'running', forecast: null });
  });

  it('is paused, resumed and stopped; who did it is written down, once', async () => {
    const jobs = jobsOf('main-clinic');
    const { id } = await begun(jobs);
    for (const to of ['paused', 'paused', 'running', 'stopped'] as const) {
      expect(await jobs.move(id, to, by)).toMatchObject({ kind: 'moved', job: { state: to } });
    }
    const moved = log.events.filter(({ event }) => event === 'backfill_moved');
    expect(moved).toMatchObject([{ state: 'paused' }, { state: 'running' }, { state: 'stopped', user: 'otto' }]);
    expect(moved[0]).toMatchObject({ backfillId: id, source: 'main-clinic', requestId: 'request-1' });
  });

  it('is not moved once it is over, and not where there is none', async () => {
    const jobs = jobsOf('main-clinic');
    const { id } = await begun(jobs);
    await jobs.move(id, 'stopped', by);
    const over = await jobs.move(id, 'running', by);
    expect(over).toMatchObject({ kind: 'over', job: { state: 'stopped', forecast: null } });
    expect(await jobs.move('job-9', 'paused', by)).toEqual({ kind: 'not-there' });
    expect(log.events).toHaveLength(2);
  });
});
