import { whatCannotBeParsed } from './acceptable.ts';
import { whyTooMuch } from './bundle-limits.ts';
import { perform, type Ehr, type Interaction } from './interaction.ts';
import { isObject, textOf, type JsonObject } from './json.ts';
import { etagOf } from './read.ts';
import { brokenReference, resolveReferences } from './references.ts';
import { asEntry, operationOutcome, refused, type Done, type Refused, type Reply } from './reply.ts';
import { findByCriteria } from './search.ts';
import { resourceOf, resourceTypes } from './store.ts';
import { refusal } from './words.ts';

/** `echo`: entries are answered with the resources as they are now. */
export interface BundleOptions {
  readonly echo: boolean;
}

/** A batch or a transaction, by the type that the Bundle says it has. */
export function performBundle(ehr: Ehr, bundle: unknown, options: BundleOptions): Reply {
  if (!isObject(bundle) || bundle['resourceType'] !== 'Bundle')
    return refused(400, 'invalid', 'A Bundle is needed here.');
  const { type, entry = [] } = bundle;
  if (!Array.isArray(entry)) return refused(400, 'structure', 'A list is needed.', 'Bundle.entry');
  const isOffered = (type === 'batch' && ehr.offers.batch) || (type === 'transaction' && ehr.offers.transaction);
  if (!isOffered) return refusal(ehr, 'bundle-not-offered', {}, 'Bundle.type');
  const entries = entry.map((each: unknown) => readEntry(ehr, each));
  const interactions = entries.flatMap((each) => (each.kind === 'entry' ? [each.interaction] : []));
  const refusedWhole = unparsedIn(ehr, interactions) ?? whyTooMuch(ehr, type, interactions);
  if (refusedWhole !== undefined) return refusedWhole;
  return type === 'batch' ? batch(ehr, entries, options) : transaction(ehr, entries, options);
}

/** Where one entry that cannot be parsed refuses them all. */
function unparsedIn(ehr: Ehr, interactions: readonly Interaction[]): Refused | undefined {
  if (!ehr.profile.habits.parsesBundlesWhole) return undefined;
  for (const { resource } of interactions) {
    const unparsed = whatCannotBeParsed(ehr, resource);
    if (unparsed !== undefined) return unparsed;
  }
  return undefined;
}

interface Entry {
  readonly kind: 'entry';
  readonly fullUrl: string | undefined;
  readonly interaction: Interaction;
}

function readEntry({ base }: Ehr, entry: unknown): Entry | Refused {
  const request = isObject(entry) ? entry['request'] : undefined;
  if (!isObject(entry) || !isObject(request)) return refused(400, 'required', 'Each entry needs a request.');
  const { method, url, ifNoneExist, ifMatch } = request;
  if (typeof method !== 'string' || typeof url !== 'string') {
    return refused(400, 'required', 'Each request needs a method and a url.');
  }
  const [path = '', ...query] = (url.startsWith(`${base}/`) ? url.slice(base.length + 1) : url).split('?');
  return {
    kind: 'entry',
    fullUrl: textOf(entry['fullUrl']),
    interaction: {
      method,
      path: path.replace(/^\//, ''),
      query: new URLSearchParams(query.join('?')),
      ifNoneExist: textOf(ifNoneExist),
      ifMatch: textOf(ifMatch),
      resource: entry['resource'],
    },
  };
}

/** Each entry stands by itself. */
function batch(ehr: Ehr, entries: readonly (Entry | Refused)[], options: BundleOptions): Reply {
  const replies = entries.map((entry, index) => {
    const reply = entry.kind === 'refused' ? entry : perform(ehr, entry.interaction);
    return reply.kind === 'refused' ? asEntry(reply, index) : reply;
  });
  return answer('batch-response', ehr, replies, entries, options);
}

/** The order in which a transaction is worked off, whatever the order of its entries. */
const order = ['DELETE', 'POST', 'PUT', 'GET'];

/** All entries or none: whatever was written before the one that is refused is undone. */
function transaction(ehr: Ehr, read: readonly (Entry | Refused)[], options: BundleOptions): Reply {
  const entries: Entry[] = [];
  for (const [index, entry] of read.entries()) {
    if (entry.kind === 'refused') return asEntry(entry, index);
    if (!order.includes(entry.interaction.method)) {
      return asEntry(refused(400, 'not-supported', 'Not offered in a transaction.'), index);
    }
    entries.push(entry);
  }
  const apart = ehr.profile.habits.equalCreates === 'merged' ? entries.filter(isFirstOfItsCondition) : entries;
  return ehr.store.atomically(
    () => workOff(ehr, apart, options),
    ({ kind }) => kind === 'done',
  );
}

/** Equal conditional creates are one. */
function isFirstOfItsCondition({ interaction }: Entry, index: number, entries: readonly Entry[]): boolean {
  const { path, ifNoneExist } = interaction;
  const first = entries.findIndex(
    (each) => each.interaction.path === path && each.interaction.ifNoneExist === ifNoneExist,
  );
  return ifNoneExist === undefined || first === index;
}

function workOff(ehr: Ehr, entries: readonly Entry[], options: BundleOptions): Reply {
  const ids = entries.map((entry) => idOf(ehr, entry));
  const byFullUrl = new Map<string, string>();
  for (const [index, { fullUrl, interaction }] of entries.entries()) {
    const id = ids[index];
    if (fullUrl !== undefined && id !== undefined) byFullUrl.set(fullUrl, `${typeOf(interaction)}/${id}`);
  }
  const replies: Done[] = [];
  const touched = new Set<string>();
  for (const method of order) {
    for (const [index, { interaction }] of entries.entries()) {
      if (interaction.method !== method) continue;
      const id = ids[index];
      const target = `${typeOf(interaction)}/${id}`;
      if (method !== 'GET' && id !== undefined && touched.has(target)) {
        return asEntry(refusal(ehr, 'duplicate-in-transaction', { type: typeOf(interaction), id }), index);
      }
      touched.add(target);
      const resolved = resolveReferences(ehr, interaction.resource, byFullUrl);
      if (resolved.kind === 'refused') return asEntry(resolved, index);
      const reply = perform(ehr, {
        ...interaction,
        resource: resolved.resource,
        deferReferences: true,
        ...(id === undefined ? {} : { assignedId: id }),
      });
      if (reply.kind === 'refused') return asEntry(reply, index);
      replies[index] = reply;
    }
  }
  return brokenAfterwards(ehr, entries, replies) ?? answer('transaction-response', ehr, replies, entries, options);
}

const typeOf = ({ path }: Interaction): string => path.split('/')[0] ?? '';

/** The resource that an entry is going to write; undefined where it writes none, or that is refused later. */
function idOf(ehr: Ehr, { interaction }: Entry): string | undefined {
  const { method, path, query, ifNoneExist, resource } = interaction;
  const [name, id] = path.split('/');
  if (method === 'GET') return undefined;
  if (id !== undefined) return id;
  const type = resourceTypes.find((each) => each === name);
  if (type === undefined) return undefined;
  const criteria = method === 'PUT' ? query.toString() : ifNoneExist;
  const found = criteria === undefined ? undefined : findByCriteria(ehr, type, criteria);
  const match = found?.kind === 'found' ? found.ids[0] : undefined;
  const given = method === 'PUT' && isObject(resource) ? textOf(resource['id']) : undefined;
  return match ?? given ?? ehr.newId();
}

/** References may lead to what the same transaction writes, so they are looked at when all of it is there. */
function brokenAfterwards(ehr: Ehr, entries: readonly Entry[], replies: readonly Done[]): Refused | undefined {
  for (const [index, { interaction }] of entries.entries()) {
    const [name = '', id = ''] = replies[index]?.location?.split('/') ?? [];
    const type = resourceTypes.find((each) => each === name);
    if (type === undefined || interaction.method === 'GET') continue;
    const stored = resourceOf(ehr.store.current(type, id));
    const broken = stored === undefined ? undefined : brokenReference(ehr, stored);
    if (broken !== undefined) return asEntry(broken, index);
  }
  return undefined;
}

function answer(
  type: 'batch-response' | 'transaction-response',
  ehr: Ehr,
  replies: readonly Reply[],
  entries: readonly (Entry | Refused)[],
  { echo }: BundleOptions,
): Done {
  const texts = replies.map((reply, index) => {
    const entry = entries[index];
    const isRead = entry?.kind === 'entry' && entry.interaction.method === 'GET';
    const resource = reply.kind === 'done' && (isRead || echo) ? reply.body : undefined;
    const response = JSON.stringify(responseOf(ehr, reply));
    return resource === undefined ? `{"response":${response}}` : `{"resource":${resource},"response":${response}}`;
  });
  const list = texts.length === 0 ? '' : `,"entry":[${texts.join(',')}]`;
  return { kind: 'done', status: 200, body: `{"resourceType":"Bundle","type":"${type}"${list}}` };
}

const reasons: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 204: 'No Content' };

function responseOf({ base, profile }: Ehr, reply: Reply): JsonObject {
  if (reply.kind === 'refused') {
    return { status: String(reply.status), outcome: operationOutcome(reply.issues, profile.habits.textIn) };
  }
  const { status, location, version, lastUpdated } = reply;
  return {
    status: `${status} ${reasons[status]}`,
    ...(location === undefined ? {} : { location: `${base}/${location}` }),
    ...(version === undefined ? {} : { etag: etagOf(version) }),
    ...(lastUpdated === undefined ? {} : { lastModified: lastUpdated }),
  };
}
