import type { Ehr, Interaction } from './interaction.ts';
import { refused, type Refused, type Reply } from './reply.ts';
import type { ResourceType } from './store.ts';
import { readTokens } from './token.ts';
import { refusal } from './words.ts';

const mostPerPage = 1000;
const perPage = 50;

type Finder = (ehr: Ehr, type: ResourceType, text: string) => Iterable<string>;

/** Each gives ids of what is there. */
const finders: Readonly<Record<ResourceType, Readonly<Record<string, Finder>>>> = {
  Communication: { _id: byId, identifier: byIdentifier, subject: bySubject, patient: bySubject },
  Patient: { _id: byId, identifier: byIdentifier },
};

export type Found = { readonly kind: 'found'; readonly ids: readonly string[] } | Refused;

/** What fits the criteria of a conditional interaction: `identifier=system|value`. */
export function findByCriteria(ehr: Ehr, type: ResourceType, criteria: string): Found {
  const seen = ehr.seen?.get(`${type}?${criteria}`);
  if (seen !== undefined) return seen;
  const query = new URLSearchParams(criteria);
  return query.size === 0 ? refused(400, 'invalid', 'Criteria are needed.') : find(ehr, type, query);
}

/** A parameter that is not known is refused: ignored, it would find too much. */
function find(ehr: Ehr, type: ResourceType, query: URLSearchParams): Found {
  let ids: ReadonlySet<string> | undefined;
  for (const [name, value] of query) {
    const finder = ehr.offers.searches[type].includes(name) ? finders[type][name] : undefined;
    if (finder === undefined) return refusal(ehr, 'search-parameter-unknown', { parameter: name });
    if (value === '') return refused(400, 'invalid', `The search parameter "${name}" is empty.`);
    const found = new Set(finder(ehr, type, value));
    ids = ids === undefined ? found : new Set([...ids].filter((id) => found.has(id)));
  }
  return { kind: 'found', ids: [...(ids ?? ehr.store.ids(type))] };
}

function* byId({ store }: Ehr, type: ResourceType, text: string): Iterable<string> {
  for (const id of text.split(',')) if (store.current(type, id)?.text !== undefined) yield id;
}

function* byIdentifier({ store }: Ehr, type: ResourceType, text: string): Iterable<string> {
  for (const token of readTokens(text)) yield* store.index(type).byIdentifier(token);
}

function* bySubject({ store }: Ehr, type: ResourceType, text: string): Iterable<string> {
  for (const each of text.split(',')) {
    yield* store.index(type).bySubject(each.includes('/') ? each : `Patient/${each}`);
  }
}

/** The same search is answered from before for a while, where servers of that kind do so. */
export function performSearch(ehr: Ehr, type: ResourceType, { query, noCache = false }: Interaction): Reply {
  const { searchCacheMs } = ehr.profile.habits;
  if (searchCacheMs === 0) return searchNow(ehr, type, query);
  const address = `${type}?${query.toString()}`;
  const known = ehr.searched.get(address);
  if (known !== undefined && !noCache && ehr.now() - known.at < searchCacheMs) return known.reply;
  const reply = searchNow(ehr, type, query);
  ehr.searched.set(address, { at: ehr.now(), reply });
  return reply;
}

/** `_count`, `_offset` and `_summary=count` are about the answer, all others about what is found. */
function searchNow(ehr: Ehr, type: ResourceType, query: URLSearchParams): Reply {
  const criteria = new URLSearchParams(query);
  for (const name of ['_count', '_offset', '_summary', '_total']) criteria.delete(name);
  const found = find(ehr, type, criteria);
  if (found.kind === 'refused') return found;
  const asked = numberOf(query.get('_count'), perPage);
  const offset = numberOf(query.get('_offset'), 0);
  const summary = query.get('_summary') ?? 'false';
  if (asked === undefined || offset === undefined) return refused(400, 'invalid', '_count has to be a number.');
  if (summary !== 'count' && summary !== 'false') return refused(400, 'not-supported', '_summary is count or false.');
  const total = found.ids.length;
  const count = Math.min(asked, mostPerPage);
  const page = summary === 'count' ? [] : found.ids.slice(offset, offset + count);
  const links = [
    { relation: 'self', url: addressOf(ehr, type, query) },
    ...(page.length > 0 && offset + count < total
      ? [{ relation: 'next', url: addressOf(ehr, type, query, { _count: count, _offset: offset + count }) }]
      : []),
  ];
  const entries = page.map((id) => {
    const text = ehr.store.current(type, id)?.text ?? '{}';
    return `{"fullUrl":"${ehr.base}/${type}/${id}","resource":${text},"search":{"mode":"match"}}`;
  });
  const head = `{"resourceType":"Bundle","type":"searchset","total":${total},"link":${JSON.stringify(links)}`;
  const body = entries.length === 0 ? `${head}}` : `${head},"entry":[${entries.join(',')}]}`;
  return { kind: 'done', status: 200, body };
}

function addressOf(
  { base }: Ehr,
  type: ResourceType,
  query: URLSearchParams,
  page: Readonly<Record<string, number>> = {},
): string {
  const parameters = new URLSearchParams(query);
  for (const [name, value] of Object.entries(page)) parameters.set(name, String(value));
  return parameters.size === 0 ? `${base}/${type}` : `${base}/${type}?${parameters.toString()}`;
}

function numberOf(text: string | null, fallback: number): number | undefined {
  if (text === null) return fallback;
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
