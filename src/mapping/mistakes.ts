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
  const near = nearestName(wrong, names);
  if (near !== undefined) return `; did you mean "${near}"?`;
  return names.length === 0 || names.length > 30 ? '' : `; there are: ${names.join(', ')}`;
}

function nearestName(wrong: string, names: readonly string[]): string | undefined {
  const longer = names.find((name) => wrong.length > 2 && name.startsWith(wrong));
  if (longer !== undefined) return longer;
  const ranked = names
    .map((name) => ({ name, distance: distance(wrong.toLowerCase(), name.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= Math.max(2, Math.floor(wrong.length / 3)) ? best.name : undefined;
}

/** How many letters must be put in, taken out or changed. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 0; line < from.length; line += 1) {
    const next = [line + 1];
    for (let column = 0; column < to.length; column += 1) {
      const changed = (row[column] ?? 0) + (from[line] === to[column] ? 0 : 1);
      next.push(Math.min(changed, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
