import { describe, expect, it } from 'vitest';
import type { Problem } from '../../src/exchange/problem.ts';
import type { Reading } from '../../src/exchange/record.ts';
import type { TimeWindow } from '../../src/exchange/window.ts';
import type { ReadOutcome, Source } from '../../src/sources/source.ts';

/** What the vendor behind a source is told to do with the next request. */
export type VendorDoes =
  /** A whole answer with so many messages. */
  | { readonly what: 'answers'; readonly messages: number }
  /** So many messages, and the connection breaks. */
  | { readonly what: 'breaks off'; readonly messages: number }
  /** Nothing, for ever. */
  | { readonly what: 'is silent' }
  | { readonly what: 'refuses the login' | 'fails' };

export interface SourceUnderTest {
  readonly source: Source;
  /** What is to happen to the next request, and to those after it. */
  next(...does: readonly VendorDoes[]): void;
  /** How many requests the vendor has had. */
  requests(): number;
  /** From now on, no request may be made; this is why. */
  exhaust(problem: Problem): void;
}

interface Read {
  readonly outcome: ReadOutcome;
  readonly readings: readonly Reading[];
}

const window: TimeWindow = { from: Date.UTC(2026, 2, 5), to: Date.UTC(2026, 2, 6) };

async function read({ source }: SourceUnderTest, signal = AbortSignal.timeout(20_000)): Promise<Read> {
  const readings: Reading[] = [];
  const take = (batch: readonly Reading[]) => {
    readings.push(...batch);
    return Promise.resolve();
  };
  return { outcome: await source.read(window, take, signal), readings };
}

const keysOf = (readings: readonly Reading[]): readonly string[] =>
  readings.flatMap((reading) =>
    reading.kind === 'records' ? reading.records.map(({ key }) => key) : [reading.unreadable.key],
  );

/** What every source promises. */
export function sourceContract(title: string, make: () => Promise<SourceUnderTest>): void {
  describe(`${title}, as a source`, () => {
    it('has a name and tells the longest window it answers for', async () => {
      const { source } = await make();
      expect(source.name).not.toBe('');
      expect(source.longestWindowMs).toBeGreaterThan(0);
    });

    it('reads a window with one request, and tells its rows and bytes', async () => {
      const under = await make();
      under.next({ what: 'answers', messages: 3 });
      const { outcome, readings } = await read(under);
      expect(outcome).toMatchObject({ kind: 'complete', rows: 3 });
      expect(outcome.kind === 'complete' ? outcome.bytes : 0).toBeGreaterThan(0);
      expect(new Set(keysOf(readings)).size).toBe(3);
      expect(under.requests()).toBe(1);
    });

    it('reads a window in which nothing happened', async () => {
      const under = await make();
      under.next({ what: 'answers', messages: 0 });
      expect(await read(under)).toMatchObject({ outcome: { kind: 'complete', rows: 0 }, readings: [] });
    });

    it('gives the same keys at every read', async () => {
      const under = await make();
      under.next({ what: 'answers', messages: 4 }, { what: 'answers', messages: 4 });
      const first = await read(under);
      expect(keysOf((await read(under)).readings)).toEqual(keysOf(first.readings));
    });

    it('hands a long answer over in batches, each awaited', async () => {
      const under = await make();
      under.next({ what: 'answers', messages: 2_600 });
      let taking = 0;
      let most = 0;
      let taken = 0;
      const take = async (batch: readonly Reading[]) => {
        taking += 1;
        most = Math.max(most, taking);
        await new Promise((resolve) => setTimeout(resolve, 1));
        taken += batch.length;
        taking -= 1;
        expect(batch.length).toBeLessThanOrEqual(1_000);
      };
      const outcome = await under.source.read(window, take, AbortSignal.timeout(20_000));
      expect(outcome).toMatchObject({ kind: 'complete', rows: 2_600 });
      expect({ taken, most }).toEqual({ taken: 2_600, most: 1 });
    });

    it('is not complete when the connection breaks, and tells the rows it handed over', async () => {
      const under = await make();
      under.next({ what: 'breaks off', messages: 1_200 });
      const { outcome, readings } = await read(under);
      expect(outcome).toMatchObject({ kind: 'failed', problem: { code: 'source-incomplete-answer' } });
      expect(outcome.rows).toBe(readings.length);
      expect(outcome.rows).toBeGreaterThan(0);
    });

    it('fails, and does not throw, whatever the vendor does; and reads again when it is well', async () => {
      const under = await make();
      under.next({ what: 'fails' }, { what: 'refuses the login' }, { what: 'answers', messages: 1 });
      expect(await read(under)).toMatchObject({ outcome: { problem: { code: 'source-server-error' } } });
      expect(await read(under)).toMatchObject({ outcome: { problem: { code: 'source-unauthorized' } } });
      expect(await read(under)).toMatchObject({ outcome: { kind: 'complete' } });
      expect(under.requests()).toBe(3);
    });

    it('ends with source-timeout when it is aborted, before the request and during it', async () => {
      const under = await make();
      under.next({ what: 'is silent' });
      expect(await read(under, AbortSignal.abort())).toMatchObject({
        outcome: { problem: { code: 'source-timeout' } },
      });
      expect(under.requests()).toBe(0);
      const reading = read(under, AbortSignal.timeout(100));
      expect(await reading).toMatchObject({ outcome: { problem: { code: 'source-timeout' } }, readings: [] });
    });

    it('makes no request that the budget does not allow', async () => {
      const under = await make();
      const problem: Problem = { code: 'budget-exhausted', retryAfterMs: 60_000 };
      under.exhaust(problem);
      expect(await read(under)).toEqual({ outcome: { kind: 'failed', problem, rows: 0 }, readings: [] });
      expect(under.requests()).toBe(0);
    });

    it('passes on what the taker throws', async () => {
      const under = await make();
      under.next({ what: 'answers', messages: 2 });
      const full = new Error('the ledger is full');
      const take = () => Promise.reject(full);
      await expect(under.source.read(window, take, AbortSignal.timeout(20_000))).rejects.toBe(full);
    });
  });
}
