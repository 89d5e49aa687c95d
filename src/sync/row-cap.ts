import { hourMs, type Instant, type TimeWindow } from '../exchange/window.ts';
import type { AnswerSize } from '../ledger/ledger.ts';
import type { PlanLimits } from './tiers.ts';

/**
 * A vendor may cut answers off at a number of rows and not say so. The cap is learned: an answer that looks cut off is
 * looked into by reading its halves. Where they hold more than it, and it comes once more as it was, its size is the cap.
 */

/** Nobody caps at less; what is smaller is cheap to be large by chance. */
const smallestCap = 50;

/**
 * An answer that was looked into and found whole may have been as large as the cap by chance: one of its size is looked
 * into again after this.
 */
const wholeForMs = 6 * hourMs;

/** A complete answer, as far as its size goes. */
export interface AnswerRows {
  readonly window: TimeWindow;
  readonly rows: number;
  /** Messages of the window that the ledger knows and the answer does not hold. */
  readonly missing: number;
}

/** An answer of so many rows is cut off: so it is known, or so it was learned. */
export function isCapped(rows: number, limits: Pick<PlanLimits, 'rowCap'>, { rowCap }: AnswerSize): boolean {
  // A larger one shows that what was learned is wrong, or true no longer.
  return rows >= (limits.rowCap ?? Infinity) || rows === rowCap;
}

/** Whether what the ledger knows of the window says anything about the cap. */
export function mayBeCutOff(
  rows: number,
  { mostRows = 0, wholeRows = 0, wholeAt = 0 }: AnswerSize,
  now: Instant,
): boolean {
  return rows >= smallestCap && rows >= mostRows && (rows > wholeRows || now - wholeAt > wholeForMs);
}

/** No answer was larger, and another window gave as many rows, or the ledger knows messages that it lacks. */
export function looksCutOff({ window, rows, missing }: AnswerRows, size: AnswerSize, now: Instant): boolean {
  if (!mayBeCutOff(rows, size, now)) return false;
  const { mostRows, mostWindow } = size;
  const isOther = mostWindow?.from !== window.from || mostWindow.to !== window.to;
  return missing > 0 || (rows === mostRows && isOther);
}

/** What an answer teaches that is taken as it is. `wholeAt`: when it was looked into. */
export function sizeAfter(
  rows: number,
  window: TimeWindow,
  size: AnswerSize,
  wholeAt: Instant | undefined,
): AnswerSize {
  let after = size;
  if (size.rowCap !== undefined && rows > size.rowCap) {
    const { rowCap: _, ...others } = size;
    after = others;
  }
  if (rows > (size.mostRows ?? smallestCap - 1)) after = { ...after, mostRows: rows, mostWindow: window };
  return wholeAt === undefined ? after : { ...after, wholeRows: rows, wholeAt };
}
