import { isDeepStrictEqual } from 'node:util';
import type { Communication } from 'fhir/r4.js';
import type { JsonObject } from '../untrusted.ts';

/** What a server adds by itself; the narrative too, where we send none. */
const serverOwn = ['id', 'meta', 'text'];

/**
 * Whether the EHR holds what we would write. Only certain equality counts: a difference in form costs one write that
 * changes nothing.
 */
export function sameContent(ours: Communication, theirs: JsonObject): boolean {
  return isDeepStrictEqual(content(JSON.parse(JSON.stringify(ours)), ours), content(theirs, ours));
}

function content(resource: JsonObject, ours: Communication): JsonObject {
  const ignored = ours.text === undefined ? serverOwn : serverOwn.filter((name) => name !== 'text');
  return Object.fromEntries(Object.entries(resource).filter(([name]) => !ignored.includes(name)));
}
