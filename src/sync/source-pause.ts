import { problemKind, type Problem } from '../exchange/problem.ts';
import type { Instant } from '../exchange/window.ts';
import { backlogLookMs } from './backlog.ts';
import { backOffMs, wasSetBack, type Random } from './retry-policy.ts';

/** What a failed reading means for the schedule. People and programs who ask are served at once, but for `asked`. */
export interface SourcePause {
  readonly problem: Problem;
  readonly failures: number;
  /** When it began. */
  readonly since: Instant;
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
  if (problem.code === 'backlog-full') {
    // No word of the vendor's: a login that it refused, and a pause that it asked for, hold on.
    if (before !== undefined && before.until > now + backlogLookMs) return before;
    return { problem, failures: before?.failures ?? 0, since: now, until: now + backlogLookMs, asked: false };
  }
  const failures = (before?.failures ?? 0) + 1;
  const asked = problem.retryAfterMs !== undefined;
  if (problemKind(problem.code).class === 'permanent') {
    return { problem, failures, since: now, until: Infinity, asked: false, ...(login === undefined ? {} : { login }) };
  }
  const until = now + backOffMs(failures, random, problem.retryAfterMs);
  return { problem, failures, since: now, until, asked };
}

/**
 * The pause as it holds now, with this login: a refusal is not repeated, and says nothing of another login. What a clock
 * has said that was wrong then holds no longer.
 */
export function pauseWith(
  pause: SourcePause | undefined,
  login: string | undefined,
  now: Instant,
): SourcePause | undefined {
  if (pause === undefined) return undefined;
  if (pause.until === Infinity) return pause.login === login ? pause : undefined;
  return wasSetBack(pause.since, now) ? undefined : pause;
}

/** Whether a reading may start: by the schedule, or because somebody asks. */
export function mayRead(pause: SourcePause | undefined, byPerson: boolean, now: Instant): boolean {
  if (pause === undefined || pause.until <= now) return true;
  return byPerson && !pause.asked;
}
