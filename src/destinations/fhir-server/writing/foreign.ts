import type { Communication } from 'fhir/r4.js';
import { contentDigest } from '../../../exchange/content-digest.ts';
import { contentDifferences, differencesBetween } from '../../../exchange/difference.ts';
import type { Problem } from '../../../exchange/problem.ts';
import { isElement } from '../operation-outcome.ts';
import { objectOf, textOf, type JsonObject } from '../untrusted.ts';

/** What we know of a Communication that the EHR has: the version we last wrote, and what may have arrived since. */
export interface Known {
  readonly version?: string;
  readonly sentDigests?: readonly string[];
  /** An earlier answer was lost. */
  readonly unsure: boolean;
}

/** One that is there. */
export interface There {
  readonly version?: string;
  readonly resource: JsonObject;
}

/** The Communication as it was in our version: `gone`, where the EHR does not tell. */
export type Earlier = JsonObject | 'gone';

export type HeldVerdict =
  /** It is there as we would write it. */
  | { readonly kind: 'equal' }
  /** What is there was written by us, or touched without a change: it may be updated. */
  | { readonly kind: 'ours' }
  /** Another version than ours: what ours was like decides. */
  | { readonly kind: 'ask-earlier'; readonly version: string }
  /** Somebody else's: it must not be overwritten. */
  | { readonly kind: 'foreign'; readonly problem: Problem };

/**
 * Whether what the EHR holds may be written over. Humans win: what somebody else changed, marked as entered in error or
 * moved to another Patient is left alone. What a server adds by itself does not count. Pure.
 */
export function judgeHeld(ours: Communication, held: There, known: Known, earlier?: Earlier): HeldVerdict {
  if (contentDifferences(ours, held.resource).length === 0) return { kind: 'equal' };
  if (known.version !== undefined && held.version === known.version) return { kind: 'ours' };
  if (held.resource['status'] === 'entered-in-error') return foreign('entered-in-error-at-ehr', 'status');
  const moved = isMoved(ours, held.resource);
  // Never confirmed, or of a server without versions: nobody else writes what bears our key, but who moves Patients.
  if (known.version === undefined || held.version === undefined) {
    return known.unsure && moved ? foreign('subject-moved', 'subject') : { kind: 'ours' };
  }
  if (!moved && known.sentDigests?.includes(contentDigest(held.resource)) === true) return { kind: 'ours' };
  if (isBefore(held.version, known.version)) return { kind: 'ours' };
  if (earlier === undefined) return { kind: 'ask-earlier', version: known.version };
  if (earlier === 'gone') return moved ? foreign('subject-moved', 'subject') : foreign('changed-at-ehr');
  const changed = changedElements(earlier, held.resource);
  if (changed.some((name) => !persons.includes(name))) return foreign('changed-at-ehr', ...changed);
  if (changed.length === 0 || !moved) return { kind: 'ours' };
  return foreign('subject-moved', 'subject');
}

/** Moved with its Patient: when ours leads to the same one now, that is no change of somebody's. */
const persons: readonly string[] = ['subject', 'recipient', 'sender'];

/** Only what certainly leads to another Patient: a condition or an identifier comes back as what was found. */
function isMoved(ours: Communication, held: JsonObject): boolean {
  const [mine, theirs] = [patientIn(ours.subject), patientIn(held['subject'])];
  return mine !== undefined && theirs !== undefined && mine !== theirs;
}

/** `Patient/1` of `https://ehr/fhir/Patient/1/_history/2` too. */
const patientIn = (subject: unknown): string | undefined =>
  /(?:^|\/)(Patient\/[A-Za-z0-9.-]{1,64})(?:\/_history\/[^/]+)?$/.exec(
    textOf(objectOf(subject)['reference']) ?? '',
  )?.[1];

/** An EHR that came back from a backup holds an older version: nobody has changed ours. */
function isBefore(held: string, known: string): boolean {
  const numbers = [held, known].map((version) => (/^\d{1,15}$/.test(version) ? Number(version) : Number.NaN));
  const [there = Number.NaN, ours = Number.NaN] = numbers;
  return there < ours;
}

/** The elements that differ, by their names; what a server adds by itself, its narrative too, does not count. */
function changedElements(earlier: JsonObject, held: JsonObject): readonly string[] {
  const differences = differencesBetween(contentOf(earlier), contentOf(held));
  return [...new Set(differences.map(({ element }) => /^\w+/.exec(element)?.[0] ?? ''))];
}

function contentOf(resource: JsonObject): JsonObject {
  const { id: _, meta: __, text: ___, ...content } = resource;
  return content;
}

/** The first element that is known by its name: any other may be a person's. */
function foreign(code: Problem['code'], ...elements: readonly string[]): HeldVerdict {
  const element = elements.find(isElement);
  return {
    kind: 'foreign',
    problem: { code, ...(element === undefined ? {} : { where: `Communication.${element}` }) },
  };
}
