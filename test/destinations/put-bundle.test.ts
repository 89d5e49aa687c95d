import { describe, expect, it } from 'vitest';
import {
  cutIntoPutBundles,
  putBundle,
  putBundleBytes,
  putBundleDigest,
  putEntry,
} from '../../src/destinations/put-bundle.ts';
import { deliveries, delivery } from './example-deliveries.ts';

const entries = deliveries(5, { text: 'Grüße 👋' }).map(putEntry);
const sizeOf = (count: number): number => Buffer.byteLength(putBundle(entries.slice(0, count)));

describe('a Bundle of updates', () => {
  it('is as long as it is said to be, in UTF-8', () => {
    for (const count of [1, 2, 5]) expect(putBundleBytes(entries.slice(0, count))).toBe(sizeOf(count));
  });

  it('is cut where one entry more would be too many or too long, and keeps the order', () => {
    const lengths = (maxEntries: number, maxBytes: number): readonly number[] =>
      cutIntoPutBundles(entries, { maxEntries, maxBytes }).map(({ length }) => length);
    expect(lengths(2, Infinity)).toEqual([2, 2, 1]);
    expect(lengths(100, sizeOf(3))).toEqual([3, 2]);
    expect(lengths(100, sizeOf(3) - 1)).toEqual([2, 2, 1]);
    expect(lengths(100, 10)).toEqual([1, 1, 1, 1, 1]);
    expect(cutIntoPutBundles(entries, { maxEntries: 2, maxBytes: Infinity }).flat()).toEqual(entries);
    expect(cutIntoPutBundles([], { maxEntries: 2, maxBytes: 10 })).toEqual([]);
  });

  it('has a digest that its keys, its contents and their order make', () => {
    const digestOf = (...all: Parameters<typeof putEntry>[0][]): string =>
      putBundleDigest(putBundle(all.map(putEntry)));
    expect(digestOf(delivery(0), delivery(1))).toBe(digestOf(delivery(0), delivery(1)));
    const others = [
      digestOf(delivery(0)),
      digestOf(delivery(0), delivery(2)),
      digestOf(delivery(0), delivery(1, { status: 'completed' })),
    ];
    expect(new Set([digestOf(delivery(0), delivery(1)), ...others]).size).toBe(4);
  });

  it.each(['Patient/7', 'Communication/', 'Communication/a b', 'Communication/7/_history/2', ''])(
    'goes under the key where a reference is none of a Communication: %s',
    (knownReference) => {
      expect(putEntry(delivery(0, { knownReference })).reference).toBe(`Communication/${delivery(0).key}`);
    },
  );
});
