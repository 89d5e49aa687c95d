import type { ProblemCode } from '../../exchange/problem.ts';
import type { Instant } from '../../exchange/window.ts';
import { networkFailure, type NetworkFailure } from '../../network/network-failure.ts';
import { longestWaitMs, retryAfterMs } from '../../network/retry-after.ts';
import type { Answer, Answered } from './answer.ts';
import { scopeAskedFor } from './auth/scopes.ts';
import { isObject } from './untrusted.ts';

const networkCodes: Readonly<Record<NetworkFailure, ProblemCode>> = {
  unreachable: 'ehr-unreachable',
  tls: 'ehr-tls-error',
  timeout: 'ehr-answer-lost',
  broken: 'ehr-answer-lost',
};

/**
 * What the client threw, as the answer it stands for: it throws for every status but 2xx and for every body that is no
 * JSON. Pure; the text of the error, which may hold the body, goes no further.
 * @param deadlinePassed the request was ended by us: it may have arrived
 */
export function answerOfError(error: unknown, deadlinePassed: boolean, now: Instant): Answer {
  const response = isObject(error) ? error['response'] : undefined;
  if (isObject(error) && isObject(response) && typeof response['status'] === 'number') {
    const headers = isObject(error['config']) ? error['config']['headers'] : undefined;
    return answered(response['status'], response['data'], headers instanceof Headers ? headers : new Headers(), now);
  }
  const failure = deadlinePassed ? 'timeout' : networkFailure(error);
  // The client stumbles over JSON that is no object (`null`, a number): an answer came, and it was none.
  return { kind: 'failed', problem: { code: failure === undefined ? 'ehr-unexpected-answer' : networkCodes[failure] } };
}

/** An answer with its status and the headers that matter. */
export function answered(status: number, data: unknown, headers: Headers, now: Instant): Answered {
  // HAPI tells the place of what it updated as Content-Location.
  const location = headers.get('location') ?? headers.get('content-location');
  const etag = headers.get('etag');
  const missingScope = status === 403 ? scopeAskedFor(headers.get('www-authenticate')) : undefined;
  const wait = retryAfterMs(headers.get('retry-after'), now) ?? rateLimitMs(status, headers.get('ratelimit'));
  return {
    kind: 'answered',
    status,
    // Text is a page of a proxy or a login.
    body: typeof data === 'string' ? undefined : data,
    ...(location === null ? {} : { location }),
    ...(etag === null ? {} : { etag }),
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
    ...(missingScope === undefined ? {} : { missingScope }),
  };
}

/**
 * Medplum tells the wait as `RateLimit: "requests";r=0;t=17` instead of Retry-After, and with every answer: it is one
 * where nothing remains, or where the answer says so.
 */
function rateLimitMs(status: number, header: string | null): number | undefined {
  const [, seconds] = /;\s*t=(\d{1,5})\b/.exec(header ?? '') ?? [];
  const isUsedUp = status === 429 || status === 503 || /;\s*r=0\b/.test(header ?? '');
  return isUsedUp && seconds !== undefined ? Math.min(Number(seconds) * 1000, longestWaitMs) : undefined;
}
