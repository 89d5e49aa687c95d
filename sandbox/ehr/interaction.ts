import type { JsonObject } from './json.ts';
import type { Issue, Reply } from './reply.ts';
import { performCreate } from './create.ts';
import { capabilityStatement } from './capability-statement.ts';
import { performDelete } from './delete.ts';
import { performHistory, performRead, performVersionRead } from './read.ts';
import { refused } from './reply.ts';
import { performSearch } from './search.ts';
import { resourceTypes, type ResourceType, type Store } from './store.ts';
import { performConditionalUpdate, performUpdate } from './update.ts';

/** What a server may offer or not; its CapabilityStatement tells, and it keeps to that. */
export interface Offers {
  /** A PUT to an id that does not exist creates it. */
  readonly updateCreate: boolean;
  readonly conditionalCreate: boolean;
  readonly conditionalUpdate: boolean;
  readonly transaction: boolean;
  readonly batch: boolean;
}

/** What an interaction works on. */
export interface Ehr {
  readonly store: Store;
  /** `http://127.0.0.1:PORT/fhir` */
  readonly base: string;
  readonly offers: Offers;
  readonly newId: () => string;
  /** What is wrong with a resource. */
  readonly check: (resource: JsonObject) => readonly Issue[];
  /** Whether a reference has to lead to something that is there. */
  readonly referentialIntegrity: boolean;
}

/** One request, or one entry of a Bundle. */
export interface Interaction {
  readonly method: string;
  /** Below the base, without a slash in front: `Communication/x`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly ifNoneExist?: string | undefined;
  readonly ifMatch?: string | undefined;
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
      : notAllowed(method, ['GET']);
  }
  const type = resourceTypes.find((each) => each === name);
  if (type === undefined) {
    return refused(404, 'not-supported', `This EHR has ${resourceTypes.join(' and ')}, and nothing else.`);
  }
  if (id === undefined || id === '') return onType(ehr, type, interaction);
  if (rest.length > 0 || (word !== undefined && word !== '_history')) {
    return refused(404, 'not-supported', 'There is nothing at this address.');
  }
  if (word === '_history') {
    if (method !== 'GET') return notAllowed(method, ['GET']);
    return version === undefined ? performHistory(ehr, type, id) : performVersionRead(ehr, type, id, version);
  }
  switch (method) {
    case 'GET':
      return performRead(ehr, type, id);
    case 'PUT':
      return performUpdate(ehr, type, id, interaction);
    case 'DELETE':
      return performDelete(ehr, type, id, interaction);
    default:
      return notAllowed(method, ['GET', 'PUT', 'DELETE']);
  }
}

function onType(ehr: Ehr, type: ResourceType, interaction: Interaction): Reply {
  switch (interaction.method) {
    case 'GET':
      return performSearch(ehr, type, interaction.query);
    case 'POST':
      return performCreate(ehr, type, interaction);
    case 'PUT':
      return performConditionalUpdate(ehr, type, interaction);
    default:
      return notAllowed(interaction.method, ['GET', 'POST', 'PUT']);
  }
}

const notAllowed = (method: string, allowed: readonly string[]): Reply => ({
  ...refused(405, 'not-supported', `${method} is not offered here.`),
  allow: allowed.join(', '),
});
