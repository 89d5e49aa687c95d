import type { PatientPolicy } from '../../../exchange/delivery.ts';
import type { NeededScopes } from '../../destination.ts';
import type { Question } from '../answer.ts';

/**
 * Scopes of SMART App Launch: `system/Communication.crus` as version 2 spells them (letters in the order c r u d s),
 * `system/Communication.read system/Communication.write` as version 1 does. Pure.
 * https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
 */
export interface ScopeNeeds {
  /** A Communication can be changed once it is written. */
  readonly updates: boolean;
  /** It can be searched for. */
  readonly searches: boolean;
  /** What is done with Patients. */
  readonly patients: 'nothing' | 'read' | 'searched';
}

/** What is done with Patients, by how messages name them. */
export function patientNeeds(policies: readonly Pick<PatientPolicy, 'reference' | 'verify'>[]): ScopeNeeds['patients'] {
  if (policies.some(({ reference }) => reference === 'lookup' || reference === 'conditional')) return 'searched';
  return policies.some(({ reference, verify }) => reference === 'literal' && verify !== 'none') ? 'read' : 'nothing';
}

/** The least that a login needs, and what of it the grant lacks. */
export function neededScopes({ updates, searches, patients }: ScopeNeeds, granted: string | undefined): NeededScopes {
  const letters = ['c', 'r', updates ? 'u' : '', searches ? 's' : ''].join('');
  const ofPatients = { nothing: [], read: ['Patient.r'], searched: ['Patient.rs'] }[patients];
  const v1 = ['Communication.write', 'Communication.read', ...(patients === 'nothing' ? [] : ['Patient.read'])];
  const v2 = [`Communication.${letters}`, ...ofPatients].map(ofSystem).join(' ');
  const lacks = lacking(v2, granted);
  return { v1: v1.map(ofSystem).join(' '), v2, ...(lacks === undefined ? {} : { lacking: lacks }) };
}

/** What of these (version 2) a grant lacks, in either spelling; undefined where it has all, or names no such scopes. */
export function lacking(needed: string, granted: string | undefined): string | undefined {
  const grants = (granted ?? '').split(/\s+/).flatMap((each) => parsed(each) ?? []);
  if (grants.length === 0) return undefined;
  const missing = needed.split(' ').flatMap((scope) => {
    const { type = '', letters = '' } = parsed(scope) ?? {};
    const held = grants.filter((each) => each.type === type || each.type === '*').map((each) => each.letters);
    const left = letters
      .split('')
      .filter((letter) => !held.some((each) => each.includes(letter)))
      .join('');
    return left === '' ? [] : [ofSystem(`${type}.${left}`)];
  });
  return missing.length === 0 ? undefined : missing.join(' ');
}

/** The scope that a refused question needs, as far as the grant is known to lack it; all of it where nothing is known. */
export function missingScopeOf({ method, path }: Question, granted: string | undefined): string {
  const [, type = 'Communication', rest = ''] = /^([A-Z][A-Za-z]+)(.*)$/.exec(path) ?? [];
  const reads = method === 'GET' ? 'r' : 'cu';
  const needed = ofSystem(`${type}.${/^(?:\?|\/_search)/.test(rest) && method !== 'PUT' ? 's' : reads}`);
  return lacking(needed, granted) ?? needed;
}

/**
 * The scopes that a refusal names (RFC 6750, 3): only what is surely one, without the search that may narrow it, so that
 * no other text goes further.
 */
export function scopeAskedFor(challenge: string | null): string | undefined {
  const [, named = ''] = /\bscope="([^"]{1,400})"/.exec(challenge ?? '') ?? [];
  const scopes = named
    .split(' ')
    .filter((each) => parsed(each) !== undefined)
    .map((each) => each.replace(/\?.*/s, ''));
  return scopes.length === 0 ? undefined : scopes.join(' ');
}

function parsed(scope: string): { readonly type: string; readonly letters: string } | undefined {
  const [, type, actions] =
    /^(?:system|user|patient)\/(\*|[A-Z][A-Za-z]{2,40})\.(read|write|\*|(?=.)c?r?u?d?s?)(?:\?.*)?$/.exec(scope) ?? [];
  if (type === undefined || actions === undefined) return undefined;
  return { type, letters: versionOne[actions] ?? actions };
}

const versionOne: Readonly<Record<string, string>> = { read: 'rs', write: 'cud', '*': 'cruds' };

const ofSystem = (scope: string): string => `system/${scope}`;
