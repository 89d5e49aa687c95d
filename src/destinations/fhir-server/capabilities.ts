import { chooseWay, useInstead } from './choose-way.ts';
import { isTrue, objectOf, objectsOf, textOf, textsOf, type JsonObject } from './untrusted.ts';

/**
 * How a Communication is written so that it is never doubled. The first three may be sent again as often as one likes;
 * `search-then-create` looks for it first, and after a lost answer as well.
 */
export type WayOfWriting = 'put-by-id' | 'conditional-update' | 'conditional-create' | 'search-then-create';

/** How several go in one request; `none` is one request for each. */
export type BundleType = 'transaction' | 'batch' | 'none';

/** Facts that /metadata does not tell, or tells wrongly. */
export interface AssumedFacts {
  readonly create?: boolean | undefined;
  readonly update?: boolean | undefined;
  readonly updateCreate?: boolean | undefined;
  readonly conditionalCreate?: boolean | undefined;
  readonly conditionalUpdate?: boolean | undefined;
  readonly identifierSearch?: boolean | undefined;
  readonly transaction?: boolean | undefined;
  readonly batch?: boolean | undefined;
}

export interface CapabilityOptions {
  readonly write: 'auto' | WayOfWriting;
  readonly bundle: 'auto' | BundleType;
  readonly assume: AssumedFacts;
  /** Take an EHR whose Communication is something else, like a staff inbox. */
  readonly acceptUnsuitable: boolean;
}

export type Suitability =
  | {
      readonly kind: 'suitable';
      readonly way: WayOfWriting;
      readonly bundle: BundleType;
      /** Whether a transaction refused for its content may go again as a batch. */
      readonly batchWorks: boolean;
      /** Whether an update must name the version it replaces. */
      readonly ifMatch: boolean;
      /** Whether a Communication is found by its identifier. */
      readonly searches: boolean;
      /** Whether a Communication that was written can be changed. */
      readonly updates: boolean;
      /** For people: a sentence. */
      readonly why: string;
    }
  /** `why` names what is lacking. */
  | { readonly kind: 'unsuitable'; readonly why: string };

/** What the EHR says of itself, or the settings instead of it. */
export interface Facts {
  readonly isHapi: boolean;
  readonly create: boolean;
  readonly update: boolean;
  /** Undefined: the EHR does not say. */
  readonly updateCreate: boolean | undefined;
  readonly conditionalCreate: boolean;
  readonly conditionalUpdate: boolean;
  readonly identifierSearch: boolean;
  readonly transaction: boolean;
  readonly batch: boolean;
  readonly versionedUpdate: boolean;
}

/** From what the EHR says of itself and what the settings say, the way to write to it. Pure. */
export function readCapabilities(statement: JsonObject, options: CapabilityOptions): Suitability {
  const version = textOf(statement['fhirVersion']) ?? 'none';
  if (!/^4\.[03]\./.test(version)) {
    return unsuitable(`It speaks FHIR ${shown(version)}, and FHIR R4 (4.0.x, 4.3.x) is needed.`);
  }
  const formats = textsOf(statement['format']);
  if (formats.length > 0 && !formats.some((format) => /json/i.test(format))) {
    return unsuitable('It offers no JSON.');
  }
  const rest = objectsOf(statement['rest']).find(({ mode }) => mode === 'server') ?? {};
  const communication = objectsOf(rest['resource']).find(({ type }) => type === 'Communication');
  if (communication === undefined) return unsuitable('It offers no Communication.');
  const somethingElse = otherMeaning(statement);
  if (somethingElse !== undefined && !options.acceptUnsuitable) {
    return unsuitable(`${somethingElse} ${useInstead} Set destination.acceptUnsuitable if it is wanted all the same.`);
  }
  const facts = factsOf(statement, rest, communication, options.assume);
  const chosen = chooseWay(facts, options.write);
  if (chosen.kind === 'unsuitable') return chosen;
  const bundle = chooseBundle(facts, chosen.way, options.bundle);
  return {
    kind: 'suitable',
    way: chosen.way,
    ...bundle,
    // HAPI states versioned-update and updates without If-Match.
    ifMatch: facts.versionedUpdate && !facts.isHapi,
    searches: facts.identifierSearch,
    updates: facts.update,
    why: `${chosen.why} ${bundle.why}`,
  };
}

function factsOf(statement: JsonObject, rest: JsonObject, communication: JsonObject, assume: AssumedFacts): Facts {
  const interactions = codesOf(communication['interaction']);
  const ofSystem = codesOf(rest['interaction']);
  const stated = communication['updateCreate'];
  const findsByIdentifier =
    interactions.includes('search-type') &&
    objectsOf(communication['searchParam']).some(({ name }) => name === 'identifier');
  return {
    isHapi: /\bHAPI\b/i.test(textOf(objectOf(statement['software'])['name']) ?? ''),
    create: assume.create ?? interactions.includes('create'),
    update: assume.update ?? interactions.includes('update'),
    updateCreate: assume.updateCreate ?? (typeof stated === 'boolean' ? stated : undefined),
    conditionalCreate: assume.conditionalCreate ?? isTrue(communication['conditionalCreate']),
    conditionalUpdate: assume.conditionalUpdate ?? isTrue(communication['conditionalUpdate']),
    identifierSearch: assume.identifierSearch ?? findsByIdentifier,
    transaction: assume.transaction ?? ofSystem.includes('transaction'),
    batch: assume.batch ?? ofSystem.includes('batch'),
    versionedUpdate: communication['versioning'] === 'versioned-update',
  };
}

function chooseBundle(facts: Facts, way: WayOfWriting, wanted: CapabilityOptions['bundle']) {
  const { isHapi, transaction, batch } = facts;
  if (wanted !== 'auto') {
    return { bundle: wanted, batchWorks: wanted === 'batch', why: 'destination.bundle.type chooses the Bundle.' };
  }
  // Sent twice it would be doubled: a request that fails is to leave one message open, and not a hundred.
  if (way === 'search-then-create') {
    return { bundle: 'none' as const, batchWorks: false, why: 'Each goes in its own request.' };
  }
  // HAPI lists transaction alone and takes batch too.
  const batchWorks = batch || isHapi;
  if (transaction) return { bundle: 'transaction' as const, batchWorks, why: 'It takes transactions.' };
  if (batch) return { bundle: 'batch' as const, batchWorks, why: 'It takes batches and no transactions.' };
  return { bundle: 'none' as const, batchWorks: false, why: 'It takes no Bundles, so each goes in its own request.' };
}

/** EHRs whose Communication is known not to be a log of messages to a patient. */
function otherMeaning(statement: JsonObject): string | undefined {
  const { software, implementation, publisher } = statement;
  const name = [
    textOf(objectOf(software)['name']),
    textOf(objectOf(implementation)['description']),
    textOf(publisher),
  ].join(' ');
  if (/\bEpic\b/.test(name)) return "Epic's Communication is part of community resource referrals.";
  if (/\bCerner\b|\bMillennium\b|\bOracle Health\b/.test(name)) {
    return "Oracle Health's Communication is a message in an inbox of the staff.";
  }
  return undefined;
}

const codesOf = (interactions: unknown): readonly string[] =>
  objectsOf(interactions).flatMap(({ code }) => (typeof code === 'string' ? [code] : []));

const unsuitable = (why: string) => ({ kind: 'unsuitable' as const, why });

/** What came from outside, short enough for a sentence. */
const shown = (text: string): string => text.replace(/[^\w.-]/g, '').slice(0, 20);
