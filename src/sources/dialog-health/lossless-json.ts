/**
 * A number whose digits do not fit a JavaScript number, to the letter: two ids that differ in their last digit stay two.
 * It is never a string, so that no field takes it for text.
 */
export class LongNumber {
  readonly digits: string;

  constructor(digits: string) {
    this.digits = digits;
  }
}

/** As JSON.parse, but that no number loses digits: what would is a `LongNumber`. Throws for what is no JSON. */
export function parseLossless(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) => {
    const source = context?.source;
    return typeof value === 'number' && source !== undefined && String(value) !== source
      ? new LongNumber(source)
      : value;
  });
}

/** The same value gives the same text, in whatever order its keys came; a `LongNumber` gives its digits. */
export function canonicalJson(value: unknown): string {
  if (value instanceof LongNumber) return value.digits;
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}
