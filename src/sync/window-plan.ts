import type { SweepTier, Tier } from '../exchange/tier.ts';
import { ceilToGrain, floorToGrain, grainMs, type Instant, type TimeWindow } from '../exchange/window.ts';
import type { BackfillJob, CoverageState, OpenPiece, TierState } from '../ledger/ledger.ts';
import { longestPutOffMs } from './retry-policy.ts';
import { hotOverlapMs, sweepRules, tierOrder, widestWindowMs, type PlanLimits } from './tiers.ts';

/** One request to make. */
export interface Piece {
  readonly tier: Tier;
  readonly window: TimeWindow;
  /** It is one of the pieces that were left open. */
  readonly open?: OpenPiece;
  /** Of a sweep: where it ends. */
  readonly sweepTo?: Instant;
  readonly backfill?: BackfillJob;
}

/** How far one run has come. */
export interface RunProgress {
  /** What is new ends here: whole minutes, the settle delay ago. */
  readonly end: Instant;
  /** fresh: the last hour is read again first. Else where it goes on; done: nothing more of the tail in this run. */
  readonly tail: 'fresh' | 'done' | Instant;
  /** Tiers that wait for the next run. */
  readonly resting: ReadonlySet<Tier>;
  /** Open pieces that this run has tried. */
  readonly tried: ReadonlySet<number>;
  /** Whether backfills are read: they have turns of their own. */
  readonly backfills: boolean;
}

const noTier: TierState = { failures: 0, empty: 0 };

export const tierState = (state: CoverageState, tier: Tier): TierState => state.tiers[tier] ?? noTier;

/**
 * What to read next, the most urgent first: what is new, then what may have changed, then the past. Undefined when
 * nothing is due. The state is asked for again after each read, so a plan is never older than the last one.
 *
 * Coverage is the window that was asked for, never the time of the newest record: rows come unsorted, to the minute,
 * and late. A sweep starts one span before the END of the last completed one, not before now, so that an outage longer
 * than the span leaves no hole.
 *
 * @param unsettled where messages are whose status may still change, within the span of tier `open`
 */
export function nextPiece(
  state: CoverageState,
  now: Instant,
  limits: PlanLimits,
  progress: RunProgress,
  unsettled?: TimeWindow,
): Piece | undefined {
  for (const tier of tierOrder) {
    // What is new comes before what was left open: a window that fails for ever keeps nobody from the present.
    const piece =
      tier === 'tail'
        ? (freshTail(state, now, limits, progress) ?? openPiece(state, tier, now, progress))
        : progress.resting.has(tier)
          ? undefined
          : (openPiece(state, tier, now, progress) ?? tierPiece(tier, state, now, limits, progress, unsettled));
    if (piece !== undefined) return piece;
  }
  return undefined;
}

function tierPiece(
  tier: Exclude<Tier, 'tail'>,
  state: CoverageState,
  now: Instant,
  limits: PlanLimits,
  progress: RunProgress,
  unsettled: TimeWindow | undefined,
): Piece | undefined {
  switch (tier) {
    case 'open':
    case 'warm':
    case 'cold':
    case 'deep':
      return sweep(tier, state, now, limits, progress, unsettled);
    case 'backfill':
      return backfillPiece(state, now, limits, progress);
    case 'range':
      return undefined;
  }
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

function freshTail(
  state: CoverageState,
  now: Instant,
  limits: PlanLimits,
  { end, tail }: RunProgress,
): Piece | undefined {
  if (tail === 'done') return undefined;
  const { start, frontier } = tailOf(state, end, now, limits);
  const hot = clearParts({ from: Math.max(start, frontier - hotOverlapMs), to: frontier }, state).at(-1);
  const from = tail !== 'fresh' ? tail : hot?.to === frontier ? hot.from : frontier;
  const to = tail === 'fresh' ? Math.max(end, frontier) : end;
  return from < to ? { tier: 'tail', window: first({ from, to }, state, limits) } : undefined;
}

/** Where the tail begins, and how far it has come. */
export function tailOf(
  state: CoverageState,
  end: Instant,
  now: Instant,
  limits: PlanLimits,
): { readonly start: Instant; readonly frontier: Instant } {
  const start = state.start ?? floorToGrain(limits.startAt);
  const { frontier = start } = state;
  // A frontier in the future comes from a clock that was wrong then: what may still change is read again.
  return { start, frontier: frontier > now ? Math.max(start, end - limits.latenessMs) : frontier };
}

function openPiece(
  state: CoverageState,
  tier: Tier,
  now: Instant,
  { tried, backfills }: RunProgress,
): Piece | undefined {
  // Those of a job are read while it is running.
  const { backfill } = tier === 'backfill' ? state : {};
  if (tier === 'backfill' && (backfill === undefined || !backfills)) return undefined;
  const open = state.pieces.find(
    (piece) => piece.tier === tier && piece.backfill === backfill?.id && isDue(piece, now) && !tried.has(piece.id),
  );
  if (open === undefined) return undefined;
  return { tier, window: open.window, open, ...(backfill === undefined ? {} : { backfill }) };
}

/** What is due in days was put off by a clock that was wrong then. */
const isDue = ({ dueAt }: OpenPiece, now: Instant): boolean => dueAt <= now || dueAt > now + longestPutOffMs;

function sweep(
  tier: SweepTier,
  state: CoverageState,
  now: Instant,
  limits: PlanLimits,
  { end }: RunProgress,
  unsettled: TimeWindow | undefined,
): Piece | undefined {
  const { start, frontier } = state;
  if (start === undefined || frontier === undefined) return undefined;
  const { doneAt, doneEnd, position, to } = tierState(state, tier);
  // A time in the future comes from a clock that was wrong then.
  const isUnderWay = position !== undefined && to !== undefined && to <= now;
  const rest = isUnderWay ? clearParts({ from: position, to }, state) : [];
  const { everyMs, spanMs } = sweepRules[tier];
  const isRecent = doneAt !== undefined && doneAt <= now && now - doneAt < everyMs;
  if (rest.length === 0 && isRecent) return undefined;
  const sweepTo = Math.min(end, frontier);
  const whole = { from: Math.max(start, Math.min(doneEnd ?? sweepTo, sweepTo) - spanMs(limits)), to: sweepTo };
  const range = tier === 'open' ? within(unsettled, whole) : whole;
  const parts = rest.length > 0 || range === undefined ? rest : clearParts(range, state);
  const [next] = parts;
  if (next === undefined) return undefined;
  return { tier, window: first(next, state, limits), sweepTo: parts.at(-1)?.to ?? next.to };
}

/**
 * The range without what is stuck or was given up, ascending: a stuck piece is read for itself, ever more seldom, and
 * would break every window that holds it.
 */
export function clearParts({ from, to }: TimeWindow, { pieces, gaps = [] }: CoverageState): readonly TimeWindow[] {
  const stuck = pieces.filter(({ state, backfill }) => state === 'stuck' && backfill === undefined);
  const left = [...stuck.map(({ window }) => window), ...gaps].toSorted((a, b) => a.from - b.from);
  const parts: TimeWindow[] = [];
  let at = from;
  for (const window of [...left, { from: to, to }]) {
    if (at >= to) break;
    if (window.from > at) parts.push({ from: at, to: Math.min(window.from, to) });
    at = Math.max(at, window.to);
  }
  return parts;
}

function within(range: TimeWindow | undefined, bounds: TimeWindow): TimeWindow | undefined {
  if (range === undefined) return undefined;
  return { from: Math.max(range.from, bounds.from), to: Math.min(range.to, bounds.to) };
}

function backfillPiece(
  state: CoverageState,
  now: Instant,
  limits: PlanLimits,
  { backfills }: RunProgress,
): Piece | undefined {
  const { backfill } = state;
  if (backfill === undefined || !backfills) return undefined;
  const { range, order, position } = backfill;
  const to = Math.min(range.to, settledEnd(now, limits));
  if (order === 'oldest-first') {
    if (position >= to) return undefined;
    return { tier: 'backfill', window: first({ from: position, to }, state, limits), backfill };
  }
  const left = { from: range.from, to: Math.min(position, to) };
  return left.from < left.to ? { tier: 'backfill', window: last(left, state, limits), backfill } : undefined;
}

/** As much of the range as is asked for at once. */
export function widest({ size }: CoverageState, limits: PlanLimits): number {
  return Math.max(grainMs, Math.min(size.widestMs ?? Infinity, widestWindowMs(limits)));
}

function first({ from, to }: TimeWindow, state: CoverageState, limits: PlanLimits): TimeWindow {
  return { from, to: Math.min(to, from + widest(state, limits)) };
}

function last({ from, to }: TimeWindow, state: CoverageState, limits: PlanLimits): TimeWindow {
  return { from: Math.max(from, to - widest(state, limits)), to };
}

/** The windows of a range that somebody asked for: ascending, without gaps. */
export function cutRange(range: TimeWindow, now: Instant, state: CoverageState, limits: PlanLimits): TimeWindow[] {
  const to = Math.min(ceilToGrain(range.to), floorToGrain(now));
  const windows: TimeWindow[] = [];
  for (let from = floorToGrain(range.from); from < to; from += widest(state, limits)) {
    windows.push(first({ from, to }, state, limits));
  }
  return windows;
}

/** Too small to be cut. */
export const isGrain = ({ from, to }: TimeWindow): boolean => to - from <= grainMs;

/** Two halves that meet at a whole minute; undefined where a window is one grain, and cannot be cut. */
export function halves({ from, to }: TimeWindow): readonly [TimeWindow, TimeWindow] | undefined {
  const middle = floorToGrain(from + (to - from) / 2);
  const at = middle > from ? middle : from + grainMs;
  return at < to
    ? [
        { from, to: at },
        { from: at, to },
      ]
    : undefined;
}
