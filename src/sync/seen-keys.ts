import type { RecordKey } from '../exchange/record-key.ts';

/**
 * The keys seen in one answer, in eight bytes each: an answer of a week may hold millions. Keys are UUIDs made by a
 * hash, so of theirs the first and the last eight digits are enough: two are taken for one about once in 10^19 pairs.
 */
export class SeenKeys {
  /** By the first two digits. One large table would need half as much again while it grows. */
  readonly #shelves = Array.from({ length: 256 }, () => new Shelf());

  /** Whether the key was seen before; from now on it is. */
  seen(key: RecordKey): boolean {
    const first = Number.parseInt(key.slice(0, 8), 16) >>> 0;
    const last = Number.parseInt(key.slice(-8), 16) >>> 0 || 1;
    return this.#shelves[first >>> 24]?.seen(first, last) ?? false;
  }
}

/** A hash table of pairs. */
class Shelf {
  /** Two zeros are an empty place. */
  #places = new Uint32Array(16);
  #count = 0;

  seen(first: number, last: number): boolean {
    const at = placeOf(this.#places, first, last);
    if (this.#places[at + 1] !== 0) return true;
    this.#places[at] = first;
    this.#places[at + 1] = last;
    this.#count += 1;
    // Never more than three quarters full.
    if (this.#count * 8 > this.#places.length * 3) this.#grow();
    return false;
  }

  #grow(): void {
    const before = this.#places;
    this.#places = new Uint32Array(before.length * 2);
    for (let at = 0; at < before.length; at += 2) {
      const [first = 0, last = 0] = [before[at], before[at + 1]];
      if (last !== 0) this.#places.set([first, last], placeOf(this.#places, first, last));
    }
  }
}

/** Where the pair stands, or would. */
function placeOf(places: Uint32Array, first: number, last: number): number {
  const mask = places.length - 1;
  let at = (first * 2) & mask;
  while (places[at + 1] !== 0 && (places[at] !== first || places[at + 1] !== last)) at = (at + 2) & mask;
  return at;
}
