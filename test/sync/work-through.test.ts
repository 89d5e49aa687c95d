import { describe, expect, it } from 'vitest';
import { workThrough } from '../../src/sync/work-through.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Pieces 1 to `pieces`; tells what was done, and the most that was under way at once. */
function work(pieces: number, atOnce: number, fails?: number) {
  const done: number[] = [];
  let taken = 0;
  let most = 0;
  let underWay = 0;
  const finished = workThrough({
    room: () => (underWay < atOnce ? 1 : 0),
    async take() {
      await turn();
      taken += 1;
      return taken <= pieces ? taken : undefined;
    },
    async work(piece) {
      underWay += 1;
      most = Math.max(most, underWay);
      for (let turns = 0; turns < 5; turns += 1) await turn();
      underWay -= 1;
      if (piece === fails) throw new Error(`piece ${piece} failed`);
      done.push(piece);
    },
  });
  return { finished, done, most: () => most, taken: () => taken };
}

describe('working through what there is', () => {
  it('does each piece once, as many at once as there is room for', async () => {
    const { finished, done, most } = work(9, 3);
    await finished;
    expect(done.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(most()).toBe(3);
  });

  it('ends at once where there is nothing, and where there is no room', async () => {
    await work(0, 3).finished;
    const { finished, taken } = work(5, 0);
    await finished;
    expect(taken()).toBe(0);
  });

  it('takes no more after one has failed, lets the others end, and tells of the first', async () => {
    const { finished, done, taken } = work(20, 3, 2);
    await expect(finished).rejects.toThrow('piece 2 failed');
    expect(taken()).toBeLessThan(6);
    expect(done).toHaveLength(taken() - 1);
  });

  it('lets what is under way end when no more can be taken', async () => {
    const done: number[] = [];
    let taken = 0;
    const finished = workThrough({
      room: () => 1,
      take() {
        taken += 1;
        return taken < 3 ? Promise.resolve(taken) : Promise.reject(new Error('the disk is full'));
      },
      async work(piece) {
        await turn();
        done.push(piece);
      },
    });
    await expect(finished).rejects.toThrow('the disk is full');
    expect(done).toEqual([1, 2]);
  });
});
