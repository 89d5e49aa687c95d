import { isProblemCode } from '../exchange/problem.ts';
import type { SourceRunReport } from '../exchange/reports.ts';
import { ProblemTally } from './tally.ts';

export function nothingRead(name: string): SourceRunReport {
  return {
    name,
    windows: 0,
    read: 0,
    new: 0,
    changed: 0,
    unchanged: 0,
    resent: 0,
    unreadable: 0,
    vanished: 0,
    problems: {},
  };
}

/** What two readings of a source come to together. */
export function sumOf(one: SourceRunReport, other: SourceRunReport): SourceRunReport {
  const problems = new ProblemTally();
  for (const counts of [one.problems, other.problems]) {
    for (const [code, count] of Object.entries(counts)) if (isProblemCode(code)) problems.add(code, count);
  }
  return {
    name: one.name,
    windows: one.windows + other.windows,
    read: one.read + other.read,
    new: one.new + other.new,
    changed: one.changed + other.changed,
    unchanged: one.unchanged + other.unchanged,
    resent: one.resent + other.resent,
    unreadable: one.unreadable + other.unreadable,
    vanished: one.vanished + other.vanished,
    problems: problems.counts(),
  };
}
