import type { Delivery } from '../../../exchange/delivery.ts';
import type { Problem } from '../../../exchange/problem.ts';
import type { Ask } from '../answer.ts';
import { isResource } from '../untrusted.ts';
import { requestProblem, unanswered } from './answer-problem.ts';
import { judgeHeld, type Earlier, type HeldVerdict } from './foreign.ts';
import type { Found } from './look.ts';

export type Judged =
  | Exclude<HeldVerdict, { kind: 'ask-earlier' }>
  /** What ours was like could not be asked: it concerns the whole EHR. */
  | { readonly kind: 'unasked'; readonly problem: Problem };

/**
 * Whether what was found may be written over. Only for a version that is not ours is one question more asked: what
 * ours was like, so that a touch without a change is told from a change.
 */
export async function judged(
  delivery: Pick<Delivery, 'resource' | 'knownVersion' | 'sentDigests' | 'unsure'>,
  found: Extract<Found, { kind: 'there' }>,
  ask: Ask,
): Promise<Judged> {
  const { resource, knownVersion, sentDigests, unsure } = delivery;
  const known = {
    unsure,
    ...(knownVersion === undefined ? {} : { version: knownVersion }),
    ...(sentDigests === undefined ? {} : { sentDigests }),
  };
  const verdict = judgeHeld(resource, found, known);
  if (verdict.kind !== 'ask-earlier') return verdict;
  const earlier = await readVersion(found.id, verdict.version, ask);
  if (earlier.kind === 'unasked') return earlier;
  const informed = judgeHeld(resource, found, known, earlier.content);
  // It never asks twice.
  return informed.kind === 'ask-earlier' ? { kind: 'foreign', problem: { code: 'changed-at-ehr' } } : informed;
}

async function readVersion(
  id: string,
  version: string,
  ask: Ask,
): Promise<{ readonly kind: 'told'; readonly content: Earlier } | Extract<Judged, { kind: 'unasked' }>> {
  const answer = await ask({ method: 'GET', path: `Communication/${id}/_history/${encodeURIComponent(version)}` });
  if (answer.kind === 'failed') return { kind: 'unasked', problem: unanswered(answer.problem) };
  const { status, body } = answer;
  if (status === 200 && isResource(body, 'Communication')) return { kind: 'told', content: body };
  // It keeps no old versions, or does not show them.
  if ([400, 404, 405, 410, 501].includes(status)) return { kind: 'told', content: 'gone' };
  return { kind: 'unasked', problem: unanswered(requestProblem(answer)) };
}
