/** Chance that the seed decides: the same seed and name give the same numbers on every machine. */
export interface Dice {
  /** In [0, 1). */
  next(): number;
  chance(probability: number): boolean;
  /** A whole number of [from, to]. */
  whole(from: number, to: number): number;
  pick<T>(among: readonly [T, ...T[]]): T;
  shuffled<T>(list: readonly T[]): T[];
  /** Other dice, with numbers of their own: what one part of the world throws changes nothing for the others. */
  of(name: string): Dice;
}

export function dice(seed: number, name = ''): Dice {
  // SplitMix32 over a hash (FNV-1a) of seed and name.
  let state = 0x811c9dc5;
  for (const letter of `${seed}/${name}`) state = Math.imul(state ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
  const whole = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1));
  return {
    next,
    chance: (probability) => next() < probability,
    whole,
    pick: (among) => among[whole(0, among.length - 1)] ?? among[0],
    shuffled(list) {
      const mixed = [...list];
      for (let at = mixed.length - 1; at > 0; at -= 1) {
        const other = whole(0, at);
        [mixed[at], mixed[other]] = [mixed[other] as (typeof mixed)[number], mixed[at] as (typeof mixed)[number]];
      }
      return mixed;
    },
    of: (part) => dice(seed, `${name}/${part}`),
  };
}
