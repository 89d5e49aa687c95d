import type { BackfillForecast } from '../exchange/reports.ts';
import type { Instant } from '../exchange/window.ts';
import type { BackfillJob, CoverageState } from '../ledger/ledger.ts';
import { budgetShare, type PlanLimits } from './tiers.ts';
import { settledEnd, widest } from './window-plan.ts';

/**
 * What a job still asks for, and for how long, when nothing goes wrong: windows as wide as they are at present, at the
 * requests that a backfill may use. Pure.
 * @param perHour the most requests of an hour, as they were learned
 */
export function forecastOf(
  job: BackfillJob,
  state: CoverageState,
  limits: PlanLimits,
  perHour: number,
  now: Instant,
): BackfillForecast {
  const windows = Math.ceil(leftOf(job, settledEnd(now, limits)) / widest(state, limits));
  const parts = state.pieces.filter(({ backfill }) => backfill === job.id).length;
  const requests = windows + parts;
  const usable = Math.max(1, Math.floor(perHour * budgetShare.backfill));
  return { windows, requests, hours: Math.ceil((10 * requests) / usable) / 10 };
}

/** How far the job has come, in whole hundredths of its range; all of them only when it is done. */
export function percentOf(job: BackfillJob, end: Instant): number {
  if (job.state === 'done') return 100;
  const whole = Math.min(job.range.to, end) - job.range.from;
  const done = whole <= 0 ? 0 : 1 - leftOf(job, end) / whole;
  return Math.min(99, Math.floor(100 * done));
}

function leftOf({ range, order, position }: BackfillJob, end: Instant): number {
  const to = Math.min(range.to, end);
  return Math.max(0, order === 'newest-first' ? Math.min(position, to) - range.from : to - position);
}
