/** The known word that was probably meant, if one is close. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const wanted = plain(word);
  const [best] = known
    .map((candidate) => ({ candidate, distance: distance(wanted, plain(candidate)) }))
    .filter(({ candidate, distance }) => distance <= Math.max(1, Math.floor(candidate.length / 3)))
    .toSorted((left, right) => left.distance - right.distance);
  return best?.candidate;
}

const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_]/g, '');

/** How many letters are put in, left out, exchanged, or in each other's place. */
function distance(left: string, right: string): number {
  let before: readonly number[] = [];
  let row: readonly number[] = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 0; i < left.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < right.length; j += 1) {
      const exchanged = (row[j] ?? 0) + (left[i] === right[j] ? 0 : 1);
      const turned = left[i] === right[j - 1] && left[i - 1] === right[j] ? (before[j - 1] ?? 0) + 1 : Infinity;
      next.push(Math.min(exchanged, turned, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    [before, row] = [row, next];
  }
  return row.at(-1) ?? 0;
}
