import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayMs, grainMs, hourMs, isoInstant, minuteMs } from '../../src/exchange/window.ts';
import type { CoverageState } from '../../src/ledger/ledger.ts';
import { asked, planDue, planRange, sweepEveryMs, type PlanLimits } from '../../src/sync/window-plan.ts';

const at = (text: string): number => Date.parse(text);
const limits: PlanLimits = {
  startAt: at('2026-03-01T00:00:00Z'),
  settleDelayMs: 2 * minuteMs,
  latenessMs: 7 * dayMs,
  longestWindowMs: 7 * dayMs,
};
const show = (pieces: ReturnType<typeof planDue>): readonly string[] =>
  pieces.map(({ tier, window }) => `${tier} ${isoInstant(window.from)} ${isoInstant(window.to)}`);

describe('the plan of what to read', () => {
  it('reads everything since the start at the first poll, in windows that the vendor takes, and calls that a sweep', () => {
    const pieces = planDue({ sweep: {} }, at('2026-03-10T12:00:30Z'), limits);
    expect(show(pieces)).toEqual([
      'tail 2026-03-01T00:00:00Z 2026-03-07T23:58:00Z',
      'tail 2026-03-07T23:58:00Z 2026-03-10T11:58:00Z',
    ]);
    expect(pieces[0]?.moves).toEqual({ start: limits.startAt, frontier: at('2026-03-07T23:58:00Z') });
    expect(pieces[1]?.moves.sweep).toEqual({ doneEnd: at('2026-03-10T11:58:00Z'), doneAt: at('2026-03-10T12:00:30Z') });
  });

  it('reads the last hour again with every poll', () => {
    const frontier = at('2026-03-10T12:00:00Z');
    const state = { start: limits.startAt, frontier, sweep: { doneEnd: frontier, doneAt: frontier } };
    expect(show(planDue(state, at('2026-03-10T12:07:00Z'), limits))).toEqual([
      'tail 2026-03-10T11:00:00Z 2026-03-10T12:05:00Z',
    ]);
  });

  it('reads the hot hour even when no minute has passed since the last poll', () => {
    const frontier = at('2026-03-10T12:00:00Z');
    const state = { start: limits.startAt, frontier, sweep: { doneEnd: frontier, doneAt: frontier } };
    expect(show(planDue(state, frontier, limits))).toEqual(['tail 2026-03-10T11:00:00Z 2026-03-10T12:00:00Z']);
  });

  it('sweeps one span before the end of the last completed sweep, however long the outage was', () => {
    const doneEnd = at('2026-03-20T00:00:00Z');
    const now = at('2026-04-20T00:00:00Z');
    const state: CoverageState = { start: limits.startAt, frontier: now - hourMs, sweep: { doneEnd, doneAt: doneEnd } };
    const sweeps = planDue(state, now, limits).filter(({ tier }) => tier === 'sweep');
    expect(sweeps[0]?.window.from).toBe(doneEnd - (7 * dayMs + 3 * minuteMs));
    expect(sweeps.at(-1)?.moves.sweep).toEqual({ doneEnd: now - hourMs, doneAt: now });
  });

  it('does not obey a frontier in the future: what may still change is read again', () => {
    const now = at('2026-03-20T12:00:00Z');
    const future = now + 28 * dayMs;
    const state = { start: limits.startAt, frontier: future, sweep: { doneEnd: now, doneAt: now } };
    const pieces = planDue(state, now, limits);
    expect(pieces[0]?.window.from).toBeLessThanOrEqual(now - 7 * dayMs);
    expect(pieces.at(-1)?.moves.frontier).toBe(at('2026-03-20T11:58:00Z'));
  });

  it('is not kept from sweeping by a time in the future', () => {
    const now = at('2026-03-20T12:00:00Z');
    const future = now + 28 * dayMs;
    for (const sweep of [
      { doneEnd: future, doneAt: future },
      { doneEnd: now - dayMs, doneAt: now - dayMs, position: future - dayMs, to: future },
    ]) {
      const pieces = planDue({ start: limits.startAt, frontier: now - hourMs, sweep }, now, limits);
      const sweeps = pieces.filter(({ tier }) => tier === 'sweep');
      expect(sweeps[0]?.window.from).toBeLessThan(now - 7 * dayMs);
      expect(sweeps.at(-1)?.moves.sweep).toEqual({ doneEnd: now - hourMs, doneAt: now });
    }
  });

  it('goes on with a sweep where it was cut off', () => {
    const now = at('2026-04-01T00:00:00Z');
    const frontier = now - 5 * minuteMs;
    const position = at('2026-03-30T00:00:00Z');
    const state = {
      start: limits.startAt,
      frontier,
      sweep: { doneEnd: position - dayMs, doneAt: 0, position, to: frontier },
    };
    const sweeps = planDue(state, now, limits).filter(({ tier }) => tier === 'sweep');
    expect(sweeps.map(({ window }) => window)).toEqual([{ from: position, to: frontier }]);
  });

  it("asks one minute more on both sides, since the vendor's bounds may be open or closed", () => {
    expect(asked({ from: 10 * minuteMs, to: 20 * minuteMs })).toEqual({ from: 9 * minuteMs, to: 21 * minuteMs });
  });

  it('reads a range that was asked for without moving coverage, and not beyond the present', () => {
    const now = at('2026-03-10T12:00:00Z');
    const pieces = planRange({ from: now - hourMs - 1, to: now + dayMs }, now, limits);
    expect(show(pieces)).toEqual(['range 2026-03-10T10:59:00Z 2026-03-10T12:00:00Z']);
    expect(pieces[0]?.moves).toEqual({});
  });

  const arbitraryState = fc.record({
    behind: fc.integer({ min: 0, max: 60 * 24 * 60 }),
    swept: fc.option(fc.integer({ min: 0, max: 40 * 24 * 60 }), { nil: undefined }),
    now: fc.integer({ min: at('2026-05-01T00:00:00Z'), max: at('2026-12-01T00:00:00Z') }),
  });

  it('never asks for more than the vendor takes, never beyond the settle delay, and leaves no gap (any state)', () => {
    fc.assert(
      fc.property(arbitraryState, ({ behind, swept, now }) => {
        const frontier = Math.max(limits.startAt, Math.floor(now / grainMs) * grainMs - behind * minuteMs);
        const doneEnd = swept === undefined ? undefined : frontier - swept * minuteMs;
        const state: CoverageState = {
          start: limits.startAt,
          frontier,
          sweep: doneEnd === undefined ? {} : { doneEnd, doneAt: doneEnd },
        };
        const pieces = planDue(state, now, limits);
        let reached = frontier;
        for (const { tier, window, moves } of pieces) {
          const request = asked(window);
          expect(request.to - request.from).toBeLessThanOrEqual(limits.longestWindowMs);
          expect(window.to).toBeLessThanOrEqual(Math.max(frontier, now - limits.settleDelayMs));
          if (tier !== 'tail') continue;
          expect(window.from).toBeLessThanOrEqual(reached);
          expect(moves.frontier).toBeGreaterThanOrEqual(reached);
          reached = moves.frontier ?? reached;
        }
        expect(reached).toBe(Math.max(frontier, Math.floor((now - limits.settleDelayMs) / grainMs) * grainMs));
        const sweeps = pieces.filter(({ tier }) => tier === 'sweep');
        if (doneEnd !== undefined && now - doneEnd >= sweepEveryMs) expect(sweeps.length).toBeGreaterThan(0);
      }),
    );
  });
});
