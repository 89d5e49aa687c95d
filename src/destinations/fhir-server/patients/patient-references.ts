import type { Communication } from 'fhir/r4.js';
import { isObject, objectOf, textOf, type JsonObject } from '../untrusted.ts';
import type { SearchedIdentifier } from '../writing/search-value.ts';

/** How the subject of a Communication is named: an identifier, a literal `Patient/<id>`, or both. */
export interface Subject {
  readonly identifier: SearchedIdentifier | undefined;
  readonly id: string | undefined;
  readonly display: string | undefined;
}

/** Pure. */
export function subjectOf({ subject }: Communication): Subject {
  const { system, value } = objectOf(subject?.identifier);
  const id = /^Patient\/([A-Za-z0-9.-]{1,64})$/.exec(subject?.reference ?? '')?.[1];
  const named = typeof system === 'string' && typeof value === 'string' && value !== '';
  return { identifier: named ? { system, value } : undefined, id, display: subject?.display };
}

/**
 * The Communication in which everything that refers to the subject (recipient, sender, the caregiver's patient) refers
 * to it by this reference; undefined: by the identifier alone. The rest stays the same, to the byte. Pure.
 */
export function withPatientReference(resource: Communication, reference: string | undefined): Communication {
  const { subject } = resource;
  const changed = refer(resource, (found) => {
    if (!sameParty(found, objectOf(subject))) return undefined;
    const { reference: _, ...others } = found;
    return reference === undefined ? others : { reference, ...others };
  });
  return isCommunication(changed) ? changed : resource;
}

/** Whether both name the same Patient, by identifier or to the letter. */
function sameParty(found: JsonObject, subject: JsonObject): boolean {
  const [one, other] = [objectOf(found['identifier']), objectOf(subject['identifier'])];
  if (textOf(other['value']) !== undefined) {
    return one['system'] === other['system'] && one['value'] === other['value'];
  }
  return textOf(subject['reference']) !== undefined && found['reference'] === subject['reference'];
}

function refer(value: unknown, change: (reference: JsonObject) => JsonObject | undefined): unknown {
  if (Array.isArray(value)) return value.map((item) => refer(item, change));
  if (!isObject(value)) return value;
  // A Reference of ours says that it is one to a Patient; what else has an identifier is none.
  const isReference = value['type'] === 'Patient' || textOf(value['reference'])?.startsWith('Patient/') === true;
  const changed = isReference ? change(value) : undefined;
  if (changed !== undefined) return changed;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, refer(item, change)]));
}

const isCommunication = (value: unknown): value is Communication =>
  isObject(value) && value['resourceType'] === 'Communication';
