import type { Instant } from '../exchange/window.ts';
import type { BackfillJob, CoverageMoves, CoverageState } from '../ledger/ledger.ts';
import type { PlanLimits } from './tiers.ts';
import { settledEnd, tailOf } from './window-plan.ts';

interface JobFacts {
  readonly state: CoverageState;
  readonly limits: PlanLimits;
  readonly now: Instant;
}

/** How far a job has come. */
export type MovedJob = NonNullable<CoverageMoves['backfill']>;

/**
 * A job that is over and has read what lies right before the beginning moves the beginning: replies and statuses appear
 * as late there as anywhere, so the sweeps read it again from then on.
 */
export function jobMoves(
  { range, order }: BackfillJob,
  moved: MovedJob,
  { state, limits, now }: JobFacts,
): CoverageMoves {
  const { start, frontier } = tailOf(state, settledEnd(now, limits), now, limits);
  const from = order === 'newest-first' ? moved.position : range.from;
  if (moved.state === 'running' || range.to < start || from >= start) return { backfill: moved };
  return { backfill: moved, start: from, frontier: state.frontier ?? frontier };
}

/** A job is done once it has come to its end and none of its windows is left to be read in parts. */
export function movedJob(
  { id, order, range, windows, rows: before }: BackfillJob,
  position: Instant,
  rows: number,
  { state, limits, now }: JobFacts,
  closed: number | undefined,
  leavesQueued = false,
): MovedJob {
  const atEnd =
    order === 'newest-first' ? position <= range.from : position >= Math.min(range.to, settledEnd(now, limits));
  const queued = state.pieces.some((piece) => piece.backfill === id && piece.state === 'queued' && piece.id !== closed);
  const done = atEnd && !queued && !leavesQueued;
  return { id, position, windows: windows + 1, rows: before + rows, state: done ? 'done' : 'running' };
}
