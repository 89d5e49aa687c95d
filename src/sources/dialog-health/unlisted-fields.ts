import { isListedField } from './message-result.ts';

/** After so many the vendor's rows are something else altogether. */
const mostNames = 1000;

/** Looks at the rows of an answer for fields that the vendor's page does not list. */
export type FieldWatch = (rows: readonly unknown[]) => void;

/**
 * Such a field is ignored, and may be the new name of one that is not: `tell` hears how many there are that were never
 * seen before. How many, not which: a name may be made of what a row says.
 */
export function makeFieldWatch(tell: (count: number) => void): FieldWatch {
  const seen = new Set<string>();
  return (rows) => {
    const before = seen.size;
    for (const row of rows) {
      if (typeof row !== 'object' || row === null || Array.isArray(row)) continue;
      for (const name in row) if (!isListedField(name) && seen.size < mostNames) seen.add(name);
    }
    if (seen.size > before) tell(seen.size - before);
  };
}
