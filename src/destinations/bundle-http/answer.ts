import type { Problem, ProblemCode } from '../../exchange/problem.ts';
import type { NetworkFailure } from '../../network/network-failure.ts';

/** What came of one post. */
export type Answer =
  /** What the receiver says beside the status is not read: a plain listener speaks no FHIR. */
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfterMs?: number }
  | { readonly kind: 'failed'; readonly failure: NetworkFailure }
  /** Nothing was posted: there is no login to show. */
  | { readonly kind: 'no-login'; readonly problem: Problem };

/** What an answer means for the Bundle that was posted. */
export type Verdict =
  | { readonly kind: 'taken' }
  /** For what one or more of its entries hold. */
  | { readonly kind: 'content-refused'; readonly problem: Problem }
  | { readonly kind: 'too-large'; readonly problem: Problem }
  /** It concerns the receiver: the same for every Bundle. */
  | { readonly kind: 'failed'; readonly problem: Problem };

const networkCodes: Readonly<Record<NetworkFailure, ProblemCode>> = {
  unreachable: 'ehr-unreachable',
  tls: 'ehr-tls-error',
  timeout: 'ehr-answer-lost',
  broken: 'ehr-answer-lost',
};

/** The answers of a plain listener: any 2xx says that it has the Bundle, also for later. Pure. */
export function verdictOn(answer: Answer): Verdict {
  if (answer.kind === 'failed') return { kind: 'failed', problem: { code: networkCodes[answer.failure] } };
  if (answer.kind === 'no-login') return { kind: 'failed', problem: answer.problem };
  const { status, retryAfterMs } = answer;
  if (status >= 200 && status < 300) return { kind: 'taken' };
  const problem = (code: ProblemCode): Problem => ({
    code,
    httpStatus: status,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
  if (status === 400 || status === 422) return { kind: 'content-refused', problem: problem('resource-refused') };
  if (status === 413) return { kind: 'too-large', problem: problem('resource-too-large') };
  return { kind: 'failed', problem: problem(codeOf(status)) };
}

function codeOf(status: number): ProblemCode {
  if (status === 401) return 'ehr-unauthorized';
  if (status === 403) return 'ehr-forbidden';
  if (status === 429) return 'ehr-throttled';
  // A gateway that lost the receiver's answer.
  if (status === 502 || status === 504) return 'ehr-answer-lost';
  if (status === 408 || status === 425 || status >= 500) return 'ehr-server-error';
  // Another address, another method, a redirect: nothing that a message is to blame for.
  return 'listener-refused';
}

/** Whether the receiver may have the Bundle though it did not say so. */
export function isLost(answer: Answer): boolean {
  if (answer.kind === 'answered') return answer.status === 502 || answer.status === 504;
  return answer.kind === 'failed' && answer.failure === 'broken';
}
