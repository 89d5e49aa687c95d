import type { Problem } from '../../../exchange/problem.ts';
import type { Answer, Question } from '../answer.ts';
import { isResource, objectOf, objectsOf } from '../untrusted.ts';
import { requestProblem, unanswered } from '../writing/answer-problem.ts';
import { anyIdentifierSearch, type SearchedIdentifier } from '../writing/search-value.ts';
import { readPatient, type Patient } from './patient.ts';

/** Identifiers in one search, and how long its path may get: servers cut off what is longer than a few thousand. */
const mostTogether = 25;
const longestPath = 3_000;
/** For each identifier, room for a Patient and those merged into it. */
const roomForEach = 4;

/** What one search told. */
export type SearchResult =
  /** `patients`: those that have one of the identifiers, to the letter. `whole`: there are no more of them. */
  | { readonly kind: 'patients'; readonly patients: readonly Patient[]; readonly whole: boolean }
  /** It was refused for what it asks: fewer at a time may do. */
  | { readonly kind: 'refused'; readonly problem: Problem }
  /** It concerns the whole EHR: the others need not be asked for. */
  | { readonly kind: 'failed'; readonly problem: Problem };

/** Cuts identifiers into searches, in their order. */
export function searchesFor(
  identifiers: readonly SearchedIdentifier[],
  most = mostTogether,
): readonly (readonly SearchedIdentifier[])[] {
  const searches: SearchedIdentifier[][] = [];
  let current: SearchedIdentifier[] = [];
  for (const identifier of identifiers) {
    const longer = [...current, identifier];
    if (current.length > 0 && (longer.length > most || anyIdentifierSearch(longer).length > longestPath)) {
      searches.push(current);
      current = [identifier];
    } else {
      current = longer;
    }
  }
  return current.length === 0 ? searches : [...searches, current];
}

export function patientSearch(identifiers: readonly SearchedIdentifier[]): Question {
  const count = identifiers.length * roomForEach;
  return {
    method: 'GET',
    path: `Patient?${anyIdentifierSearch(identifiers)}&_count=${count}`,
    // HAPI answers the same search from its cache for a minute.
    headers: { 'cache-control': 'no-cache' },
  };
}

/** What is found is compared exactly: a server may ignore a parameter it does not know, or the case of letters. Pure. */
export function readPatientSearch(
  identifiers: readonly SearchedIdentifier[],
  answer: Answer,
  base: string,
): SearchResult {
  if (answer.kind === 'failed') return { kind: 'failed', problem: onPatient(unanswered(answer.problem)) };
  const { status, body } = answer;
  if (status === 200 && isResource(body, 'Bundle') && body['type'] === 'searchset') {
    const patients = objectsOf(body['entry'])
      .map(({ resource }) => objectOf(resource))
      .filter((resource) => isResource(resource, 'Patient'))
      .flatMap((resource) => readPatient(resource, base) ?? [])
      .filter((patient) => identifiers.some((identifier) => hasIdentifier(patient, identifier)));
    const whole = !objectsOf(body['link']).some(({ relation }) => relation === 'next');
    return { kind: 'patients', patients, whole };
  }
  const problem = onPatient(unanswered(requestProblem(answer)));
  // Too long an address is refused by servers and by what stands before them, in FHIR or not.
  if ([400, 404, 405, 413, 414, 422, 431].includes(status)) {
    return { kind: 'refused', problem: { ...problem, code: 'patient-search-refused' } };
  }
  return { kind: 'failed', problem };
}

/** Finds nobody, and shows whether this login may search at all. */
export const searchForNobody = (nobody: string): Question =>
  patientSearch([{ system: 'urn:ietf:rfc:3986', value: `urn:uuid:${nobody}` }]);

export const hasIdentifier = ({ identifiers }: Patient, { system, value }: SearchedIdentifier): boolean =>
  identifiers.some((each) => each.system === system && each.value === value);

/** So that a missing right is told to be one to read Patients. */
export const onPatient = (problem: Problem): Problem => ({ where: 'Patient', ...problem });
