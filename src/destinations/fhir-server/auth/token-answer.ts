import type { Problem } from '../../../exchange/problem.ts';
import type { NetworkFailure } from '../../../network/network-failure.ts';
import type { SmallAnswer } from '../../../network/small-request.ts';
import { isObject, textOf } from '../untrusted.ts';

/** What a token endpoint gave. */
export interface Token {
  readonly kind: 'token';
  /** The `Authorization` header that shows it. */
  readonly header: string;
  readonly lifetimeMs: number;
  /** What it is good for; undefined where that was not told. */
  readonly scope: string | undefined;
}

export type TokenAnswer = Token | { readonly kind: 'failed'; readonly problem: Problem };

/** RFC 6749, 5.2: what else stands in `error` is not repeated, nor is `error_description`, which may quote us. */
const errors = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
]);
/** Where a token does not say how long it lives (RFC 6749, 5.1). What lives for days is asked for anew all the same. */
const unsaidLifetimeMs = 300_000;
const longestLifetimeMs = 24 * 3_600_000;
/** An assertion lives four minutes, and must not live longer than five: a minute's difference may break it. */
const harmfulSkewMs = 60_000;

const networkCodes: Readonly<Record<NetworkFailure, 'token-endpoint-unreachable' | 'token-tls-error'>> = {
  unreachable: 'token-endpoint-unreachable',
  tls: 'token-tls-error',
  // Asking again for a token changes nothing: a lost answer is no answer.
  timeout: 'token-endpoint-unreachable',
  broken: 'token-endpoint-unreachable',
};

/**
 * The answer of a token endpoint (RFC 6749, 5). Pure.
 * @param dated what was shown to it holds times, so that a wrong clock spoils it
 */
export function readTokenAnswer(answer: SmallAnswer, dated: boolean): TokenAnswer {
  if (answer.kind === 'unanswered') return failed({ code: networkCodes[answer.failure] });
  const { status: httpStatus, json, retryAfterMs, clockAheadMs } = answer;
  if (httpStatus === 408 || httpStatus === 425 || httpStatus === 429 || httpStatus >= 500) {
    return failed({
      code: 'token-endpoint-failed',
      httpStatus,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }
  const members = isObject(json) ? json : {};
  const error = textOf(members['error']);
  if (error !== undefined || httpStatus === 401 || httpStatus === 403) {
    const issue = error !== undefined && errors.has(error) ? { issue: error } : {};
    if (error === 'invalid_scope') return failed({ code: 'token-scope-refused', httpStatus, ...issue });
    if (dated && clockAheadMs !== undefined && Math.abs(clockAheadMs) >= harmfulSkewMs) {
      return failed({ code: 'token-clock-skew', httpStatus, ...issue, where: skewed(clockAheadMs) });
    }
    return failed({ code: 'token-refused', httpStatus, ...issue });
  }
  const token = textOf(members['access_token']) ?? '';
  const type = textOf(members['token_type']) ?? 'bearer';
  // What no header can hold is no token.
  if (httpStatus !== 200 || !/^[\x21-\x7e]{1,65536}$/.test(token) || type.toLowerCase() !== 'bearer') {
    return failed({ code: 'token-unexpected-answer', httpStatus });
  }
  return {
    kind: 'token',
    header: `Bearer ${token}`,
    lifetimeMs: lifetimeOf(members['expires_in']),
    scope: textOf(members['scope']),
  };
}

/** Some write the number as a text. */
function lifetimeOf(expiresIn: unknown): number {
  const seconds = typeof expiresIn === 'string' && /^\d{1,9}$/.test(expiresIn) ? Number(expiresIn) : expiresIn;
  if (typeof seconds !== 'number' || !(seconds >= 0)) return unsaidLifetimeMs;
  return Math.min(seconds * 1000, longestLifetimeMs);
}

const skewed = (aheadMs: number): string =>
  `our clock is ${Math.abs(Math.round(aheadMs / 1000))} s ${aheadMs > 0 ? 'ahead' : 'behind'}`;

const failed = (problem: Problem): TokenAnswer => ({ kind: 'failed', problem });
