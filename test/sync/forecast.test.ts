import { describe, expect, it } from 'vitest';
import { dayMs, hourMs, minuteMs } from '../../src/exchange/window.ts';
import type { BackfillJob, CoverageState, OpenPiece } from '../../src/ledger/ledger.ts';
import { forecastOf, percentOf } from '../../src/sync/forecast.ts';
import { at, fresh, limits } from './reading.ts';

const now = at('2026-06-01T12:00:00Z');
const week = 7 * dayMs - 2 * minuteMs;
const range = { from: at('2025-03-01T00:00:00Z'), to: at('2026-03-01T00:00:00Z') };
const job: BackfillJob = {
  id: 'job-1',
  source: 'main-clinic',
  range,
  order: 'newest-first',
  resend: false,
  state: 'running',
  position: range.to,
  windows: 0,
  rows: 0,
  startedAt: now,
};
const piece = (id: number, changes: Partial<OpenPiece> = {}): OpenPiece => ({
  id,
  tier: 'backfill',
  window: { from: 0, to: hourMs },
  state: 'queued',
  failures: 0,
  code: 'source-too-large',
  dueAt: 0,
  backfill: job.id,
  ...changes,
});
const forecast = (changes: Partial<BackfillJob>, state: CoverageState = fresh, perHour = 240) =>
  forecastOf({ ...job, ...changes }, state, limits, perHour, now);

describe('the forecast of a backfill', () => {
  it('of a year is 53 windows, at seven twelfths of the requests of an hour', () => {
    expect(forecast({})).toEqual({ windows: 53, requests: 53, hours: 0.4 });
  });

  it('counts what is left, from whichever end it is read', () => {
    const middle = range.from + 10 * week;
    expect(forecast({ position: middle })).toMatchObject({ windows: 10 });
    expect(forecast({ order: 'oldest-first', position: middle })).toMatchObject({ windows: 43 });
    expect(forecast({ position: range.from })).toEqual({ windows: 0, requests: 0, hours: 0 });
  });

  it('goes by the width of windows in use', () => {
    const narrow: CoverageState = { ...fresh, size: { widestMs: dayMs } };
    expect(forecast({}, narrow)).toEqual({ windows: 365, requests: 365, hours: 2.7 });
  });

  it('adds the parts that are still to be read, and no other job’s', () => {
    const pieces = [piece(1), piece(2, { state: 'stuck' }), piece(3, { backfill: 'job-2' })];
    expect(forecast({ position: range.from }, { ...fresh, pieces })).toEqual({ windows: 0, requests: 2, hours: 0.1 });
  });

  it('goes by the requests that the vendor was found to allow', () => {
    expect(forecast({}, fresh, 24)).toMatchObject({ hours: 3.8 });
    expect(forecast({}, fresh, 1)).toMatchObject({ hours: 53 });
  });

  it('does not count what is not settled yet', () => {
    const to = now + hourMs;
    const changes = { range: { from: now - hourMs, to }, order: 'oldest-first', position: now - 2 * minuteMs } as const;
    expect(forecast(changes)).toMatchObject({ windows: 0 });
  });
});

describe('how far a backfill has come', () => {
  const percent = (changes: Partial<BackfillJob>) => percentOf({ ...job, ...changes }, now);

  it('is told in whole hundredths of its range, rounded down', () => {
    const third = range.from + (range.to - range.from) / 3;
    expect([percent({}), percent({ position: third }), percent({ order: 'oldest-first', position: third })]).toEqual([
      0, 66, 33,
    ]);
  });

  it('is a hundred only when it is done: parts may be left when the last window was asked for', () => {
    expect(percent({ position: range.from })).toBe(99);
    expect(percent({ position: range.from, state: 'done' })).toBe(100);
    expect(percent({ position: range.from + week, state: 'retention' })).toBe(98);
  });
});
