import type { PatientPolicy } from '../../../exchange/delivery.ts';
import { objectOf, objectsOf, textsOf, type JsonObject } from '../untrusted.ts';

/** What the EHR says of Patients and of references to them. */
export interface PatientOffer {
  /** It finds a Patient by identifier. */
  readonly searches: boolean;
  /** It keeps a reference that has an identifier and nothing else. */
  readonly logical: boolean;
}

/** What the settings say of that, whatever the EHR does. */
export interface AssumedOfPatients {
  readonly patientSearch?: boolean | undefined;
  readonly identifierReferences?: boolean | undefined;
}

/** From what the EHR says of itself. Pure. */
export function readPatientOffer(statement: JsonObject, assume: AssumedOfPatients): PatientOffer {
  const rest = objectsOf(statement['rest']).find(({ mode }) => mode === 'server') ?? {};
  const resources = objectsOf(rest['resource']);
  const ofType = (type: string): JsonObject => objectOf(resources.find((each) => each['type'] === type));
  const { interaction, searchParam } = ofType('Patient');
  const policies = textsOf(ofType('Communication')['referencePolicy']);
  return {
    searches:
      assume.patientSearch ??
      (objectsOf(interaction).some(({ code }) => code === 'search-type') &&
        objectsOf(searchParam).some(({ name }) => name === 'identifier')),
    // Most say nothing of it and keep them; HAPI is one.
    logical: assume.identifierReferences ?? (policies.length === 0 || policies.includes('logical')),
  };
}

/** What is wanted of Patients and not offered, in words; undefined: nothing is. Pure. */
export function patientTrouble(offer: PatientOffer, policies: readonly PatientPolicy[]): string | undefined {
  const looks = policies.find(({ reference }) => reference === 'lookup' || reference === 'conditional');
  if (looks !== undefined && !offer.searches) {
    return (
      `It does not say that it finds a Patient by identifier, and patient.reference is ${looks.reference}. ` +
      'Set it to literal or identifier; or destination.assume.patientSearch, if it does.'
    );
  }
  const alone = policies.find(({ reference, missing }) => reference === 'identifier' || missing === 'send-identifier');
  if (alone !== undefined && !offer.logical) {
    const setting =
      alone.reference === 'identifier' ? 'patient.reference: identifier' : 'patient.missing: send-identifier';
    return (
      `It keeps no reference by identifier alone (referencePolicy), as ${setting} wants. ` +
      'Set that otherwise; or destination.assume.identifierReferences, if it does.'
    );
  }
  return undefined;
}
