import type { JsonObject } from './json.ts';
import { performPatch } from './patch.ts';
import type { InteractionCode, Offers, Profile } from './profiles/profile.ts';
import type { Issue, Reply } from './reply.ts';
import { performCreate } from './create.ts';
import { capabilityStatement } from './capability-statement.ts';
import { performDelete } from './delete.ts';
import { performHistory, performRead, performVersionRead } from './read.ts';
import { refused } from './reply.ts';
import { performSearch, type Found } from './search.ts';
import { resourceTypes, type Store } from './store.ts';
import { performConditionalUpdate, performUpdate } from './update.ts';
import { refusal } from './words.ts';

/** What an interaction works on. */
export interface Ehr {
  readonly store: Store;
  /** `http://127.0.0.1:PORT/fhir` */
  readonly base: string;
  /** The kind of server that it is. */
  readonly profile: Profile;
  /** Those of the profile, or others in a test. */
  readonly offers: Offers;
  readonly newId: () => string;
  /** What is wrong with a resource. */
  readonly check: (resource: JsonObject) => readonly Issue[];
  /** Whether a reference has to lead to something that is there. */
  readonly referentialIntegrity: boolean;
  readonly now: () => number;
  /** Answers to searches that are given again for a while, by their address. */
  readonly searched: Map<string, { readonly at: number; readonly reply: Reply }>;
  /** What conditions were seen to fit before others wrote, and which is not looked at again. */
  readonly seen?: ReadonlyMap<string, Found>;
}

/** One request, or one entry of a Bundle. */
export interface Interaction {
  readonly method: string;
  /** Below the base, without a slash in front: `Communication/x`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly ifNoneExist?: string | undefined;
  readonly ifMatch?: string | undefined;
  /** `Cache-Control: no-cache` */
  readonly noCache?: boolean;
  readonly resource?: unknown;
  /** The id that a creation gets; the server's choice when not said. */
  readonly assignedId?: string;
  /** References are looked at later, when the whole transaction is done. */
  readonly deferReferences?: boolean;
}

/** Routes by address and verb, as https://hl7.org/fhir/R4/http.html has them. Never waits. */
export function perform(ehr: Ehr, interaction: Interaction): Reply {
  const { method, path } = interaction;
  const [name = '', id, word, version, ...rest] = path.split('/');
  if (name === 'metadata' && id === undefined) {
    return method === 'GET'
      ? { kind: 'done', status: 200, body: JSON.stringify(capabilityStatement(ehr)) }
      : { ...refusal(ehr, 'not-allowed', { method }), allow: 'GET' };
  }
  const type = resourceTypes.find((each) => each === name);
  if (type === undefined) {
    return refused(404, 'not-supported', `This EHR has ${resourceTypes.join(' and ')}, and nothing else.`);
  }
  if (rest.length > 0 || (word !== undefined && word !== '_history')) {
    return refused(404, 'not-supported', 'There is nothing at this address.');
  }
  const place =
    id === undefined || id === '' ? 'type' : word === undefined ? 'id' : version === undefined ? 'history' : 'version';
  const verbs = places[place];
  const code = Object.hasOwn(verbs, method) ? verbs[method] : undefined;
  const offered = ehr.offers.interactions[type];
  if (code === undefined || !offered.includes(code)) {
    const allowed = Object.entries(verbs).flatMap(([verb, each]) => (offered.includes(each) ? [verb] : []));
    return { ...refusal(ehr, 'not-allowed', { method }), allow: allowed.join(', ') };
  }
  switch (code) {
    case 'search-type':
      return performSearch(ehr, type, interaction);
    case 'create':
      return performCreate(ehr, type, interaction);
    case 'read':
      return performRead(ehr, type, id ?? '');
    case 'update':
      return place === 'type'
        ? performConditionalUpdate(ehr, type, interaction)
        : performUpdate(ehr, type, id ?? '', interaction);
    case 'patch':
      return performPatch(ehr, type, id ?? '', interaction);
    case 'delete':
      return performDelete(ehr, type, id ?? '', interaction);
    case 'history-instance':
      return performHistory(ehr, type, id ?? '');
    case 'vread':
      return performVersionRead(ehr, type, id ?? '', version ?? '');
    default:
      return code satisfies never;
  }
}

/** What each verb is at an address. */
const places: Readonly<Record<'type' | 'id' | 'history' | 'version', Readonly<Record<string, InteractionCode>>>> = {
  type: { GET: 'search-type', POST: 'create', PUT: 'update' },
  id: { GET: 'read', PUT: 'update', PATCH: 'patch', DELETE: 'delete' },
  history: { GET: 'history-instance' },
  version: { GET: 'vread' },
};
