import type { SweepTier, Tier } from '../exchange/tier.ts';
import { dayMs, grainMs, hourMs, minuteMs, type Instant } from '../exchange/window.ts';

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
  readonly requestsPerHour: number;
  /** An answer of so many rows is cut off, where the vendor is known to do so. */
  readonly rowCap?: number;
}

/** Every poll reads this much before the frontier again: late records and new statuses of the last hour cost no extra request. */
export const hotOverlapMs = hourMs;

/** The widest window: the request is one grain wider on both sides. */
export const widestWindowMs = ({ longestWindowMs }: Pick<PlanLimits, 'longestWindowMs'>): number =>
  longestWindowMs - 2 * grainMs;

export interface SweepRule {
  readonly everyMs: number;
  /** How far back it reads, from the END of the last one: an outage longer than this leaves no hole. */
  readonly spanMs: (limits: PlanLimits) => number;
}

/**
 * Records and statuses appear late, and nobody promises how late: vendors' own users were seen to raise the time from
 * hours to seven days. So the last hours are read again often, the last week a few times a day, the last month daily.
 */
export const sweepRules: Readonly<Record<SweepTier, SweepRule>> = {
  // Only as far as there are messages that may still change.
  open: { everyMs: 15 * minuteMs, spanMs: () => dayMs },
  warm: { everyMs: hourMs, spanMs: () => dayMs },
  cold: {
    everyMs: 6 * hourMs,
    spanMs: (limits) => Math.max(widestWindowMs(limits), limits.latenessMs + limits.settleDelayMs + grainMs),
  },
  deep: { everyMs: dayMs, spanMs: () => 30 * dayMs },
};

/** The most urgent first. */
export const tierOrder: readonly Tier[] = ['tail', 'open', 'warm', 'cold', 'backfill', 'deep'];

export const sweepTiers: readonly SweepTier[] = ['open', 'warm', 'cold', 'deep'];

/**
 * How much of an hour's requests a tier may use: a sixth is kept for what is new, and nothing that can wait takes what
 * more urgent tiers need. A sweep that is made more often may use less than a longer one, which would otherwise never be
 * done where requests are few: and it is the longest that the promise stands on. What somebody asks for (`range`) is as
 * urgent as what is new.
 */
export const budgetShare: Readonly<Record<Tier, number>> = {
  tail: 1,
  range: 1,
  open: 1 / 2,
  warm: 2 / 3,
  cold: 5 / 6,
  backfill: 7 / 12,
  deep: 1 / 2,
};
