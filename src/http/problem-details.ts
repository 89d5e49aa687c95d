import type { ProblemCode } from '../exchange/problem.ts';
import type { RecordKey } from '../exchange/record-key.ts';

/**
 * Why a request was refused, as a closed list: clients read the code, people the sentences. `openapi.yaml` holds the
 * same list as `RequestProblemCode`.
 */
const kinds = {
  'malformed-request': { status: 400, title: 'The request cannot be read' },
  'unknown-parameter': { status: 400, title: 'A query parameter is not known' },
  'invalid-parameter': { status: 400, title: 'A query parameter or header has no usable value' },
  'malformed-json': { status: 400, title: 'The body is not JSON' },
  'invalid-body': { status: 400, title: 'The body does not have the form asked for' },
  'login-required': { status: 401, title: 'A user name and the right password are needed' },
  'cross-site-request': { status: 403, title: 'Another site may not send this request' },
  'role-required': { status: 403, title: 'The user lacks the role for this' },
  'not-found': { status: 404, title: 'There is nothing at this address' },
  'method-not-allowed': { status: 405, title: 'This address does not know the method' },
  'already-running': { status: 409, title: 'A run is under way' },
  'backfill-over': { status: 409, title: 'The backfill is over' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body has to be application/json in UTF-8, not compressed' },
  'unknown-source': { status: 422, title: 'No source has this name' },
  'unknown-record': { status: 422, title: 'There is no such message to send again' },
  'range-not-past': { status: 422, title: 'The range is not past' },
  'not-a-vendor-answer': { status: 422, title: 'The body is not a list of message results' },
  'unreadable-rows': { status: 422, title: 'Some rows cannot be read' },
  'rejected-messages': { status: 422, title: 'Some messages cannot be mapped' },
  'too-many-failures': { status: 429, title: 'Too many logins have failed' },
  'unexpected-error': { status: 500, title: 'The service met an unexpected error' },
  busy: { status: 503, title: 'Too much is asked at once' },
  stopping: { status: 503, title: 'The service is stopping' },
  'not-live': { status: 503, title: 'The service does not do its work' },
  'not-ready': { status: 503, title: 'The service is not ready' },
} as const satisfies Record<string, { readonly status: number; readonly title: string }>;

export type RequestProblemCode = keyof typeof kinds;

export const requestProblemCodes: readonly RequestProblemCode[] = Object.keys(kinds).filter(
  (code): code is RequestProblemCode => Object.hasOwn(kinds, code),
);

/** What a refusal says beyond its sentences. Only our own names and codes: never a value that was sent. */
export interface ProblemMembers {
  /** What is wrong with which parameter or member of the body. */
  readonly errors?: readonly { readonly field: string; readonly expects: string }[];
  readonly runId?: string;
  /** The names that would have been right. */
  readonly known?: readonly string[];
  readonly unreadableRows?: number;
  readonly rows?: readonly {
    readonly position: number;
    readonly code: ProblemCode;
    readonly where: string | null;
    readonly problem: string;
  }[];
  readonly rejectedMessages?: number;
  readonly messages?: readonly { readonly key: RecordKey; readonly code: ProblemCode; readonly problem: string }[];
}

/** An answer that is an error. */
export interface Refusal {
  readonly kind: 'refusal';
  readonly code: RequestProblemCode;
  /** What to do, for people. Never holds what was sent. */
  readonly detail: string;
  readonly members?: ProblemMembers;
  readonly headers?: Readonly<Record<string, string>>;
}

export function refusal(
  code: RequestProblemCode,
  detail: string,
  more: Pick<Refusal, 'members' | 'headers'> = {},
): Refusal {
  return { kind: 'refusal', code, detail, ...more };
}

export const refusalStatus = (code: RequestProblemCode): number => kinds[code].status;

/** The body of `application/problem+json` (RFC 9457). */
export function problemDetails(
  { code, detail, members }: Refusal,
  requestId: string,
): Readonly<Record<string, unknown>> {
  const { status, title } = kinds[code];
  return { type: `urn:dialog-health-fhir:problem:${code}`, title, status, detail, code, requestId, ...members };
}

/** `Retry-After` counts whole seconds. */
export const retryAfter = (waitMs: number): Readonly<Record<string, string>> => ({
  'Retry-After': String(Math.max(1, Math.ceil(waitMs / 1000))),
});
