import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ordinals } from '../../../src/sources/dialog-health/ordinals.ts';

const digest = (text: string): Buffer => hash('sha256', text, 'buffer');

describe('the count of equal rows', () => {
  it('tells how often each came before, however many there are', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40)), (numbers) => {
        const ordinals = new Ordinals();
        const before = new Map<number, number>();
        for (const number of numbers) {
          const times = before.get(number) ?? 0;
          expect(ordinals.next(digest(`row ${number}`))).toBe(times);
          before.set(number, times + 1);
        }
      }),
    );
  });

  it('grows with what is distinct, and forgets nothing', () => {
    const ordinals = new Ordinals();
    const all = Array.from({ length: 20_000 }, (_, number) => digest(`row ${number}`));
    for (const times of [0, 1, 2]) expect(new Set(all.map((each) => ordinals.next(each)))).toEqual(new Set([times]));
  });

  it('counts a digest of zeros too', () => {
    const ordinals = new Ordinals();
    expect([1, 2, 3].map(() => ordinals.next(Buffer.alloc(32)))).toEqual([0, 1, 2]);
  });
});
