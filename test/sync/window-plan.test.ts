import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayMs, grainMs, hourMs, minuteMs } from '../../src/exchange/window.ts';
import type { BackfillJob, CoverageState, OpenPiece } from '../../src/ledger/ledger.ts';
import { asked, cutRange, halves } from '../../src/sync/window-plan.ts';
import { at, fresh, limits, runOnce, show, swept } from './reading.ts';

const coldSpanMs = 7 * dayMs + 3 * minuteMs;

describe('the plan of what to read', () => {
  it('reads everything since the start at the first poll, in windows that the vendor takes, and calls that a sweep', () => {
    const now = at('2026-03-10T12:00:30Z');
    const { steps, state } = runOnce(fresh, now);
    expect(show(steps)).toEqual([
      'tail 2026-03-01T00:00:00Z 2026-03-07T23:58:00Z',
      'tail 2026-03-07T23:58:00Z 2026-03-10T11:58:00Z',
    ]);
    expect(state.frontier).toBe(at('2026-03-10T11:58:00Z'));
    expect(state.tiers).toEqual(swept(at('2026-03-10T11:58:00Z'), now));
  });

  it('reads the last hour again with every poll', () => {
    const frontier = at('2026-03-10T12:00:00Z');
    const state = { ...fresh, frontier, tiers: swept(frontier) };
    expect(show(runOnce(state, at('2026-03-10T12:07:00Z')).steps)).toEqual([
      'tail 2026-03-10T11:00:00Z 2026-03-10T12:05:00Z',
    ]);
  });

  it('reads the hot hour even when no minute has passed since the last poll', () => {
    const frontier = at('2026-03-10T12:00:00Z');
    const state = { ...fresh, frontier, tiers: swept(frontier) };
    expect(show(runOnce(state, frontier).steps)).toEqual(['tail 2026-03-10T11:00:00Z 2026-03-10T12:00:00Z']);
  });

  it('reads the last day again every hour, the last week every six, the last month every day', () => {
    const now = at('2026-04-20T12:00:00Z');
    const tiersAfter = (ms: number): readonly string[] => {
      const state = { ...fresh, frontier: now - 5 * minuteMs, tiers: swept(now - ms) };
      return [...new Set(runOnce(state, now).steps.map(({ piece }) => piece.tier))];
    };
    expect(tiersAfter(30 * minuteMs)).toEqual(['tail']);
    expect(tiersAfter(61 * minuteMs)).toEqual(['tail', 'warm']);
    expect(tiersAfter(361 * minuteMs)).toEqual(['tail', 'warm', 'cold']);
    expect(tiersAfter(25 * hourMs)).toEqual(['tail', 'warm', 'cold', 'deep']);
  });

  it('reads where messages may still change every quarter of an hour, and nothing where none may', () => {
    const now = at('2026-04-20T12:00:00Z');
    const state = { ...fresh, frontier: now - 5 * minuteMs, tiers: swept(now - 16 * minuteMs) };
    const unsettled = { from: now - 5 * hourMs, to: now - 3 * hourMs };
    expect(show(runOnce(state, now, { unsettled }).steps)[1]).toBe('open 2026-04-20T07:00:00Z 2026-04-20T09:00:00Z');
    expect(runOnce(state, now).steps).toHaveLength(1);
  });

  it('reads nothing where all that may still change was sent before the beginning, whatever is stuck after it', () => {
    const now = at('2026-04-20T12:00:00Z');
    const window = { from: now - hourMs, to: now - hourMs + minuteMs };
    const stuck = { id: 1, tier: 'tail', window, state: 'stuck', failures: 9, code: 'source-timeout' } as const;
    const state: CoverageState = {
      ...fresh,
      start: now - 2 * hourMs,
      frontier: now - 2 * minuteMs,
      tiers: { ...swept(now), open: { failures: 0, empty: 0 } },
      pieces: [{ ...stuck, dueAt: now + hourMs }],
    };
    const { steps } = runOnce(state, now, { unsettled: { from: now - 20 * hourMs, to: now - 19 * hourMs } });
    expect(steps.map(({ piece }) => piece.tier)).toEqual(['tail']);
  });

  it('sweeps one span before the end of the last completed sweep, however long the outage was', () => {
    const doneEnd = at('2026-03-20T00:00:00Z');
    const now = at('2026-04-20T00:00:00Z');
    const { steps, state } = runOnce({ ...fresh, frontier: now - hourMs, tiers: swept(doneEnd) }, now);
    const cold = steps.filter(({ piece }) => piece.tier === 'cold');
    expect(cold[0]?.piece.window.from).toBe(doneEnd - coldSpanMs);
    for (const [index, { piece }] of cold.entries()) {
      if (index > 0) expect(piece.window.from).toBe(cold[index - 1]?.piece.window.to);
    }
    expect(state.tiers.cold).toMatchObject({ doneEnd: now - 2 * minuteMs, doneAt: now });
  });

  it('does not obey a frontier in the future: what may still change is read again', () => {
    const now = at('2026-03-20T12:00:00Z');
    const state = { ...fresh, frontier: now + 28 * dayMs, tiers: swept(now) };
    const { steps } = runOnce(state, now);
    expect(steps[0]?.piece.window.from).toBeLessThanOrEqual(now - 7 * dayMs);
    expect(steps.at(-1)?.piece.window.to).toBeGreaterThanOrEqual(at('2026-03-20T11:58:00Z'));
  });

  it('is not kept from sweeping by a time in the future', () => {
    const now = at('2026-03-20T12:00:00Z');
    const future = now + 28 * dayMs;
    const good = { failures: 0, empty: 0 };
    for (const cold of [
      { doneEnd: future, doneAt: future, ...good },
      { doneEnd: now - dayMs, doneAt: now - dayMs, position: future - dayMs, to: future, ...good },
    ]) {
      const before = { ...fresh, frontier: now - hourMs, tiers: { ...swept(now), cold } };
      const { steps, state } = runOnce(before, now);
      const sweeps = steps.filter(({ piece }) => piece.tier === 'cold');
      expect(sweeps[0]?.piece.window.from).toBeLessThan(now - 7 * dayMs);
      expect(state.tiers.cold).toEqual({ doneEnd: now - 2 * minuteMs, doneAt: now, ...good });
    }
  });

  it('goes on with a sweep where it was cut off', () => {
    const now = at('2026-04-01T00:00:00Z');
    const to = now - 5 * minuteMs;
    const position = at('2026-03-30T00:00:00Z');
    const cold = { doneEnd: position - dayMs, doneAt: 0, position, to, failures: 0, empty: 0 };
    const { steps } = runOnce({ ...fresh, frontier: to, tiers: { ...swept(now), cold } }, now);
    expect(steps.filter(({ piece }) => piece.tier === 'cold').map(({ piece }) => piece.window)).toEqual([
      { from: position, to },
    ]);
  });

  it("asks one minute more on both sides, since the vendor's bounds may be open or closed", () => {
    expect(asked({ from: 10 * minuteMs, to: 20 * minuteMs })).toEqual({ from: 9 * minuteMs, to: 21 * minuteMs });
  });

  it('reads a range that was asked for whole, and not beyond the present', () => {
    const now = at('2026-03-10T12:00:00Z');
    expect(cutRange({ from: now - hourMs - 1, to: now + dayMs }, now, fresh, limits)).toEqual([
      { from: at('2026-03-10T10:59:00Z'), to: now },
    ]);
  });

  it('cuts a window at a whole minute, and one minute not at all', () => {
    const from = at('2026-03-10T12:00:00Z');
    expect(halves({ from, to: from + 3 * minuteMs })).toEqual([
      { from, to: from + minuteMs },
      { from: from + minuteMs, to: from + 3 * minuteMs },
    ]);
    expect(halves({ from, to: from + minuteMs })).toBeUndefined();
  });
});

describe('what was left open', () => {
  const now = at('2026-04-20T12:00:00Z');
  const frontier = now - 5 * minuteMs;
  const piece = (id: number, facts: Partial<OpenPiece> = {}): OpenPiece => ({
    id,
    tier: 'tail',
    window: { from: frontier - dayMs, to: frontier - dayMs + hourMs },
    state: 'queued',
    failures: 0,
    code: 'source-timeout',
    dueAt: now - 1,
    ...facts,
  });
  const stateWith = (...pieces: readonly OpenPiece[]): CoverageState => ({
    ...fresh,
    frontier,
    tiers: swept(now),
    pieces,
  });

  it('is read after what is new, the oldest first, each once in a run', () => {
    const { steps, state } = runOnce(stateWith(piece(1), piece(2, { window: { from: 0, to: minuteMs } })), now);
    expect(steps.map(({ piece: { open } }) => open?.id)).toEqual([undefined, 2, 1]);
    expect(state.pieces).toEqual([]);
  });

  it('waits until it is due', () => {
    expect(runOnce(stateWith(piece(1, { dueAt: now + 1 })), now).steps).toHaveLength(1);
  });

  it('of the tail is read before any sweep', () => {
    const state = { ...stateWith(piece(1)), tiers: swept(now - 2 * hourMs) };
    expect(runOnce(state, now).steps.map(({ piece: { tier, open } }) => open?.id ?? tier)).toEqual(['tail', 1, 'warm']);
  });
});

describe('what is stuck or was given up', () => {
  const frontier = at('2026-03-10T12:00:00Z');
  const now = frontier + 7 * minuteMs;
  const state = { ...fresh, frontier, tiers: swept(frontier - 12 * hourMs) };
  const bad = { from: frontier - 3 * hourMs, to: frontier - 3 * hourMs + minuteMs };
  const stuck = { id: 1, tier: 'tail', window: bad, state: 'stuck', failures: 9, code: 'source-too-large' } as const;

  it.each([
    ['stuck', { pieces: [{ ...stuck, dueAt: now + hourMs }] }],
    ['given up', { pieces: [], gaps: [bad] }],
  ])('is left out of every sweep, which is done all the same: %s', (_what, left) => {
    const { steps, state: after } = runOnce({ ...state, ...left }, now);
    const overlaps = steps.filter(({ piece: { window } }) => window.from < bad.to && bad.from < window.to);
    expect(show(overlaps)).toEqual([]);
    expect(steps.filter(({ piece }) => piece.tier === 'warm').map(({ piece }) => piece.window.to)).toEqual([
      bad.from,
      now - 2 * minuteMs,
    ]);
    expect(after.tiers.warm).toMatchObject({ doneEnd: now - 2 * minuteMs });
  });

  it('does not break the hour that is read again with every poll', () => {
    const lately = { from: frontier - 20 * minuteMs, to: frontier - 19 * minuteMs };
    const { steps } = runOnce({ ...state, tiers: swept(now), pieces: [], gaps: [lately] }, now);
    expect(show(steps)).toEqual(['tail 2026-03-10T11:41:00Z 2026-03-10T12:05:00Z']);
  });

  it('is no reason to begin a sweep again and again when nothing else of it is left', () => {
    const tiers = {
      ...swept(now),
      warm: { doneAt: now, doneEnd: now, position: bad.from, to: bad.to, failures: 0, empty: 0 },
    };
    const { steps } = runOnce({ ...state, tiers, pieces: [{ ...stuck, dueAt: now + hourMs }] }, now);
    expect(show(steps)).toEqual(['tail 2026-03-10T11:00:00Z 2026-03-10T12:05:00Z']);
  });
});

describe('a backfill', () => {
  const now = at('2026-04-20T12:00:00Z');
  const job: BackfillJob = {
    id: 'job',
    source: 'main-clinic',
    range: { from: at('2026-01-01T00:00:00Z'), to: at('2026-02-01T00:00:00Z') },
    order: 'newest-first',
    resend: false,
    state: 'running',
    position: at('2026-02-01T00:00:00Z'),
    windows: 0,
    rows: 0,
    startedAt: now,
  };
  const stateWith = (facts: Partial<BackfillJob> = {}): CoverageState => ({
    ...fresh,
    frontier: now - 5 * minuteMs,
    tiers: swept(now),
    backfill: { ...job, ...facts },
  });
  const turns = { progress: { tail: 'done', backfills: true } } as const;

  it('is read in turns of its own only', () => {
    expect(runOnce(stateWith(), now).steps.map(({ piece }) => piece.tier)).toEqual(['tail']);
  });

  it.each([
    ['newest-first', 'backfill 2026-01-25T00:02:00Z 2026-02-01T00:00:00Z'],
    ['oldest-first', 'backfill 2026-01-01T00:00:00Z 2026-01-07T23:58:00Z'],
  ] as const)('is read %s, without a gap, to its end', (order, firstShown) => {
    const position = order === 'newest-first' ? job.range.to : job.range.from;
    const { steps, state } = runOnce(stateWith({ order, position }), now, turns);
    expect(show(steps)[0]).toBe(firstShown);
    const windows = steps.map(({ piece }) => piece.window).toSorted((a, b) => a.from - b.from);
    expect(windows[0]?.from).toBe(job.range.from);
    expect(windows.at(-1)?.to).toBe(job.range.to);
    for (const [index, { from }] of windows.entries()) if (index > 0) expect(from).toBe(windows[index - 1]?.to);
    expect(state.backfill).toBeUndefined();
    expect(steps.at(-1)?.verdict).toMatchObject({ moves: { backfill: { state: 'done', windows: steps.length } } });
  });

  it('does not read beyond the present', () => {
    const range = { from: now - dayMs, to: now + dayMs };
    const { steps } = runOnce(stateWith({ range, position: range.to }), now, turns);
    expect(steps[0]?.piece.window.to).toBe(now - 2 * minuteMs);
  });
});

const arbitraryState = fc.record({
  behind: fc.integer({ min: 0, max: 60 * 24 * 60 }),
  sweptAgo: fc.option(fc.integer({ min: 0, max: 40 * 24 * 60 }), { nil: undefined }),
  now: fc.integer({ min: at('2026-05-01T00:00:00Z'), max: at('2026-12-01T00:00:00Z') }),
  widest: fc.option(fc.integer({ min: 30, max: 20_000 }), { nil: undefined }),
});

describe('the plan, for any state', () => {
  it('never asks for more than the vendor takes, never beyond the settle delay, and leaves no gap', () => {
    fc.assert(
      fc.property(arbitraryState, ({ behind, sweptAgo, now, widest }) => {
        const frontier = Math.max(limits.startAt, Math.floor(now / grainMs) * grainMs - behind * minuteMs);
        const before: CoverageState = {
          ...fresh,
          frontier,
          tiers: sweptAgo === undefined ? {} : swept(frontier - sweptAgo * minuteMs),
          size: widest === undefined ? {} : { widestMs: Math.max(widest, behind / 5) * minuteMs },
        };
        const { steps, state } = runOnce(before, now);
        let reached = frontier;
        for (const { piece } of steps) {
          const { tier, window } = piece;
          const request = asked(window);
          expect(request.to - request.from).toBeLessThanOrEqual(limits.longestWindowMs);
          expect(window.from).toBeLessThan(window.to);
          expect(window.to).toBeLessThanOrEqual(Math.max(frontier, now - limits.settleDelayMs));
          if (tier !== 'tail') continue;
          expect(window.from).toBeLessThanOrEqual(reached);
          reached = Math.max(reached, window.to);
        }
        const end = Math.floor((now - limits.settleDelayMs) / grainMs) * grainMs;
        expect(reached).toBe(Math.max(frontier, end));
        expect(state.frontier).toBe(reached);
        expect(state.pieces).toEqual([]);
      }),
    );
  });
});
