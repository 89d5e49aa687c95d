import type { PatientPolicy } from '../../../exchange/delivery.ts';
import { objectOf, objectsOf, textOf, textsOf, type JsonObject } from '../untrusted.ts';

/** What the EHR says of Patients and of references to them. */
export interface PatientOffer {
  readonly isHapi: boolean;
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
    isHapi: /\bHAPI\b/i.test(textOf(objectOf(statement['software'])['name']) ?? ''),
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

/** How Patients are referred to, where people should know more than the setting says. Pure. */
export function patientWords(offer: PatientOffer, policies: readonly PatientPolicy[], transactions: boolean): string {
  const references = new Set(policies.map(({ reference }) => reference));
  return [
    ...(references.has('lookup') ? ['Patients are looked for by identifier before a message is written.'] : []),
    ...(references.has('conditional')
      ? [
          transactions
            ? 'It finds Patients by identifier itself as it writes a transaction.'
            : 'Patients are looked for by identifier before a message is written: only transactions take conditional references.',
        ]
      : []),
    ...(references.has('literal') && offer.isHapi
      ? [
          'Its Patient ids of digits alone are numbers that it gave itself (HAPI-0960): where personId is a number of anybody else, set patient.reference to lookup.',
        ]
      : []),
  ].join(' ');
}
