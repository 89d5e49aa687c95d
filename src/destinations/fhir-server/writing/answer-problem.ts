import { problemKind, type Problem, type ProblemCode } from '../../../exchange/problem.ts';
import type { Answer, Answered, Question } from '../answer.ts';
import { readOutcome, type Findings } from '../operation-outcome.ts';
import { isResource } from '../untrusted.ts';
import { isPlainCreate, type Write } from './bundle.ts';

/** Why the EHR did not take one write. `inFhir`: it said so in FHIR, and not a proxy before it. Pure. */
export function recordProblem(write: Write, status: number, outcome: unknown, inFhir: boolean): Problem {
  const findings = readOutcome(outcome);
  const code = recordCode(write, status, findings, inFhir);
  // Carried out and failed afterwards? Only what may be sent twice is sent again without a look.
  const open = code === 'record-server-error' && status !== 503 && isPlainCreate(write);
  return detailed(open ? 'record-answer-lost' : code, status, findings);
}

function recordCode(write: Write, status: number, findings: Findings, inFhir: boolean): ProblemCode {
  const { target } = write;
  if (status === 401) return 'ehr-unauthorized';
  if (status === 403) return 'ehr-forbidden';
  if (status === 429) return 'record-throttled';
  if (status === 405 || status === 501) return 'ehr-unsuitable';
  if (status === 408 || status === 425 || status >= 500) return 'record-server-error';
  // Before the meaning of the status: it is 400, 404, 409, 412 or 422, as each server likes.
  if (findings.missingPatient) return 'patient-not-found';
  if (status === 413 || findings.tooLarge) return 'resource-too-large';
  const conditional = target.kind === 'identifier' || (target.kind === 'new' && target.conditional);
  // It does not know conditions, whatever it says of itself: R4 has some answer 412.
  if (conditional && findings.notSupported && findings.where === undefined) return 'ehr-unsuitable';
  if (status === 412) return findings.multipleMatches || conditional ? 'multiple-matches' : 'version-conflict';
  if (status === 409) return 'version-conflict';
  if (status === 410) return 'deleted-at-ehr';
  if (status === 404 && target.kind === 'id' && target.known) return 'deleted-at-ehr';
  // R4 answers so when clients may not choose ids; and there is nothing at this address any more. One that names another
  // resource is about a reference.
  if (status === 404 && inFhir && !findings.namesAnother) return 'ehr-unsuitable';
  return status >= 400 && inFhir ? 'resource-refused' : 'record-answer-lost';
}

/** Why the EHR took nothing of a request, where that is no matter of its content. Pure. */
export function requestProblem({ status, body, retryAfterMs, missingScope }: Answered): Problem {
  const findings = readOutcome(body);
  const told = missingScope === undefined ? findings : { ...findings, where: missingScope };
  const problem = detailed(requestCode(status), status, told);
  return retryAfterMs === undefined ? problem : { ...problem, retryAfterMs };
}

function requestCode(status: number): ProblemCode {
  if (status === 202) return 'ehr-answers-later';
  if (status === 401) return 'ehr-unauthorized';
  if (status === 403) return 'ehr-forbidden';
  if (status === 429) return 'ehr-throttled';
  if (status === 405 || status === 501) return 'ehr-unsuitable';
  // A gateway that lost the EHR's answer: it may have written.
  if (status === 502 || status === 504) return 'ehr-answer-lost';
  return status === 408 || status === 425 || status >= 500 ? 'ehr-server-error' : 'ehr-unexpected-answer';
}

/**
 * The same for these writes: what an error of the server leaves open is open, where sending again would double it. 503
 * with Retry-After is the EHR's own word that it did nothing.
 */
export function failureOf(writes: readonly Write[], answer: Answered): Problem {
  const problem = requestProblem(answer);
  const nothingDone = answer.status === 503 && answer.retryAfterMs !== undefined;
  return problem.code === 'ehr-server-error' && !nothingDone && writes.some(isPlainCreate)
    ? { ...problem, code: 'ehr-answer-lost' }
    : problem;
}

/** Whether the answer is about what was sent, so that a part of it may be taken: not about login, load or address. */
export function isAboutContent({ status, body }: Answered): boolean {
  // A 404 that is no FHIR is another server, or a path that is wrong.
  return status === 404 ? isResource(body) : [400, 409, 410, 412, 422].includes(status);
}

/**
 * Whether the answer to a write or a search says that the EHR is not what it said it is: then that is asked again. What
 * is not there to be read is nothing new. A 404 that names a Patient is HAPI's for a conditional reference that leads
 * nowhere.
 */
export function contradicts({ method, path }: Question, answer: Answer): boolean {
  if (answer.kind === 'failed' || (method === 'GET' && !path.includes('?'))) return false;
  const { status, body } = answer;
  return status === 405 || status === 501 || (status === 404 && !readOutcome(body).namesAnother);
}

/** What was not sent cannot have arrived: it is not looked for. */
export function unsentProblem(problem: Problem): Problem {
  return problemKind(problem.code).class === 'ambiguous' ? { code: 'ehr-unreachable' } : problem;
}

/** A question that writes nothing leaves nothing open: no answer is no answer. */
export const unanswered = (problem: Problem): Problem =>
  problem.code === 'ehr-answer-lost' ? { code: 'ehr-unreachable' } : problem;

function detailed(code: ProblemCode, httpStatus: number, { issue, where }: Findings): Problem {
  return {
    code,
    httpStatus,
    ...(issue === undefined ? {} : { issue }),
    ...(where === undefined ? {} : { where }),
  };
}
