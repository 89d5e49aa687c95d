import type { BackfillView } from '../exchange/reports.ts';
import { isoInstant, type Instant } from '../exchange/window.ts';
import type { BackfillJob, CoverageState } from '../ledger/ledger.ts';
import { forecastOf, percentOf } from './forecast.ts';
import type { PlanLimits } from './tiers.ts';
import { settledEnd } from './window-plan.ts';

/** What is known of the source that a job reads; the limits are those of a source that is configured. */
export interface ReadSource {
  readonly state: CoverageState;
  readonly limits: PlanLimits | undefined;
  /** The most requests of an hour, as they were learned. */
  readonly perHour: number;
}

/** A job as people see it. Pure. */
export function backfillView(job: BackfillJob, { state, limits, perHour }: ReadSource, now: Instant): BackfillView {
  const count = (wanted: 'queued' | 'stuck'): number =>
    state.pieces.filter((piece) => piece.backfill === job.id && piece.state === wanted).length;
  const isOver = job.finishedAt !== undefined;
  return {
    id: job.id,
    source: job.source,
    from: isoInstant(job.range.from),
    to: isoInstant(job.range.to),
    order: job.order,
    resend: job.resend,
    state: job.state,
    position: isoInstant(job.position),
    percent: percentOf(job, limits === undefined ? now : settledEnd(now, limits)),
    windows: job.windows,
    rows: job.rows,
    queued: count('queued'),
    stuck: count('stuck'),
    startedAt: isoInstant(job.startedAt),
    finishedAt: job.finishedAt === undefined ? null : isoInstant(job.finishedAt),
    forecast: isOver || limits === undefined ? null : forecastOf(job, state, limits, perHour, now),
  };
}
