/**
 * The value of a token search for exactly this identifier, percent-encoded. Every search and every condition is built
 * here. An unescaped comma would mean "or", and a `|` another system (http://hl7.org/fhir/R4/search.html#escaping).
 */
export function identifierSearch({ system, value }: { readonly system: string; readonly value: string }): string {
  return `identifier=${encodeURIComponent(`${escaped(system)}|${escaped(value)}`)}`;
}

const escaped = (text: string): string => text.replace(/[\\|,$]/g, String.raw`\$&`);
