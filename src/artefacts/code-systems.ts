import type { CodeSystem } from 'fhir/r4.js';

/**
 * A fragment of the vendor's codes with those that a mapping lists. What is said of a code stays, and so does a code
 * that this mapping does not list: the vendor has it all the same.
 */
export function withCodes(fragment: CodeSystem, listed: readonly string[]): CodeSystem {
  const known = fragment.concept ?? [];
  const added = listed.filter((code) => !known.some((concept) => concept.code === code));
  return { ...fragment, concept: [...known, ...added.map((code) => ({ code, display: code }))] };
}
