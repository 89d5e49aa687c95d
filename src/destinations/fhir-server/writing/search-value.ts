/**
 * The value of a token search for exactly this identifier, percent-encoded. Every search and every condition is built
 * here. An unescaped comma would mean "or", and a `|` another system (http://hl7.org/fhir/R4/search.html#escaping).
 */
export function identifierSearch(identifier: SearchedIdentifier): string {
  return anyIdentifierSearch([identifier]);
}

/** The same for any of several identifiers. */
export function anyIdentifierSearch(identifiers: readonly SearchedIdentifier[]): string {
  const values = identifiers.map(({ system, value }) => encodeURIComponent(`${escaped(system)}|${escaped(value)}`));
  return `identifier=${values.join(',')}`;
}

export interface SearchedIdentifier {
  readonly system: string;
  readonly value: string;
}

const escaped = (text: string): string => text.replace(/[\\|,$]/g, String.raw`\$&`);
