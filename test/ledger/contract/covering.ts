import { describe, expect, it } from 'vitest';
import { dayMs, hourMs, type Instant } from '../../../src/exchange/window.ts';
import { BadCursor, type TierState } from '../../../src/ledger/ledger.ts';
import { ledgerInEachTest, type NewPlace } from './place.ts';
import { source, windowRead } from './rows.ts';

const nothingRead = { tiers: {}, pieces: [], size: {} };

export function coveringContract(newPlace: NewPlace): void {
  const test = ledgerInEachTest(newPlace);
  const read = (from: Instant, to: Instant, name = source) => windowRead(test.clock.at, from, to, name);

  describe('coverage', () => {
    it('is nothing before a window was read', async () => {
      expect(await test.ledger.coverage.state(source)).toEqual(nothingRead);
    });

    it('begins once, where it was told first', async () => {
      const { coverage } = test.ledger;
      await coverage.begin(source, 0);
      await coverage.begin(source, hourMs);
      expect(await coverage.state(source)).toEqual({ ...nothingRead, start: 0 });
    });

    it('moves what a complete read moves, and keeps the rest', async () => {
      const { coverage } = test.ledger;
      const warm: TierState = { doneEnd: 1, doneAt: 2, position: 3, to: 4, failures: 5, empty: 6 };
      const cold: TierState = { failures: 0, empty: 2 };
      const size = {
        widestMs: hourMs,
        rowCap: 10_000,
        mostRows: 9_999,
        mostWindow: { from: 1, to: 2 },
        wholeRows: 99,
        wholeAt: 3,
      };
      await coverage.begin(source, 0);
      await coverage.cover(read(0, hourMs), { frontier: hourMs });
      await coverage.cover(read(0, hourMs), { tiers: { warm, cold } });
      await coverage.cover(read(0, hourMs), { size });
      await coverage.cover(read(hourMs, 2 * hourMs), { frontier: 2 * hourMs });
      await coverage.cover(read(0, 1), {});
      expect(await coverage.state(source)).toEqual({
        start: 0,
        frontier: 2 * hourMs,
        tiers: { warm, cold },
        pieces: [],
        size,
      });
      expect(await coverage.state('another-clinic')).toEqual(nothingRead);
    });

    it('takes a tier and the size of answers as they are given: what is left out is over', async () => {
      const { coverage } = test.ledger;
      const mostWindow = { from: 1, to: 2 };
      await coverage.cover(read(0, 1), {
        tiers: { cold: { doneEnd: 1, doneAt: 2, position: 3, to: 4, failures: 5, empty: 6 } },
        size: { widestMs: hourMs, rowCap: 100, mostRows: 99, mostWindow },
      });
      const cold = { doneEnd: 5, doneAt: 6, failures: 0, empty: 0 };
      await coverage.cover(read(0, 1), { tiers: { cold }, size: { rowCap: 100 } });
      expect(await coverage.state(source)).toMatchObject({ tiers: { cold }, size: { rowCap: 100 } });
      const state = await coverage.state(source);
      expect([state.tiers.cold, state.size]).toEqual([cold, { rowCap: 100 }]);
    });

    it('moves nothing else with a failed read, which is written down', async () => {
      const failures = { tiers: { tail: { failures: 1, empty: 0 } } };
      await test.ledger.coverage.failed(read(0, hourMs), { code: 'source-timeout' }, failures);
      expect(await test.ledger.coverage.state(source)).toEqual({ ...nothingRead, ...failures });
      expect((await test.ledger.coverage.windows({}, { limit: 10 })).items).toEqual([
        {
          source,
          from: '1970-01-01T00:00:00Z',
          to: '1970-01-01T01:00:00Z',
          state: 'failed',
          readAt: '2026-03-10T12:00:00Z',
          rows: 12,
          code: 'source-timeout',
        },
      ]);
    });

    it('survives a restart', async () => {
      const tail = { failures: 2, empty: 0 };
      const part = { tier: 'tail', window: { from: 0, to: 1 }, state: 'queued', failures: 1, dueAt: 5 } as const;
      await test.ledger.coverage.cover(read(0, hourMs), {
        frontier: hourMs,
        tiers: { tail },
        opens: [{ ...part, code: 'source-too-large' }],
      });
      const before = await test.ledger.coverage.state(source);
      const ledger = await test.restart();
      expect(await ledger.coverage.state(source)).toEqual(before);
      expect(before).toMatchObject({ frontier: hourMs, tiers: { tail }, pieces: [part] });
    });

    it('moves everything of one read, or nothing of it', async () => {
      const { coverage } = test.ledger;
      const part = { tier: 'tail', state: 'queued', failures: 0, code: 'source-timeout', dueAt: 0 } as const;
      // A row that no table takes, among moves that each would.
      const broken = { ...part, window: { from: Number.NaN, to: 1 } };
      const moves = { frontier: hourMs, tiers: { cold: { failures: 1, empty: 0 } }, size: { rowCap: 1 } };
      await expect(coverage.cover(read(0, 1), { ...moves, opens: [broken] })).rejects.toThrow(/null|bigint/i);
      expect(await coverage.state(source)).toEqual(nothingRead);
      expect((await coverage.windows({}, { limit: 1 })).items).toEqual([]);
    });

    it('shows the windows that overlap a range, the newest read first, page by page', async () => {
      const { coverage } = test.ledger;
      for (const hour of [0, 1, 2]) await coverage.cover(read(hour * hourMs, (hour + 1) * hourMs), {});
      await coverage.cover(read(0, dayMs, 'another-clinic'), {});
      const starts = async (filter: Parameters<typeof coverage.windows>[0]) =>
        (await coverage.windows({ source, ...filter }, { limit: 10 })).items.map(({ from }) => from.slice(11, 13));
      expect(await starts({})).toEqual(['02', '01', '00']);
      expect(await starts({ from: hourMs })).toEqual(['02', '01']);
      expect(await starts({ to: hourMs })).toEqual(['00']);
      expect(await starts({ from: hourMs, to: hourMs + 1 })).toEqual(['01']);
      const first = await coverage.windows({}, { limit: 3 });
      expect(first.items).toHaveLength(3);
      const second = await coverage.windows({}, { limit: 3, cursor: first.next ?? '' });
      expect(second).toMatchObject({ items: [{ from: '1970-01-01T00:00:00Z' }], next: null });
      await expect(coverage.windows({}, { limit: 3, cursor: 'x' })).rejects.toThrow(BadCursor);
    });
  });
}
