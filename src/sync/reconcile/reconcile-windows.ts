import { dayMs, floorToGrain, grainMs, type TimeWindow } from '../../exchange/window.ts';
import type { ProblemCode } from '../../exchange/problem.ts';

/** The messages of so many rows are in memory at once, with their texts: some fifty megabytes. */
export const mostRows = 10_000;
/** A day is cut beforehand into windows of about so many messages: a few more than are known must not break one. */
const rowsWanted = 8_000;

/** The range by days in UTC, in whole minutes; the first and the last may be parts of a day. */
export function daysOf(range: TimeWindow): readonly TimeWindow[] {
  const from = floorToGrain(range.from);
  const to = floorToGrain(range.to + grainMs - 1);
  const days: TimeWindow[] = [];
  for (let day = Math.floor(from / dayMs) * dayMs; day < to; day += dayMs) {
    days.push({ from: Math.max(from, day), to: Math.min(to, day + dayMs) });
  }
  return days;
}

/**
 * The windows that a day is read in: one, but for a day with very many messages, or a vendor whose answers are known to
 * get too large.
 * @param known outgoing messages of the day in the ledger
 * @param widestMs the widest window that the vendor has answered well
 */
export function windowsOf(day: TimeWindow, known: number, widestMs = Infinity): readonly TimeWindow[] {
  const width = day.to - day.from;
  const parts = Math.max(1, Math.ceil(known / rowsWanted), Math.ceil(width / Math.max(grainMs, widestMs)));
  const step = Math.max(grainMs, floorToGrain(width / parts + grainMs - 1));
  const windows: TimeWindow[] = [];
  for (let { from } = day; from < day.to; from += step) windows.push({ from, to: Math.min(day.to, from + step) });
  return windows;
}

/** What may be the window's own trouble: halves of it may be answered. */
export const inHalves: readonly ProblemCode[] = [
  'source-too-large',
  'source-timeout',
  'source-incomplete-answer',
  'source-capped',
];
