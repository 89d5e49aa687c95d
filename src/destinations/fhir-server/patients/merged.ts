import type { Problem } from '../../../exchange/problem.ts';
import type { Answer, Ask, Question } from '../answer.ts';
import { isResource } from '../untrusted.ts';
import { requestProblem, unanswered } from '../writing/answer-problem.ts';
import { readPatient, type Patient } from './patient.ts';
import { onPatient } from './patient-search.ts';

/** So many mergers one after the other are followed. */
const longestTrail = 5;

export type PatientRead =
  | { readonly kind: 'read'; readonly patient: Patient }
  /** Not there, or deleted. */
  | { readonly kind: 'gone'; readonly httpStatus: number }
  | { readonly kind: 'failed'; readonly problem: Problem };

export const patientRead = (id: string): Question => ({
  method: 'GET',
  path: `Patient/${id}`,
  headers: { 'cache-control': 'no-cache' },
});

/** Pure. */
export function readPatientRead(id: string, answer: Answer, base: string): PatientRead {
  if (answer.kind === 'failed') return { kind: 'failed', problem: onPatient(unanswered(answer.problem)) };
  const { status, body } = answer;
  const patient = status === 200 && isResource(body, 'Patient') ? readPatient(body, base) : undefined;
  if (patient?.id === id) return { kind: 'read', patient };
  const gone = (status === 404 && isResource(body)) || status === 410;
  // An id that cannot be one there: HAPI answers 400.
  if (gone || (status === 400 && isResource(body))) return { kind: 'gone', httpStatus: status };
  return { kind: 'failed', problem: onPatient(unanswered(requestProblem(answer))) };
}

export type Current =
  /** Those that are current, each once; more than one: nobody knows which. */
  | { readonly kind: 'current'; readonly patients: readonly Patient[] }
  | { readonly kind: 'failed'; readonly problem: Problem };

/**
 * The current Patients that these have become: each itself, or what replaced it, step by step. A trail that ends at an
 * inactive Patient, turns in a circle or is too long leads to nobody.
 */
export async function currentOf(found: readonly Patient[], ask: Ask, base: string): Promise<Current> {
  const seen = new Map(found.map((patient) => [patient.id, patient]));
  let open = found;
  for (let step = 0; step < longestTrail; step += 1) {
    const next = new Set(open.flatMap(({ current, replacedBy }) => (current ? [] : replacedBy)));
    const unread = [...next].filter((id) => !seen.has(id));
    if (unread.length === 0) break;
    const read: Patient[] = [];
    for (const id of unread) {
      const one = readPatientRead(id, await ask(patientRead(id)), base);
      if (one.kind === 'failed') return one;
      if (one.kind === 'read') read.push(one.patient);
    }
    for (const patient of read) seen.set(patient.id, patient);
    open = read;
  }
  return { kind: 'current', patients: [...seen.values()].filter(({ current }) => current) };
}
