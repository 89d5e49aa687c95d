import type { Problem } from '../../../exchange/problem.ts';
import type { Answer, Answered, Question } from '../answer.ts';
import { isId } from '../communication-reference.ts';
import { isObject, isResource, objectOf, objectsOf, textOf, type JsonObject } from '../untrusted.ts';
import { requestProblem } from './answer-problem.ts';
import type { Target } from './bundle.ts';
import { versionOf } from './bundle-reply.ts';
import { identifierSearch } from './search-value.ts';

/** What a look at the EHR found. */
export type Found =
  | { readonly kind: 'absent' }
  | { readonly kind: 'there'; readonly id: string; readonly version?: string; readonly resource: JsonObject }
  /** It cannot be told, and the write is idempotent without it. */
  | { readonly kind: 'cannot-look' }
  /** It must not be written; `concernsAll` when nothing else need be asked either. */
  | { readonly kind: 'problem'; readonly problem: Problem; readonly concernsAll: boolean };

export function lookFor(target: Target): Question {
  // HAPI answers the same search from its cache for a minute.
  const headers = { 'cache-control': 'no-cache' };
  return target.kind === 'id'
    ? { method: 'GET', path: `Communication/${target.id}`, headers }
    : { method: 'GET', path: `Communication?${identifierSearch(target)}&_count=3`, headers };
}

/** Pure. */
export function readLook(target: Target, answer: Answer): Found {
  if (answer.kind === 'failed') return { kind: 'problem', problem: answer.problem, concernsAll: true };
  const { status, body } = answer;
  if (status === 200) return target.kind === 'id' ? readOne(target.id, answer) : readSearch(target, answer);
  if (target.kind === 'id' && isResource(body)) {
    if (status === 404) return target.known ? deleted(status) : { kind: 'absent' };
    if (status === 410) return deleted(status);
  }
  // No read is offered: an update by id is idempotent without a look.
  if (target.kind === 'id' && (status === 405 || status === 501)) return { kind: 'cannot-look' };
  return { kind: 'problem', problem: requestProblem(answer), concernsAll: true };
}

function readOne(id: string, answer: Answered): Found {
  const { body, etag } = answer;
  if (!isResource(body, 'Communication') || body['id'] !== id) {
    return { kind: 'problem', problem: requestProblem(answer), concernsAll: true };
  }
  return there(id, body, etag);
}

/** What is found is compared exactly: a server may ignore a parameter it does not know, or the case of letters. */
function readSearch(target: Exclude<Target, { kind: 'id' }>, answer: Answered): Found {
  const { body } = answer;
  if (!isResource(body, 'Bundle') || body['type'] !== 'searchset')
    return { kind: 'problem', problem: requestProblem(answer), concernsAll: true };
  const found = objectsOf(body['entry'])
    .map(({ resource }) => objectOf(resource))
    .filter((resource) => isResource(resource, 'Communication'));
  const ours = found.filter(({ identifier }) =>
    objectsOf(identifier).some(({ system, value }) => system === target.system && value === target.value),
  );
  const [first] = ours;
  if (ours.length > 1) return { kind: 'problem', problem: { code: 'multiple-matches' }, concernsAll: false };
  const id = textOf(first?.['id']);
  if (first !== undefined && id !== undefined && isId(id)) return there(id, first, undefined);
  if (found.length === 0 && isWhole(body)) return { kind: 'absent' };
  // It gives what was not asked for, or not all, so its search does not tell whether ours is there.
  return { kind: 'problem', problem: { code: 'outcome-unknown' }, concernsAll: false };
}

/** Some servers give empty pages with more behind them, or count what they do not show. */
const isWhole = ({ link, total, entry }: JsonObject): boolean =>
  !objectsOf(link).some(({ relation }) => relation === 'next') &&
  // A remark among the entries may be counted, too.
  !(typeof total === 'number' && total > objectsOf(entry).length);

function there(id: string, resource: JsonObject, etag: string | undefined): Found {
  const { meta } = resource;
  const version = versionOf(etag) ?? (isObject(meta) ? textOf(meta['versionId']) : undefined);
  return { kind: 'there', id, resource, ...(version === undefined ? {} : { version }) };
}

const deleted = (httpStatus: number): Found => ({
  kind: 'problem',
  problem: { code: 'deleted-at-ehr', httpStatus },
  concernsAll: false,
});
