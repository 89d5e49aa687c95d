import type { MappingSettings } from './settings.ts';

/**
 * The settings that all examples of a mapping are made with, whatever the site's own are: so that an example shows the
 * same Communication everywhere.
 */
export const exampleSettings: MappingSettings = {
  canonicalBase: 'https://fhir.example-health.org',
  region: 'US',
  source: 'https://fhir.example-health.org/sid/dialog-health-writeback-api',
  organization: {
    system: 'https://fhir.example-health.org/sid/organization',
    value: 'example-clinic',
    display: 'Example Clinic',
    reference: '',
  },
  patient: {
    reference: 'literal',
    from: 'personId',
    system: 'https://fhir.example-health.org/sid/sms-person-id/EXAMPLE1',
  },
  profile: false,
  narrative: false,
  labels: [],
};

/** What `settings.json` of an example may say otherwise. */
const changeable = ['patient.reference', 'organization.reference', 'profile', 'narrative', 'labels'];

const patientReferences = ['literal', 'identifier', 'conditional', 'lookup'] as const;

export type ExampleSettings =
  | { readonly kind: 'settings'; readonly settings: MappingSettings }
  /** Names what cannot be set there, or not so. */
  | { readonly kind: 'mistake'; readonly mistake: string };

/** Reads `settings.json` of an example; undefined where it has none. */
export function readExampleSettings(json: unknown): ExampleSettings {
  const given = leaves(json);
  const unknown = [...given.keys()].find((path) => !changeable.includes(path));
  if (unknown !== undefined) {
    const wrong = unknown === '' ? '' : `, not ${unknown}`;
    return { kind: 'mistake', mistake: `may hold ${changeable.join(', ')}${wrong}` };
  }
  const { patient, organization } = exampleSettings;
  const reference = given.get('patient.reference') ?? patient.reference;
  const ofOrganization = given.get('organization.reference') ?? organization.reference;
  const [profile, narrative] = [given.get('profile') ?? false, given.get('narrative') ?? false];
  const labels = given.get('labels') ?? [];
  const known = patientReferences.find((each) => each === reference);
  if (known === undefined) {
    return { kind: 'mistake', mistake: `patient.reference is ${patientReferences.join(', ')}` };
  }
  if (typeof ofOrganization !== 'string') return { kind: 'mistake', mistake: 'organization.reference is a text' };
  if (typeof profile !== 'boolean') return { kind: 'mistake', mistake: 'profile is true or false' };
  if (typeof narrative !== 'boolean') return { kind: 'mistake', mistake: 'narrative is true or false' };
  if (!Array.isArray(labels) || !labels.every((label) => typeof label === 'string')) {
    return { kind: 'mistake', mistake: 'labels is a list of texts' };
  }
  const settings: MappingSettings = {
    ...exampleSettings,
    organization: { ...organization, reference: ofOrganization },
    patient: { ...patient, reference: known },
    profile,
    narrative,
    labels,
  };
  return { kind: 'settings', settings };
}

/** Every value with its path; a list is one value. */
function leaves(json: unknown, path = ''): ReadonlyMap<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return new Map(json === undefined ? [] : [[path, json]]);
  }
  return new Map(
    Object.entries(json).flatMap(([name, value]) => [...leaves(value, path === '' ? name : `${path}.${name}`)]),
  );
}
