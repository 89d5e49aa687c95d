import { describe, expect, it } from 'vitest';
import { SeenKeys } from '../../src/sync/seen-keys.ts';
import { keys } from '../support/scripted.ts';

describe('the keys seen in an answer', () => {
  it('are each new once, however many there are', () => {
    const seen = new SeenKeys();
    const all = Array.from({ length: 20_000 }, (_, index) => keys.outgoing(`m-${index}`));
    expect(all.filter((key) => seen.seen(key))).toEqual([]);
    expect(all.filter((key) => !seen.seen(key))).toEqual([]);
  });

  it('are told apart by their first and their last digits, zeros among them', () => {
    const key = (first: string, last: string): string => `${first}-1111-5111-8111-1111${last}`;
    const seen = new SeenKeys();
    const four = [
      key('00000000', '00000000'),
      key('00000000', 'ffffffff'),
      key('ffffffff', '00000000'),
      key('ffffffff', 'ffffffff'),
    ];
    expect(four.map((each) => seen.seen(each))).toEqual([false, false, false, false]);
    expect(four.map((each) => seen.seen(each))).toEqual([true, true, true, true]);
  });
});
