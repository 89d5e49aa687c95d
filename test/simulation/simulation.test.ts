import { describe, expect, it } from 'vitest';
import { virtualClock } from './clock.ts';
import { dice } from './dice.ts';
import { carryOut } from './pool.ts';
import { Ranges } from './ranges.ts';

describe('a simulation', () => {
  it('with the same seed is the same, to the letter of the log', async () => {
    const logs = [1, 2].map(() => [] as string[]);
    for (const log of logs) await carryOut({ seed: 12 }, (line) => log.push(line));
    expect(logs[0]?.length).toBeGreaterThan(500);
    expect(logs[1]).toEqual(logs[0]);
  });

  it.each([1, 2, 3])('keeps every promise: seed %i (npm run test:simulation has more)', async (seed) => {
    expect((await carryOut({ seed })).broken).toEqual([]);
  });
});

describe('the clock of a simulation', () => {
  it('passes only when everything that can happen has happened', async () => {
    const clock = virtualClock(1_000);
    const seen: string[] = [];
    async function walk(name: string, ms: number): Promise<void> {
      for (let step = 0; step < 2; step += 1) {
        await clock.sleep(ms);
        await Promise.resolve();
        seen.push(`${name} ${clock.now()}`);
      }
    }
    void walk('slow', 30);
    void walk('quick', 20);
    await clock.passUntil(1_100);
    expect(seen).toEqual(['quick 1020', 'slow 1030', 'quick 1040', 'slow 1060']);
    expect(clock.now()).toBe(1_100);
  });

  it('wakes who is told to wake, and is late where the machine slept', async () => {
    const clock = virtualClock(0);
    const alarm = new AbortController();
    const seen: number[] = [];
    void clock.sleep(1_000, alarm.signal).then(() => seen.push(clock.now()));
    void clock.sleep(50).then(() => seen.push(clock.now()));
    void clock.sleep(10).then(() => {
      alarm.abort();
      clock.jump(500);
    });
    await clock.passUntil(2_000);
    expect(seen).toEqual([510, 510]);
  });
});

describe('the dice of a simulation', () => {
  it('throw the same for the same seed and name, and other numbers for others', () => {
    const throws = (seed: number, name: string) => Array.from({ length: 5 }, dice(seed, name).next);
    expect(throws(1, 'a')).toEqual(throws(1, 'a'));
    expect(throws(1, 'a')).not.toEqual(throws(2, 'a'));
    expect(throws(1, 'a')).not.toEqual(throws(1, 'b'));
  });

  it('are fair', () => {
    const by = dice(7);
    const thrown = Array.from({ length: 6_000 }, () => by.whole(1, 6));
    for (const eyes of [1, 2, 3, 4, 5, 6]) {
      expect(thrown.filter((each) => each === eyes).length).toBeGreaterThan(850);
    }
    expect(by.shuffled([1, 2, 3]).toSorted()).toEqual([1, 2, 3]);
  });
});

describe('parts of time', () => {
  it('that touch are one, and a hole between them is found', () => {
    const ranges = new Ranges();
    ranges.add({ from: 10, to: 20 });
    ranges.add({ from: 30, to: 40 });
    expect([ranges.holeAfter(10), ranges.holeAfter(5), ranges.holeAfter(20)]).toEqual([20, 5, 20]);
    ranges.add({ from: 20, to: 30 });
    expect(ranges.holeAfter(10)).toBe(40);
    expect([ranges.has(9), ranges.has(10), ranges.has(39), ranges.has(40)]).toEqual([false, true, true, false]);
  });
});
