import type { Judgement } from '../../exchange/delivery.ts';
import type { Answer } from './answer.ts';
import { gravest } from './operation-outcome.ts';
import { requestProblem, unanswered } from './writing/answer-problem.ts';
import { isResource, objectOf, objectsOf, type JsonObject } from './untrusted.ts';

/**
 * Whether the EHR says that it carries out `$validate` for a Communication. One that does not say so is not asked: it
 * might take the POST for something else. https://hl7.org/fhir/R4/resource-operation-validate.html
 */
export function offersValidate(statement: JsonObject): boolean {
  const rest = objectsOf(statement['rest']).find(({ mode }) => mode === 'server') ?? {};
  const ofType = objectsOf(rest['resource']).find(({ type }) => type === 'Communication');
  return [rest, objectOf(ofType)].some(({ operation }) =>
    objectsOf(operation).some(({ name }) => name === 'validate' || name === '$validate'),
  );
}

/** What the EHR answered to `$validate`. Pure. */
export function readJudgement(answer: Answer): Judgement {
  if (answer.kind === 'failed') return { kind: 'unknown', problem: unanswered(answer.problem) };
  const { status, body } = answer;
  // Some refuse the request for what they find, and say it in the same way.
  const told = isResource(body, 'OperationOutcome') && (status === 200 || status === 400 || status === 422);
  if (told) {
    const faults = gravest(body);
    return faults.length === 0 && status === 200 ? { kind: 'accepted' } : { kind: 'refused', faults };
  }
  if (status === 404 || status === 405 || status === 501) return { kind: 'not-offered' };
  return { kind: 'unknown', problem: unanswered(requestProblem(answer)) };
}
