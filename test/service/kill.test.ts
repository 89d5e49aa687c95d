import { afterEach, describe, expect, it } from 'vitest';
import { bothSides, type BothSides } from '../support/both-sides.ts';
import { runProgram, type Ended } from '../support/program.ts';

const entry = ['test/support/crashing-main.ts'];
let sides: BothSides | undefined;

afterEach(() => sides?.close());

/** A run that dies at the n-th time it reaches the point; without one, a run that lives. */
function run(configFile: string, point: string, nth: number): Promise<Ended> {
  return runProgram([point, String(nth), 'run', '--json', '--config', configFile], { entry });
}

/** Each of the six messages is at the EHR once, as it was first written. */
function expectEachOnce({ communications }: BothSides): void {
  expect(communications().map(({ meta }) => meta?.versionId)).toEqual(Array(6).fill('1'));
}

describe('a service killed by SIGKILL', () => {
  it.each(['reading', 'recorded', 'covered', 'claimed', 'sent', 'settled'])(
    'when it has reached "%s" loses nothing and doubles nothing',
    async (point) => {
      sides = await bothSides();
      expect(await run(sides.configFile, point, 1)).toMatchObject({ signal: 'SIGKILL' });
      // The lock has died with its process: the next one starts at once.
      expect(await run(sides.configFile, 'none', 1)).toMatchObject({ code: 0 });
      expectEachOnce(sides);
    },
  );

  it('at every point that it ever reaches, its recoveries included, loses nothing and doubles nothing', async () => {
    sides = await bothSides({ maxEntries: 2 });
    let deaths = 0;
    let ended: Ended;
    do {
      ended = await run(sides.configFile, 'any', deaths + 1);
      if (ended.signal === 'SIGKILL') deaths += 1;
    } while (ended.signal === 'SIGKILL' && deaths < 60);
    expect(ended).toMatchObject({ code: 0 });
    expect(deaths).toBeGreaterThan(5);
    expectEachOnce(sides);
  });

  it('while windows are cut in parts, at every part of them, loses nothing and doubles nothing', async () => {
    sides = await bothSides({ maxEntries: 2 });
    sides.vendorGivesAtMost(2);
    for (const point of ['failed', 'covered']) {
      let ended: Ended;
      let nth = 0;
      do {
        nth += 1;
        ended = await run(sides.configFile, point, nth);
      } while (ended.signal === 'SIGKILL' && nth < 40);
      expect(nth).toBeLessThan(40);
    }
    // What is left of the parts, and what was read and not delivered.
    for (let times = 0; times < 3; times += 1) await run(sides.configFile, 'none', 1);
    expectEachOnce(sides);
  });

  it('while a past range is read goes on where it was, and loses and doubles nothing', async () => {
    sides = await bothSides({ maxEntries: 2 });
    sides.vendorGivesAtMost(2);
    const from = new Date(Date.now() - 3 * 86_400_000).toISOString();
    const to = new Date(Date.now() - 60_000).toISOString();
    const args = ['backfill', '--json', '--config', sides.configFile, '--from', from, '--to', to];
    let ended: Ended;
    let deaths = 0;
    do {
      ended = await runProgram(['any', String(deaths * 3 + 1), ...args], { entry });
      if (ended.signal === 'SIGKILL') deaths += 1;
    } while (ended.signal === 'SIGKILL' && deaths < 40);
    expect(ended).toMatchObject({ code: 0 });
    expect(deaths).toBeGreaterThan(3);
    expectEachOnce(sides);
  });
});
