import { problemKind, type Problem } from '../exchange/problem.ts';
import type { Instant } from '../exchange/window.ts';
import { backOffMs, type Random } from './retry-policy.ts';

/** What a failed reading means for the schedule. People and programs who ask are served at once, but for `asked`. */
export interface SourcePause {
  readonly problem: Problem;
  readonly failures: number;
  /** Infinity: until somebody asks (a refused login is not repeated: accounts get locked). */
  readonly until: Instant;
  /** The vendor itself asked for this pause: nobody may cut it short. */
  readonly asked: boolean;
}

/** The pause after one more reading; none after a good one. */
export function pauseAfter(
  problem: Problem | undefined,
  before: SourcePause | undefined,
  now: Instant,
  random: Random,
): SourcePause | undefined {
  if (problem === undefined) return undefined;
  const failures = (before?.failures ?? 0) + 1;
  const asked = problem.retryAfterMs !== undefined;
  if (problemKind(problem.code).class === 'permanent') return { problem, failures, until: Infinity, asked: false };
  return { problem, failures, until: now + backOffMs(failures, random, problem.retryAfterMs), asked };
}

/** Whether a reading may start: by the schedule, or because somebody asks. */
export function mayRead(pause: SourcePause | undefined, byPerson: boolean, now: Instant): boolean {
  if (pause === undefined || pause.until <= now) return true;
  return byPerson && !pause.asked;
}
