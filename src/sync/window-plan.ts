import { floorToGrain, grainMs, minuteMs, hourMs, type Instant, type TimeWindow } from '../exchange/window.ts';
import type { CoverageState, SweepState } from '../ledger/ledger.ts';

/** What the plan goes by; all from the configuration of one source. */
export interface PlanLimits {
  /** Where reading begins when the ledger is empty. */
  readonly startAt: Instant;
  /** The newest records may still be on their way into the vendor's answer: the end of a window stays this far back. */
  readonly settleDelayMs: number;
  /** How late a record or a status may still appear. */
  readonly latenessMs: number;
  /** The vendor refuses wider requests. */
  readonly longestWindowMs: number;
}

export interface CoverageMoves {
  readonly start?: Instant;
  readonly frontier?: Instant;
  readonly sweep?: SweepState;
}

/** One request to make, and what may be said of coverage once it was answered completely. */
export interface Piece {
  readonly tier: 'tail' | 'sweep' | 'range';
  readonly window: TimeWindow;
  readonly moves: CoverageMoves;
  /** The frontier is this far already: it never moves back, whatever the vendor's clock says. */
  readonly frontierBefore: Instant;
}

/** Every poll reads this much before the frontier again: late records and new statuses of the last hour cost no extra request. */
export const hotOverlapMs = hourMs;
/** How often everything that may still change is read again. */
export const sweepEveryMs = 6 * hourMs;

/**
 * What to read now: the tail (what is new), then a sweep (what may have changed) when one is due. Pieces of a tier are
 * to be read in order, and none after one that failed: the frontier stands for a range without gaps.
 *
 * Coverage is the window that was asked for, never the time of the newest record: rows come unsorted, to the minute,
 * and late. A sweep starts one span before the END of the last completed one, not before now, so that an outage longer
 * than the span leaves no hole.
 */
export function planDue(state: CoverageState, now: Instant, limits: PlanLimits): readonly Piece[] {
  const end = settledEnd(now, limits);
  return [...tail(state, end, now, limits), ...sweep(state, end, now, limits)];
}

/** The pieces of a range somebody asked for. Moves no coverage: it is read beside the schedule. */
export function planRange(range: TimeWindow, now: Instant, limits: PlanLimits): readonly Piece[] {
  const to = Math.min(ceilToGrain(range.to), floorToGrain(now));
  return cut({ from: floorToGrain(range.from), to }, limits).map((window) => ({
    tier: 'range',
    window,
    moves: {},
    frontierBefore: window.from,
  }));
}

/** Windows end here: whole minutes, the settle delay ago. */
export function settledEnd(now: Instant, limits: Pick<PlanLimits, 'settleDelayMs'>): Instant {
  return floorToGrain(now - limits.settleDelayMs);
}

/**
 * The request for a window: one grain wider on both sides. The vendor's times have the resolution of a minute and its
 * bounds may be open or closed; with the overlap either is right.
 */
export function asked(window: TimeWindow): TimeWindow {
  return { from: window.from - grainMs, to: window.to + grainMs };
}

function tail(state: CoverageState, end: Instant, now: Instant, limits: PlanLimits): readonly Piece[] {
  const start = state.start ?? floorToGrain(limits.startAt);
  const frontier = trusted(state.frontier, start, end, now, limits) ?? start;
  const windows = cut({ from: Math.max(start, frontier - hotOverlapMs), to: Math.max(end, frontier) }, limits);
  const first = state.frontier === undefined;
  return windows.map((window, index) => ({
    tier: 'tail',
    window,
    frontierBefore: Math.max(frontier, window.from),
    moves: {
      start,
      frontier: Math.max(frontier, window.to),
      // The very first reading has just read everything: it counts as the first sweep.
      ...(first && index === windows.length - 1 ? { sweep: { doneEnd: window.to, doneAt: now } } : {}),
    },
  }));
}

/** A frontier in the future comes from a clock that was wrong then: what may still change is read again. */
function trusted(
  frontier: Instant | undefined,
  start: Instant,
  end: Instant,
  now: Instant,
  limits: PlanLimits,
): Instant | undefined {
  return frontier !== undefined && frontier > now ? Math.max(start, end - limits.latenessMs) : frontier;
}

function sweep(state: CoverageState, end: Instant, now: Instant, limits: PlanLimits): readonly Piece[] {
  if (state.frontier === undefined || state.start === undefined) return [];
  const { doneAt, doneEnd, position, to } = state.sweep;
  // A time in the future comes from a clock that was wrong then.
  const underWay = position !== undefined && to !== undefined && to <= now;
  const isRecent = doneAt !== undefined && doneAt <= now && now - doneAt < sweepEveryMs;
  if (!underWay && isRecent) return [];
  const sweepTo = underWay ? to : Math.min(end, state.frontier);
  const span = Math.max(limits.longestWindowMs - 2 * grainMs, limits.latenessMs + limits.settleDelayMs + grainMs);
  const from = underWay ? position : Math.max(state.start, Math.min(doneEnd ?? sweepTo, sweepTo) - span);
  const done = { ...(doneEnd === undefined ? {} : { doneEnd }), ...(doneAt === undefined ? {} : { doneAt }) };
  const windows = cut({ from, to: sweepTo }, limits);
  return windows.map((window, index) => ({
    tier: 'sweep',
    window,
    frontierBefore: window.from,
    moves: {
      sweep:
        index === windows.length - 1
          ? { doneEnd: sweepTo, doneAt: now }
          : { ...done, position: window.to, to: sweepTo },
    },
  }));
}

/** Ascending, gap-free, none wider than the vendor takes once it is asked one grain wider on both sides. */
function cut(range: TimeWindow, limits: Pick<PlanLimits, 'longestWindowMs'>): readonly TimeWindow[] {
  const widest = limits.longestWindowMs - 2 * grainMs;
  const windows: TimeWindow[] = [];
  for (let from = range.from; from < range.to; from += widest) {
    windows.push({ from, to: Math.min(from + widest, range.to) });
  }
  return windows;
}

const ceilToGrain = (at: Instant): Instant => Math.ceil(at / minuteMs) * minuteMs;
