import { objectOf, objectsOf, textsOf, type JsonObject } from '../untrusted.ts';

/** What the EHR says of Patients and of references to them. */
export interface PatientOffer {
  /** It finds a Patient by identifier. */
  readonly searches: boolean;
  /** It keeps a reference that has an identifier and nothing else. */
  readonly logical: boolean;
}

/**
 * Pure.
 * @param assumed what the settings say of the search, whatever the EHR does
 */
export function readPatientOffer(statement: JsonObject, assumed: boolean | undefined): PatientOffer {
  const rest = objectsOf(statement['rest']).find(({ mode }) => mode === 'server') ?? {};
  const resources = objectsOf(rest['resource']);
  const ofType = (type: string): JsonObject => objectOf(resources.find((each) => each['type'] === type));
  const { interaction, searchParam } = ofType('Patient');
  const policies = textsOf(ofType('Communication')['referencePolicy']);
  return {
    searches:
      assumed ??
      (objectsOf(interaction).some(({ code }) => code === 'search-type') &&
        objectsOf(searchParam).some(({ name }) => name === 'identifier')),
    // Most say nothing and keep them; HAPI is one.
    logical: policies.length === 0 || policies.includes('logical'),
  };
}
