import { describe, expect, it } from 'vitest';
import { mutants } from './mutants.ts';
import { carryOut } from './pool.ts';

const seeds = [1, 2, 3, 4, 5, 6, 7, 8];

describe('a service that takes a shortcut', () => {
  it.each(Object.entries(mutants))('is found out: %s', async (mutant, { isWhatIsLeftOut = false }) => {
    for (const seed of seeds) {
      const { broken } = await carryOut({ seed, mutant });
      const [first] = broken;
      if (first === undefined) continue;
      console.log(`${mutant}: by seed ${seed}: ${first.promise}: ${first.what.slice(0, 200)}`);
      // Not by what was left out or put in to show it.
      if (!isWhatIsLeftOut) expect((await carryOut({ seed, mutant, control: true })).broken).toEqual([]);
      return;
    }
    expect.fail(`no promise is broken in ${seeds.length} seeds`);
  });
});
