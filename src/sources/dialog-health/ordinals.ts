/** Three numbers for each place: two of the digest, and how often it came. None yet: an empty place. */
const width = 3;

/**
 * Counts how often each digest came, in twelve bytes for each: an answer of a week may hold millions. Of a digest the
 * first eight bytes are enough: two are taken for one about once in 10^19 pairs.
 */
export class Ordinals {
  #places = new Uint32Array(width * 1024);
  #used = 0;

  /** How often the digest came before: 0 at the first time. */
  next(digest: Buffer): number {
    if (this.#used * width * 2 >= this.#places.length) this.#grow();
    const [first, second] = [digest.readUInt32BE(0), digest.readUInt32BE(4)];
    const at = placeOf(this.#places, first, second);
    const before = this.#places[at + 2] ?? 0;
    if (before === 0) this.#used += 1;
    this.#places.set([first, second, before + 1], at);
    return before;
  }

  #grow(): void {
    const before = this.#places;
    this.#places = new Uint32Array(before.length * 2);
    for (let at = 0; at < before.length; at += width) {
      const [first = 0, second = 0, times = 0] = before.subarray(at, at + width);
      if (times > 0) this.#places.set([first, second, times], placeOf(this.#places, first, second));
    }
  }
}

/** Where the digest stands, or would. */
function placeOf(places: Uint32Array, first: number, second: number): number {
  const count = places.length / width;
  let at = first % count;
  while (places[at * width + 2] !== 0 && (places[at * width] !== first || places[at * width + 1] !== second)) {
    at = (at + 1) % count;
  }
  return at * width;
}
