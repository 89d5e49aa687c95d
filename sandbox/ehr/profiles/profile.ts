import type { IssueCode, Refused } from '../reply.ts';
import type { ResourceType } from '../store.ts';

/** https://hl7.org/fhir/R4/valueset-type-restful-interaction.html, those that are known here. */
export const interactionCodes = [
  'read',
  'vread',
  'update',
  'patch',
  'delete',
  'history-instance',
  'create',
  'search-type',
] as const;
export type InteractionCode = (typeof interactionCodes)[number];

/** What a server may offer or not; its CapabilityStatement tells, and it keeps to that. */
export interface Offers {
  readonly interactions: Readonly<Record<ResourceType, readonly InteractionCode[]>>;
  /** Search parameters. */
  readonly searches: Readonly<Record<ResourceType, readonly string[]>>;
  /** A PUT to an id that does not exist creates it. */
  readonly updateCreate: boolean;
  readonly conditionalCreate: boolean;
  readonly conditionalUpdate: boolean;
  readonly transaction: boolean;
  readonly batch: boolean;
}

/** What the CapabilityStatement says beside, and otherwise than, what is offered. */
export interface Says {
  readonly software: string;
  readonly publisher?: string;
  readonly versioning: 'no-version' | 'versioned' | 'versioned-update';
  /** Offered, and not stated. */
  readonly keepsQuiet: readonly ('updateCreate' | 'batch')[];
}

/** Where servers differ in what they do. */
export interface Habits {
  /** A reference has to lead to something that is there. */
  readonly referentialIntegrity: boolean;
  /** Types of resources that it has and that are not to be seen here: references to them are taken. */
  readonly otherTypes: readonly string[];
  /** What it refuses: whatever R4 does not have, or only what its parser stumbles over; the rest is stored. */
  readonly minds: 'structure' | 'what-cannot-be-parsed';
  /** One entry that cannot be parsed, and the whole Bundle is refused. */
  readonly parsesBundlesWhole: boolean;
  /** Clients may choose ids that are all digits. */
  readonly takesDigitsAsId: boolean;
  /** The body of a conditional update may have an id where nothing fits. */
  readonly takesIdInCondition: boolean;
  /** What became of a deleted id is written anew when a conditional update names it. */
  readonly revivesByCondition: boolean;
  /** Equal conditional creates of one transaction: each is answered, or they are one, with one answer. */
  readonly equalCreates: 'each' | 'merged';
  /** `If-Match` with an id that nothing has: refused, or overlooked. */
  readonly ifMatchOnNew: 'refused' | 'overlooked';
  /** The same search is answered from before for so long, unless `Cache-Control: no-cache`; 0: never. */
  readonly searchCacheMs: number;
  /** The answer to a PUT says where it is. */
  readonly locatesUpdates: boolean;
  /** Where an OperationOutcome has its text. */
  readonly textIn: 'diagnostics' | 'details';
  /** The headers that go with a wait. */
  readonly tellsWait: readonly ('retry-after' | 'x-ms-retry-after-ms' | 'ratelimit')[];
  /** What it demands of a Communication beyond R4. */
  readonly demands?: Demands;
}

export interface Demands {
  readonly required: readonly string[];
  /** The only types that a recipient may have. */
  readonly recipients: readonly string[];
  readonly extensions: 'taken' | 'refused';
}

/** The largest that are taken; no limit where none is given. */
export interface Limits {
  readonly bundleEntries?: number;
  /** Of a transaction, as soon as one of its entries has a condition. */
  readonly entriesWithCondition?: number;
  /** Entries of a transaction that update. */
  readonly updates?: number;
  /** Of the whole body. */
  readonly bodyBytes?: number;
  readonly resourceBytes?: number;
}

/** One refusal in a server's own words; `{id}` and others are filled in. */
export interface Wording {
  readonly status: Refused['status'];
  readonly code: IssueCode;
  readonly text: string;
}

/** Every refusal that servers word in their own way. */
export type Situation =
  | 'not-found'
  | 'deleted'
  | 'not-allowed'
  | 'id-not-there'
  | 'id-not-possible'
  | 'id-all-digits'
  | 'id-not-that-of-the-address'
  | 'id-in-condition'
  | 'deleted-id-in-condition'
  | 'condition-not-offered'
  | 'several-fit-create'
  | 'several-fit-update'
  | 'search-parameter-unknown'
  | 'stale-version'
  | 'reference-missing'
  | 'reference-elsewhere'
  | 'reference-fits-none'
  | 'reference-fits-several'
  | 'not-valid'
  | 'not-parsed'
  | 'bundle-not-offered'
  | 'duplicate-in-transaction'
  | 'too-many-entries'
  | 'too-many-entries-with-condition'
  | 'too-many-updates'
  | 'body-too-large'
  | 'resource-too-large'
  | 'throttled'
  | 'raced';

export type Words = Readonly<Record<Situation, Wording>>;

/** One kind of server: what it offers, says of itself, does, takes at most, and how it words its refusals. */
export interface Profile {
  readonly offers: Offers;
  readonly says: Says;
  readonly habits: Habits;
  readonly limits: Limits;
  readonly words: Words;
}
