import type { TimeWindow } from '../exchange/window.ts';
import type { AnswerSize } from '../ledger/ledger.ts';
import type { PlanLimits } from './tiers.ts';

/**
 * A vendor may cut answers off at a number of rows and not say so. The cap is learned: an answer that looks cut off is
 * looked into by reading its halves. Where they hold more than it, and it comes once more as it was, its size is the cap.
 */

/** Nobody caps at less; what is smaller is cheap to be large by chance. */
const smallestCap = 50;

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
export function mayBeCutOff(rows: number, { mostRows = 0, wholeRows = 0 }: AnswerSize): boolean {
  return rows >= smallestCap && rows >= mostRows && rows > wholeRows;
}

/** No answer was larger, and another window gave as many rows, or the ledger knows messages that it lacks. */
export function looksCutOff({ window, rows, missing }: AnswerRows, size: AnswerSize): boolean {
  if (!mayBeCutOff(rows, size)) return false;
  const { mostRows, mostWindow } = size;
  const isOther = mostWindow?.from !== window.from || mostWindow.to !== window.to;
  return missing > 0 || (rows === mostRows && isOther);
}

/** What the size of an answer teaches that is taken as it is. `isWhole`: it was looked into. */
export function sizeAfter(rows: number, window: TimeWindow, isWhole: boolean, size: AnswerSize): AnswerSize {
  let after = size;
  if (size.rowCap !== undefined && rows > size.rowCap) {
    const { rowCap: _, ...others } = size;
    after = others;
  }
  if (rows > (size.mostRows ?? smallestCap - 1)) after = { ...after, mostRows: rows, mostWindow: window };
  return isWhole ? { ...after, wholeRows: rows } : after;
}
