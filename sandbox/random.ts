/** A stream of numbers that is the same for the same seed, on every machine. Not for secrets. */
export interface Random {
  /** 0 <= x < 1. */
  next(): number;
  /** A whole number, 0 <= n < below. */
  below(below: number): number;
  chance(probability: number): boolean;
  pick<Item>(first: Item, ...rest: readonly Item[]): Item;
  /** Lower-case hexadecimal digits. */
  hex(digits: number): string;
}

/**
 * The stream of one item: whoever makes item 5,000 need not make those before it.
 *
 * SplitMix32, by G. Steele, D. Lea and C. Flood, over the seed and the item mixed together.
 */
export function randomOf(seed: number, item: number): Random {
  // An item may be larger than 2^32.
  let state = mix(mix(seed >>> 0) ^ mix(item >>> 0) ^ mix(Math.floor(item / 2 ** 32) + 0x51ed270b));
  const bits = (): number => {
    state = (state + 0x9e3779b9) | 0;
    return mix(state);
  };
  const next = (): number => bits() / 2 ** 32;
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    next,
    below,
    chance: (probability) => next() < probability,
    pick(first, ...rest) {
      const at = below(rest.length + 1);
      return at === 0 ? first : (rest[at - 1] ?? first);
    },
    hex(digits) {
      let text = '';
      while (text.length < digits) text += bits().toString(16).padStart(8, '0');
      return text.slice(0, digits);
    },
  };
}

function mix(value: number): number {
  let z = value;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}
