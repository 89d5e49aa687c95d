import type { Instant } from '../exchange/window.ts';

/** How many requests the EHR is given at once, and what that was learned from. */
export interface Concurrency {
  /** Grows by parts of one; whole requests are on their way. */
  readonly limit: number;
  /** The shortest answer to a full request lately; undefined before the first. */
  readonly bestMs: number | undefined;
  /** When it was seen: what the EHR could do long ago says nothing of today. */
  readonly bestAt: Instant;
  /** How long full answers take now, smoothed: one that is slow by itself means nothing. */
  readonly usualMs: number | undefined;
  /** How often the limit was lowered. */
  readonly lowered: number;
}

/** One request of the EHR that has come back. */
export interface Attempt {
  /** What held when it was sent: of a limit that was lowered since it says nothing. */
  readonly under: Concurrency;
  readonly tookMs: number;
  /** The EHR asked for less, of the whole or of an entry, or was not there. */
  readonly held: boolean;
  /** With as many messages as one takes: shorter ones are quicker whatever the load. */
  readonly full: boolean;
  /** As many were on their way as may be: else more of them would not have been sent. */
  readonly allInUse: boolean;
}

/** So much longer than at its best is what an EHR takes that has more at once than it can do. */
const slowFactor = 3;
/** Below this an answer is quick, however much quicker another was. */
const quickMs = 250;
const bestForMs = 600_000;
const smoothing = 0.3;

/** It begins with one and grows as the EHR answers. */
export const firstConcurrency: Concurrency = {
  limit: 1,
  bestMs: undefined,
  bestAt: -Infinity,
  usualMs: undefined,
  lowered: 0,
};

/**
 * One more for each round of answers, up to `most`; half as many when the EHR asks for less, is not there, or takes
 * three times as long as it can, at most once for what was sent together. Never less than one. Pure.
 */
export function concurrencyAfter(before: Concurrency, attempt: Attempt, most: number, now: Instant): Concurrency {
  const learned = attempt.full && !attempt.held ? withLatency(before, attempt.tookMs, now) : before;
  const { limit, usualMs = 0, bestMs = 0, lowered } = learned;
  if (attempt.held || usualMs > slowMs(bestMs)) {
    if (attempt.under.lowered !== lowered) return learned;
    // What is usual under the new limit is seen anew.
    return { ...learned, limit: Math.max(1, limit / 2), lowered: lowered + 1, usualMs: learned.bestMs };
  }
  return attempt.allInUse ? { ...learned, limit: Math.min(most, limit + 1 / limit) } : learned;
}

const slowMs = (bestMs: number): number => Math.max(quickMs, slowFactor * bestMs);

function withLatency(before: Concurrency, tookMs: number, now: Instant): Concurrency {
  const { bestMs, bestAt, usualMs = tookMs } = before;
  if (bestMs === undefined || tookMs <= bestMs || Math.abs(now - bestAt) > bestForMs) {
    return { ...before, bestMs: tookMs, bestAt: now, usualMs: Math.min(tookMs, usualMs) };
  }
  // Of one that hangs no more counts than it takes two of to be slow.
  const counted = Math.min(tookMs, 2 * slowMs(bestMs));
  return { ...before, usualMs: usualMs + smoothing * (counted - usualMs) };
}

/** Requests that may be on their way at once. */
export const atOnce = ({ limit }: Concurrency): number => Math.floor(limit + 1e-9);
