import { describe, expect, it } from 'vitest';
import { answered, answerOfError } from '../../../src/destinations/fhir-server/client-error.ts';

const caused = (code: string): Error =>
  new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });

const thrown = (status: number, data: unknown, headers: Record<string, string> = {}) =>
  Object.assign(new Error('HTTP'), { response: { status, data }, config: { headers: new Headers(headers) } });

describe('what the client throws', () => {
  it.each([
    ['ECONNREFUSED', 'ehr-unreachable'],
    ['ENOTFOUND', 'ehr-unreachable'],
    ['UND_ERR_CONNECT_TIMEOUT', 'ehr-unreachable'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'ehr-tls-error'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'ehr-tls-error'],
    ['ECONNRESET', 'ehr-answer-lost'],
    ['UND_ERR_SOCKET', 'ehr-answer-lost'],
  ])('for %s is %s', (code, problem) => {
    expect(answerOfError(caused(code), false, 0)).toEqual({ kind: 'failed', problem: { code: problem } });
  });

  it('after the deadline is a lost answer, whatever it is', () => {
    for (const error of [new DOMException('x', 'AbortError'), new Error('any'), 'text', undefined]) {
      expect(answerOfError(error, true, 0)).toEqual({ kind: 'failed', problem: { code: 'ehr-answer-lost' } });
    }
  });

  it('that nobody knows is an answer that was none', () => {
    for (const error of [
      new TypeError('Object.defineProperty called on non-object'),
      null,
      'text',
      { response: null },
    ]) {
      expect(answerOfError(error, false, 0)).toEqual({ kind: 'failed', problem: { code: 'ehr-unexpected-answer' } });
    }
  });

  it('for a status is that answer, with its wait', () => {
    expect(answerOfError(thrown(503, 'page', { 'retry-after': '5' }), false, 0)).toEqual({
      kind: 'answered',
      status: 503,
      body: undefined,
      retryAfterMs: 5000,
    });
    expect(answerOfError(thrown(422, { resourceType: 'OperationOutcome' }), false, 0)).toEqual({
      kind: 'answered',
      status: 422,
      body: { resourceType: 'OperationOutcome' },
    });
  });

  it('has a wait by RateLimit where nothing remains, or nothing was done; Retry-After goes before', () => {
    const waitOf = (status: number, headers: Record<string, string>) => {
      const answer = answered(status, {}, new Headers(headers), 0);
      return answer.retryAfterMs;
    };
    const ratelimit = '"requests";r=0;t=17';
    for (const status of [200, 429, 503]) expect(waitOf(status, { ratelimit })).toBe(17_000);
    expect(waitOf(429, { ratelimit: '"requests";r=5;t=17' })).toBe(17_000);
    expect(waitOf(200, { ratelimit: '"requests";r=5;t=17' })).toBeUndefined();
    expect(waitOf(429, { ratelimit, 'retry-after': '3' })).toBe(3_000);
    expect(waitOf(429, { ratelimit: 'whenever' })).toBeUndefined();
    // A day is the longest that anybody is waited for.
    expect(waitOf(429, { ratelimit: '"requests";r=0;t=99999' })).toBe(86_400_000);
  });

  it('has a place also where it is told as Content-Location', () => {
    const place = 'https://ehr.example.org/fhir/Communication/server-1/_history/1';
    expect(answered(201, {}, new Headers({ 'content-location': place, etag: 'W/"1"' }), 0)).toEqual({
      kind: 'answered',
      status: 201,
      body: {},
      location: place,
      etag: 'W/"1"',
    });
  });
});
