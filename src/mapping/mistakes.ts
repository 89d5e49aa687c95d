import { nearest } from '../exchange/spelling.ts';

/** Where something stands in a mapping file; the first line and column are 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One mistake in a mapping: where, at which element or table, and what to do. */
export interface MappingMistake extends Place {
  readonly element: string;
  readonly message: string;
}

/** Takes each mistake as it is found, so that all of them are told at once. */
export type Report = (place: Place, element: string, message: string) => void;

/** `; did you mean "status"?` where one of the names is near, else the names when they are few. */
export function hint(wrong: string, names: readonly string[]): string {
  const near = names.find((name) => wrong.length > 2 && name.startsWith(wrong)) ?? nearest(wrong, names);
  if (near !== undefined) return `; did you mean "${near}"?`;
  return names.length === 0 || names.length > 30 ? '' : `; there are: ${names.join(', ')}`;
}
