import { isId } from '../communication-reference.ts';
import { objectOf, objectsOf, textOf, textsOf, type JsonObject } from '../untrusted.ts';
import type { SearchedIdentifier } from '../writing/search-value.ts';

/** What of a Patient matters here. Nothing of it may reach a Problem or a log. */
export interface Patient {
  readonly id: string;
  readonly identifiers: readonly SearchedIdentifier[];
  /** Not told to be inactive, and replaced by no other. */
  readonly current: boolean;
  /** Ids of the Patients that took its place. */
  readonly replacedBy: readonly string[];
  readonly names: readonly PatientName[];
  /** Numbers to call or text. */
  readonly phones: readonly string[];
}

export interface PatientName {
  readonly family: string;
  readonly given: readonly string[];
  readonly text: string;
}

/** Undefined: it has no id that could be referred to. `base`: of the EHR, without a slash at its end. Pure. */
export function readPatient(resource: JsonObject, base: string): Patient | undefined {
  const id = textOf(resource['id']);
  if (id === undefined || !isId(id)) return undefined;
  const replacing = objectsOf(resource['link']).filter(({ type }) => type === 'replaced-by');
  return {
    id,
    identifiers: objectsOf(resource['identifier']).flatMap(({ system, value }) =>
      typeof system === 'string' && typeof value === 'string' ? [{ system, value }] : [],
    ),
    current: resource['active'] !== false && replacing.length === 0,
    replacedBy: replacing.flatMap(({ other }) => {
      const replacement = patientIdIn(textOf(objectOf(other)['reference']) ?? '', base);
      return replacement === undefined ? [] : [replacement];
    }),
    names: objectsOf(resource['name']).map(({ family, given, text }) => ({
      family: textOf(family) ?? '',
      given: textsOf(given),
      text: textOf(text) ?? '',
    })),
    phones: objectsOf(resource['telecom']).flatMap(({ system, value }) =>
      typeof value === 'string' && (system === 'phone' || system === 'sms') ? [value] : [],
    ),
  };
}

/** The id in `Patient/<id>`, relative or of this EHR; a Patient of another server is none of ours. */
export function patientIdIn(reference: string, base: string): string | undefined {
  const relative = reference.startsWith(`${base}/`) ? reference.slice(base.length + 1) : reference;
  const [, id = ''] = /^Patient\/([^/?#]+)(?:\/_history\/[^/?#]+)?$/.exec(relative) ?? [];
  return isId(id) ? id : undefined;
}
