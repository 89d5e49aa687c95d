import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProblemCode } from '../../src/exchange/problem.ts';
import type { Tier } from '../../src/exchange/tier.ts';
import { dayMs, grainMs, hourMs, minuteMs, type TimeWindow } from '../../src/exchange/window.ts';
import type { BackfillJob, CoverageState, OpenPiece } from '../../src/ledger/ledger.ts';
import type { ReadOutcome } from '../../src/sources/source.ts';
import { readVerdict } from '../../src/sync/read-verdict.ts';
import { settledEnd, type Piece } from '../../src/sync/window-plan.ts';
import { at, complete, fresh, limits, moved, runOnce, swept, type RunOptions } from './reading.ts';

const now = at('2026-04-20T12:00:00Z');
const end = now - 2 * minuteMs;
const quiet: CoverageState = { ...fresh, frontier: now - 30 * minuteMs, tiers: swept(now) };
const failed = (code: ProblemCode): ReadOutcome => ({ kind: 'failed', problem: { code }, rows: 0 });
const width = ({ from, to }: TimeWindow): number => to - from;

/** The state after so many runs, five minutes apart. */
function after(runs: number, state: CoverageState, options: RunOptions = {}): CoverageState {
  let current = state;
  for (let run = 0; run < runs; run += 1) {
    current = runOnce(current, now + run * 5 * minuteMs, options).state;
  }
  return current;
}

const always = (code: ProblemCode) => ({ answer: () => failed(code) });

/** Everything of the range is read or an open piece, and nothing twice. */
function expectWhole(pieces: CoverageState['pieces'], range: TimeWindow): void {
  const windows = pieces.map(({ window }) => window).toSorted((a, b) => a.from - b.from);
  expect(windows[0]?.from).toBe(range.from);
  expect(windows.at(-1)?.to).toBe(range.to);
  for (const [index, { from }] of windows.entries()) if (index > 0) expect(from).toBe(windows[index - 1]?.to);
}

describe('an answer that is complete', () => {
  it('moves the frontier to the end of its window', () => {
    expect(after(1, quiet).frontier).toBe(end);
  });

  it("holds the frontier back to the vendor's present, and never moves it back", () => {
    const behind = (vendorNow: number) => after(1, quiet, { answer: () => complete(1, vendorNow) }).frontier;
    expect(behind(now - 10 * minuteMs)).toBe(now - 12 * minuteMs);
    expect(behind(now - 3 * hourMs)).toBe(quiet.frontier);
  });

  it('empty, where the ledger knows ten messages, is believed the third time in a row', () => {
    const options = { answer: () => complete(0), known: 10 };
    const twice = after(2, quiet, options);
    expect(twice.frontier).toBe(quiet.frontier);
    expect(twice.tiers.tail?.empty).toBe(2);
    const third = runOnce(twice, now + 10 * minuteMs, options);
    expect(third.steps[0]?.verdict).toMatchObject({ kind: 'covered', alarm: 'source-empty-answer' });
    expect(third.state.frontier).toBeGreaterThan(end);
    expect(third.state.tiers.tail?.empty).toBe(0);
  });

  it('empty, where the ledger knows fewer, is believed at once', () => {
    expect(after(1, quiet, { answer: () => complete(0), known: 9 }).frontier).toBe(end);
  });

  it('that is not empty ends the count of empty ones', () => {
    const once = after(1, quiet, { answer: () => complete(0), known: 10 });
    expect(after(1, once).tiers.tail).toMatchObject({ empty: 0 });
  });
});

describe('an answer that the vendor has cut off', () => {
  it('at the cap that is known counts as nothing, and its window is read in halves', () => {
    const by = { ...limits, rowCap: 100 };
    const { steps, state } = runOnce(quiet, now, {
      limits: by,
      answer: ({ window }) => complete(width(window) > 10 * minuteMs ? 100 : 50),
    });
    expect(steps[0]?.verdict).toMatchObject({ kind: 'again', code: 'source-capped' });
    expect(state.frontier).toBe(end);
    expect(state.pieces.every(({ state: each }) => each === 'queued')).toBe(true);
    expect(after(8, state, { limits: by, answer: () => complete(50) }).pieces).toEqual([]);
  });
});

describe('a window that fails', () => {
  it('is read again as it is, and cut in halves when it times out once more', () => {
    const once = after(1, quiet, always('source-timeout'));
    expect(once).toMatchObject({ frontier: quiet.frontier, pieces: [], tiers: { tail: { failures: 1 } } });
    const twice = runOnce(once, now + 5 * minuteMs, always('source-timeout')).state;
    expectWhole(twice.pieces, { from: quiet.frontier ?? 0, to: twice.frontier ?? 0 });
    expect(twice.pieces.length).toBeGreaterThanOrEqual(2);
  });

  it('is cut at once when it is too large, and the halves are read in the same run', () => {
    const { steps, state } = runOnce(quiet, now, {
      answer: ({ window }) => (width(window) > 15 * minuteMs ? failed('source-too-large') : complete()),
    });
    expect(steps.length).toBeGreaterThan(2);
    expect(state.pieces).toEqual([]);
    expect(state.frontier).toBe(end);
    expect(state.size.widestMs).toBeLessThan(hourMs);
  });

  it('that is one bad minute in a quiet hour keeps the next windows no smaller than an hour', () => {
    const poison = now - 20 * minuteMs;
    const answer = ({ window }: Piece): ReadOutcome =>
      window.from <= poison && poison < window.to ? failed('source-too-large') : complete();
    const { state } = runOnce({ ...quiet, frontier: now - 10 * hourMs }, now, { answer });
    expect(state.pieces).toMatchObject([{ state: 'stuck', window: { from: poison } }]);
    expect(state.size.widestMs).toBeGreaterThanOrEqual(hourMs);
  });

  it('is asked for wider again after it went well', () => {
    const small: CoverageState = { ...quiet, size: { widestMs: 10 * minuteMs } };
    const sizes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((runs) => after(runs, small).size.widestMs ?? Infinity);
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
    expect(sizes.at(-1)).toBeGreaterThan(hourMs);
  });

  it('is stuck where it is one minute, holds only itself back, and is tried again ever more seldom', () => {
    const poison = now - 20 * minuteMs;
    const answer = ({ window }: Piece): ReadOutcome =>
      window.from <= poison && poison < window.to ? failed('source-incomplete-answer') : complete();
    const state = after(20, quiet, { answer });
    const ofTail = state.pieces.filter(({ tier }) => tier === 'tail');
    expect(ofTail).toMatchObject([
      { window: { from: poison, to: poison + grainMs }, state: 'stuck', code: 'source-incomplete-answer' },
    ]);
    expect(state.frontier).toBe(end + 19 * 5 * minuteMs);
    const [piece] = ofTail;
    const later = now + 100 * 5 * minuteMs;
    const again = runOnce(state, later, { answer }).state.pieces.find(({ id }) => id === piece?.id);
    expect(again?.failures).toBe((piece?.failures ?? 0) + 1);
    expect((again?.dueAt ?? 0) - later).toBeGreaterThan(5 * minuteMs);
    expect(runOnce(state, later).state.pieces).toEqual([]);
  });

  it('never makes new what has been read before', () => {
    const state = after(3, { ...quiet, frontier: end }, always('source-too-large'));
    for (const { window } of state.pieces) expect(window.from).toBeGreaterThanOrEqual(end);
  });

  it.each([
    'source-unreachable',
    'source-tls-error',
    'source-unauthorized',
    'source-throttled',
    'source-redirect',
    'budget-exhausted',
  ] as const)('by the trouble of the whole source moves nothing: %s', (code) => {
    const { steps, state } = runOnce(quiet, now, always(code));
    expect(steps).toHaveLength(1);
    expect(steps[0]?.verdict).toEqual({ kind: 'source', code });
    expect(state).toBe(quiet);
  });

  it.each(['source-refused', 'source-server-error', 'source-unexpected-answer'] as const)(
    'by %s is the source’s trouble unless it answers others',
    (code) => {
      expect(runOnce(quiet, now, always(code)).steps.at(-1)?.verdict.kind).toBe('source');
      const swept61 = { ...quiet, tiers: swept(now - 61 * minuteMs) };
      const answer = ({ tier }: Piece): ReadOutcome => (tier === 'warm' ? failed(code) : complete());
      const { steps } = runOnce(swept61, now, { answer });
      expect(steps.at(-1)?.verdict.kind).toBe('again');
    },
  );

  it('of a sweep is left to its halves, and the sweep goes on behind it', () => {
    const bad = now - 12 * hourMs;
    const answer = ({ window }: Piece): ReadOutcome =>
      window.from <= bad && bad < window.to && width(window) > hourMs ? failed('source-too-large') : complete();
    const state = after(3, { ...quiet, tiers: swept(now - 61 * minuteMs) }, { answer });
    expect(state.pieces).toEqual([]);
    expect(state.tiers.warm?.doneAt).toBe(now);
  });

  it('is cut around the minute that another tier has found stuck meanwhile, and not once more down to it', () => {
    const from = now - 3 * hourMs;
    const bad = { from: from + 20 * minuteMs, to: from + 21 * minuteMs };
    const stuck: OpenPiece = {
      id: 1,
      tier: 'warm',
      window: bad,
      state: 'stuck',
      failures: 1,
      code: 'source-too-large',
      dueAt: now + hourMs,
    };
    const open: OpenPiece = {
      ...stuck,
      id: 2,
      tier: 'cold',
      window: { from, to: from + hourMs },
      state: 'queued',
      dueAt: now,
    };
    const state = { ...quiet, pieces: [stuck, open] };
    const holdsBad = ({ from: a, to: b }: TimeWindow) => a < bad.to && b > bad.from;
    const answer = ({ window }: Piece) => (holdsBad(window) ? failed('source-too-large') : complete());
    const { steps, state: left } = runOnce(state, now, { answer });
    expect(steps.filter(({ piece }) => holdsBad(piece.window)).map(({ piece }) => piece.window)).toEqual([open.window]);
    expect(left.pieces).toEqual([stuck]);
    // One that lies in it altogether is given to it.
    const inside = { ...open, window: bad };
    expect(runOnce({ ...quiet, pieces: [stuck, inside] }, now, { answer }).state.pieces).toEqual([stuck]);
  });

  it('is done with once a wider window over it was read completely, stuck or not', () => {
    const open = (id: number, from: number, facts: Partial<OpenPiece> = {}): OpenPiece => ({
      id,
      tier: 'tail',
      window: { from, to: from + hourMs },
      state: 'stuck',
      failures: 3,
      code: 'source-timeout',
      dueAt: Infinity,
      ...facts,
    });
    const pieces = [
      open(1, now - 5 * hourMs),
      open(2, now - 8 * hourMs, { tier: 'backfill', backfill: 'ended' }),
      open(3, now - 9 * hourMs, { tier: 'backfill', backfill: 'going on', state: 'queued' }),
      open(4, now - 30 * hourMs),
    ];
    const window = { from: now - 10 * hourMs, to: now - hourMs };
    const facts = {
      limits,
      progress: { end, tail: 'done', resting: new Set<Tier>(), tried: new Set<number>(), backfills: false },
    } as const;
    const verdict = readVerdict({ tier: 'warm', window, sweepTo: window.to }, complete(), {
      ...facts,
      state: { ...quiet, pieces },
      now,
      known: 0,
      answersOthers: true,
    });
    expect(verdict).toMatchObject({ kind: 'covered', moves: { closes: [1, 2] } });
  });

  it('read before the vendor’s clock has come so far stays open', () => {
    const window = { from: now - 10 * minuteMs, to: now - 3 * minuteMs };
    const piece = {
      id: 1,
      tier: 'tail',
      window,
      state: 'queued',
      failures: 0,
      code: 'source-timeout',
      dueAt: 0,
    } as const;
    const state = { ...quiet, frontier: end, pieces: [piece] };
    const slow = runOnce(state, now, { answer: () => complete(1, now - 5 * minuteMs) }).state;
    expect(slow.pieces).toMatchObject([{ id: 1, window, state: 'queued' }]);
    expect(after(1, slow, { answer: () => complete(1, now) }).pieces.length).toBeLessThanOrEqual(1);
  });
});

describe('a backfill that the vendor refuses', () => {
  const job: BackfillJob = {
    id: 'job',
    source: 'main-clinic',
    range: { from: at('2024-01-01T00:00:00Z'), to: at('2026-02-01T00:00:00Z') },
    order: 'newest-first',
    resend: false,
    state: 'running',
    position: at('2026-02-01T00:00:00Z'),
    windows: 0,
    rows: 0,
    startedAt: now,
  };
  const retention = at('2025-12-25T10:30:00Z');
  const answer = ({ window }: Piece): ReadOutcome => (window.from < retention ? failed('source-refused') : complete());

  it.each([
    ['newest-first', job.range.to],
    ['oldest-first', job.range.from],
  ] as const)('has read everything to the day of the retention, %s, and ends there by name', (order, position) => {
    let state: CoverageState = { ...quiet, backfill: { ...job, order, position } };
    let last: number = job.position;
    for (let turn = 0; turn < 200 && state.backfill !== undefined; turn += 1) {
      last = state.backfill.position;
      state = runOnce(state, now, { answer, answersOthers: true, progress: { tail: 'done', backfills: true } }).state;
    }
    expect(state.backfill).toBeUndefined();
    expect(last - retention).toBeLessThanOrEqual(dayMs);
    expect(state.pieces).toEqual([]);
  });
});

describe('a piece that a backfill left open', () => {
  it('and the vendor refuses is cut down to a day and stuck, while the job goes on', () => {
    const range = { from: at('2026-01-01T00:00:00Z'), to: at('2026-02-01T00:00:00Z') };
    const bad = { from: at('2026-01-20T00:00:00Z'), to: at('2026-01-23T00:00:00Z') };
    const job: BackfillJob = {
      id: 'job',
      source: 'main-clinic',
      range,
      order: 'newest-first',
      resend: false,
      state: 'running',
      position: bad.from,
      windows: 0,
      rows: 0,
      startedAt: now,
    };
    const open: OpenPiece = {
      id: 1,
      tier: 'backfill',
      window: bad,
      state: 'queued',
      failures: 0,
      code: 'source-timeout',
      dueAt: now,
      backfill: 'job',
    };
    const answer = ({ window }: Piece): ReadOutcome =>
      window.from < bad.to && bad.from < window.to ? failed('source-refused') : complete();
    let state: CoverageState = { ...quiet, backfill: job, pieces: [open] };
    for (let turn = 0; turn < 50; turn += 1) {
      state = runOnce(state, now, { answer, answersOthers: true, progress: { tail: 'done', backfills: true } }).state;
    }
    expect(state.backfill).toBeUndefined();
    expect(state.pieces.length).toBeGreaterThanOrEqual(3);
    expect(state.pieces.every((piece) => piece.state === 'stuck' && width(piece.window) <= dayMs)).toBe(true);
    expectWhole(state.pieces, bad);
  });
});

describe('whatever the answers are', () => {
  const code = fc.constantFrom<ProblemCode>(
    'source-timeout',
    'source-too-large',
    'source-incomplete-answer',
    'source-server-error',
    'source-refused',
    'source-unexpected-answer',
    'source-unreachable',
  );
  const outcomes = fc.array(
    fc.oneof(
      { weight: 2, arbitrary: fc.nat(200).map((rows) => complete(rows)) },
      { weight: 1, arbitrary: code.map(failed) },
      { weight: 1, arbitrary: fc.nat(30).map((minutes) => complete(3, now - minutes * minuteMs)) },
    ),
    { minLength: 1, maxLength: 30 },
  );

  it('what lies between start and frontier was read completely, or is an open piece of the tail', () => {
    fc.assert(
      fc.property(outcomes, fc.nat(20), (answers, days) => {
        let state: CoverageState = { ...fresh, start: now - days * dayMs };
        const read: TimeWindow[] = [];
        const presents = new Map<Piece, number>();
        for (let run = 0; run < 12; run += 1) {
          let count = 0;
          const before = state.frontier ?? state.start ?? 0;
          const result = runOnce(state, now + run * 5 * minuteMs, {
            answer: (piece) => {
              const { window } = piece;
              const outcome = answers[(run * 7 + count) % answers.length] ?? complete();
              count += 1;
              const vendorNow = outcome.kind === 'complete' ? outcome.vendorNow : undefined;
              if (vendorNow !== undefined) presents.set(piece, settledEnd(vendorNow, limits));
              return outcome.kind === 'complete'
                ? { ...outcome, rows: Math.min(outcome.rows, width(window)) }
                : outcome;
            },
          });
          for (const { piece, verdict } of result.steps) {
            // Whichever tier a window was read for, it was read: as far as the vendor's clock had come.
            if (verdict.kind === 'covered')
              read.push({ ...piece.window, to: Math.min(piece.window.to, presents.get(piece) ?? Infinity) });
          }
          state = result.state;
          expect(state.frontier ?? before).toBeGreaterThanOrEqual(before);
        }
        const covered = [...read, ...state.pieces.filter(({ tier }) => tier === 'tail').map(({ window }) => window)];
        let reached = state.start ?? 0;
        for (const { from, to } of covered.toSorted((a, b) => a.from - b.from)) {
          if (from <= reached) reached = Math.max(reached, to);
        }
        expect(reached).toBeGreaterThanOrEqual(state.frontier ?? 0);
      }),
    );
  });
});

it('a state that moved is a state', () => {
  expect(moved(quiet, {})).toEqual(quiet);
});
