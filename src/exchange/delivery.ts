import type { Communication } from 'fhir/r4.js';
import type { Problem } from './problem.ts';
import type { RecordKey } from './record-key.ts';
import type { Instant } from './window.ts';

/** How a message names its Patient at the EHR. */
export type PatientReference =
  /** `Patient/<id>`: the person id is the EHR's own. */
  | 'literal'
  /** By the identifier alone; whose it is is the EHR's matter. */
  | 'identifier'
  /** By a search that the EHR makes as it writes (`Patient?identifier=…`): in a transaction only, else as lookup. */
  | 'conditional'
  /** `Patient/<id>` of the one Patient with the identifier, who is looked for before. */
  | 'lookup';

/** What is wanted of the Patient before a message is written. */
export interface PatientPolicy {
  readonly reference: PatientReference;
  /** What becomes of a message whose Patient the EHR lacks. */
  readonly missing: 'wait' | 'send-identifier' | 'reject';
  /** What of the message must fit the Patient of the EHR. */
  readonly verify: 'none' | 'name' | 'phone';
  /** How long a message waits for its Patient before it is rejected. */
  readonly maxWaitMs: number;
}

/** One Communication on its way to the EHR. */
export interface Delivery {
  readonly key: RecordKey;
  /** Complete and deterministic: the same record gives the same bytes. Its `id` is the key. */
  readonly resource: Communication;
  /** Where the EHR keeps it (`Communication/…`), once known. */
  readonly knownReference?: string;
  /** The EHR's version id of what was last written there, where it told one. */
  readonly knownVersion?: string;
  /** Where answers were lost: what was sent then and may have arrived, as `contentDigest` has it. */
  readonly sentDigests?: readonly string[];
  /** An earlier answer was lost: the EHR may hold it already. Look before sending. */
  readonly unsure: boolean;
  /** Undefined: its references are sent as they are. */
  readonly patient?: PatientPolicy;
}

/** What became of one delivery; `send` gives exactly one for each. */
export type DeliveryOutcome =
  | {
      readonly kind: 'accepted';
      readonly key: RecordKey;
      /** `Communication/<id>`, relative to the destination's base. */
      readonly reference: string;
      /** The EHR's version id, where it told one. */
      readonly version?: string;
      readonly change: 'created' | 'updated' | 'unchanged';
    }
  | { readonly kind: 'refused'; readonly key: RecordKey; readonly problem: Problem };

/** What the EHR holds of a message; `held` gives exactly one for each delivery. */
export type Held =
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'there';
      /** `Communication/<id>`, relative to the destination's base. */
      readonly reference: string;
      /** The EHR's version id, where it told one. */
      readonly version?: string;
      /** As the EHR gave it: of any shape. */
      readonly resource: Readonly<Record<string, unknown>>;
      /** Why it would not be written over: somebody else changed it. */
      readonly foreign?: Problem;
    }
  /** It cannot be told, or there is no one copy: deleted there, or more than one. */
  | { readonly kind: 'unknown'; readonly problem: Problem };

/**
 * What the ledger is to write down for one claimed record. `pending` and `waiting` come due again. `token` is that of
 * the claim: what comes late never counts for a later one.
 */
export type Settlement =
  | {
      readonly state: 'delivered';
      readonly key: RecordKey;
      readonly token: number;
      readonly reference: string;
      readonly version?: string;
    }
  | {
      readonly state: 'pending' | 'waiting';
      readonly key: RecordKey;
      readonly token: number;
      readonly dueAt: Instant;
      readonly problem: Problem;
      /** Whether this try counts towards the attempts a record has. What concerns the whole EHR does not. */
      readonly usedAttempt: boolean;
      /** Whether the EHR may hold it: the next try looks first. */
      readonly unsure: boolean;
      /** While unsure: all that may have arrived, as `contentDigest` has it; when not said, what was known before. */
      readonly sentDigests?: readonly string[];
    }
  | {
      readonly state: 'rejected' | 'skipped';
      readonly key: RecordKey;
      readonly token: number;
      readonly problem: Problem;
    };

/** One thing the EHR finds wrong with a Communication: the element, and the code of its issue; never its text. */
export interface Fault {
  readonly where?: string;
  readonly issue?: string;
}

/** What the EHR says of a Communication that it is only shown. */
export type Judgement =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly faults: readonly Fault[] }
  /** It offers no validation. */
  | { readonly kind: 'not-offered' }
  /** It could not be asked. */
  | { readonly kind: 'unknown'; readonly problem: Problem };
