import { problemKind, type Problem } from '../exchange/problem.ts';
import type { Instant } from '../exchange/window.ts';
import { backOffMs, type Random } from './retry-policy.ts';

/** What a failed reading means for the schedule. People and programs who ask are served at once, but for `asked`. */
export interface SourcePause {
  readonly problem: Problem;
  readonly failures: number;
  /** Infinity: until somebody asks, or the login is another (a refused one is not repeated: accounts get locked). */
  readonly until: Instant;
  /** The vendor itself asked for this pause: nobody may cut it short. */
  readonly asked: boolean;
  /** The login of that reading. */
  readonly login?: string;
}

/**
 * The pause after one more reading; none after a good one.
 * @param login with which it was made, in whatever form tells it from another
 */
export function pauseAfter(
  problem: Problem | undefined,
  before: SourcePause | undefined,
  now: Instant,
  random: Random,
  login?: string,
): SourcePause | undefined {
  if (problem === undefined) return undefined;
  const failures = (before?.failures ?? 0) + 1;
  const asked = problem.retryAfterMs !== undefined;
  if (problemKind(problem.code).class === 'permanent') {
    return { problem, failures, until: Infinity, asked: false, ...(login === undefined ? {} : { login }) };
  }
  return { problem, failures, until: now + backOffMs(failures, random, problem.retryAfterMs), asked };
}

/** The pause as it holds with this login: a refusal is not repeated, and says nothing of another login. */
export function pauseWith(pause: SourcePause | undefined, login: string | undefined): SourcePause | undefined {
  return pause?.until === Infinity && pause.login !== login ? undefined : pause;
}

/** Whether a reading may start: by the schedule, or because somebody asks. */
export function mayRead(pause: SourcePause | undefined, byPerson: boolean, now: Instant): boolean {
  if (pause === undefined || pause.until <= now) return true;
  return byPerson && !pause.asked;
}
