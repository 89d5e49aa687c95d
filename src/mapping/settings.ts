import type { PatientReference } from '../exchange/delivery.ts';
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
  readonly organization: {
    readonly system: string;
    readonly value: string;
    readonly display: string;
    /** The EHR's own resource for it, such as `Organization/12`. */
    readonly reference: string;
  };
  /** Whether the Communication names our profile. */
  readonly profile: boolean;
  /** Whether it carries a narrative: what it says, as text for people. */
  readonly narrative: boolean;
  /** Its security labels: names of codings in codes.yaml. */
  readonly labels: readonly string[];
  readonly patient: {
    /** literal: the person id is the EHR's Patient id. Otherwise it is an identifier of the Patient. */
    readonly reference: PatientReference;
    /** The field that holds the person id. */
    readonly from: string;
    /** The identifier's system. */
    readonly system: string;
  };
}

/** The settings that a mapping may ask for by name. */
export const settingValues: Readonly<Record<string, (settings: MappingSettings) => string>> = {
  source: ({ source }) => source,
  'organization.system': ({ organization }) => organization.system,
  'organization.value': ({ organization }) => organization.value,
  'organization.display': ({ organization }) => organization.display,
  'organization.reference': ({ organization }) => organization.reference,
};

/** Those that `needs.yaml` of a dialect may want to be so. */
export const neededSettings: typeof settingValues = {
  ...settingValues,
  'patient.reference': ({ patient }) => patient.reference,
};

/** What the value functions are bound to. */
export interface Surroundings {
  /** The fields of a row that a formula may name. */
  readonly fields: readonly string[];
  readonly keys: KeySpace;
  readonly settings: MappingSettings;
}
