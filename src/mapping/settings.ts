import type { KeySpace } from '../exchange/record-key.ts';

/** What of the configuration a mapping may use. Empty texts are absent. */
export interface MappingSettings {
  /** Root of identifier systems, code systems and extension URLs; no slash at its end. */
  readonly canonicalBase: string;
  /** Of phone numbers without a country code: two letters, or empty for none. */
  readonly region: string;
  /** `meta.source`: the API that the message came from. */
  readonly source: string;
  /** Who sends the messages that no person sent, and gets the replies. */
  readonly organization: { readonly system: string; readonly value: string; readonly display: string };
  readonly patient: {
    /** literal: the person id is the EHR's Patient id. identifier: it is an identifier of the Patient. */
    readonly reference: 'literal' | 'identifier';
    /** The field that holds the person id. */
    readonly from: string;
    /** The identifier's system. */
    readonly system: string;
  };
}

/** What the value functions are bound to. */
export interface Surroundings {
  /** The fields of a row that a formula may name. */
  readonly fields: readonly string[];
  readonly keys: KeySpace;
  readonly settings: MappingSettings;
}
