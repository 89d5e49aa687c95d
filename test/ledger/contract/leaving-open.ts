import { describe, expect, it } from 'vitest';
import { hourMs, type Instant } from '../../../src/exchange/window.ts';
import type { NewPiece, OpenPiece } from '../../../src/ledger/ledger.ts';
import { ledgerInEachTest, type NewPlace } from './place.ts';
import { source, windowRead } from './rows.ts';

const part = (hour: number, changes: Partial<NewPiece> = {}): NewPiece => ({
  tier: 'tail',
  window: { from: hour * hourMs, to: (hour + 1) * hourMs },
  state: 'queued',
  failures: 0,
  code: 'source-too-large',
  dueAt: 7,
  ...changes,
});

const stuck = (hour: number, changes: Partial<NewPiece> = {}): NewPiece => part(hour, { state: 'stuck', ...changes });

export function leavingOpenContract(newPlace: NewPlace): void {
  const test = ledgerInEachTest(newPlace);
  const read = (name = source) => windowRead(test.clock.at, 0, hourMs, name);
  const leaveOpen = (...opens: readonly NewPiece[]) => test.ledger.coverage.cover(read(), { opens });
  const open = async (): Promise<readonly OpenPiece[]> => (await test.ledger.coverage.state(source)).pieces;
  const hours = (pieces: readonly { readonly window: { readonly from: Instant } }[]) =>
    pieces.map(({ window }) => window.from / hourMs);

  async function idAt(hour: number): Promise<number> {
    const piece = (await open()).find(({ window }) => window.from === hour * hourMs);
    if (piece === undefined) throw new Error('nothing is open there');
    return piece.id;
  }

  const accept = (fromHour: number, toHour: number) =>
    test.ledger.coverage.acceptGap(source, { from: fromHour * hourMs, to: toHour * hourMs }, 'ops', test.clock.at);

  describe('a window that is left open', () => {
    it('is kept in parts, ascending, each with an id of its own', async () => {
      await leaveOpen(part(3), stuck(1, { tier: 'cold', failures: 4, code: 'source-timeout' }));
      await leaveOpen(part(2));
      const pieces = await open();
      expect(new Set(pieces.map(({ id }) => id)).size).toBe(3);
      const id: unknown = expect.any(Number);
      expect(pieces).toEqual([
        { id, ...stuck(1, { tier: 'cold', failures: 4, code: 'source-timeout' }) },
        { id, ...part(2) },
        { id, ...part(3) },
      ]);
      expect((await test.ledger.coverage.state('another-clinic')).pieces).toEqual([]);
    });

    it('is closed by the read that read it, and cut into parts by one that could not', async () => {
      await leaveOpen(part(1), part(2));
      await test.ledger.coverage.cover(read(), { closes: [await idAt(1)] });
      expect(hours(await open())).toEqual([2]);
      await test.ledger.coverage.failed(
        read(),
        { code: 'source-too-large' },
        { closes: [await idAt(2)], opens: [part(5), part(6)] },
      );
      expect(hours(await open())).toEqual([5, 6]);
    });

    it('is changed by a read that failed once more', async () => {
      await leaveOpen(part(1), part(2));
      const id = await idAt(1);
      const changes = { id, state: 'stuck', failures: 3, code: 'source-timeout', dueAt: 99 } as const;
      await test.ledger.coverage.failed(read(), { code: 'source-timeout' }, { changes });
      const [first, second] = await open();
      expect(first).toEqual({ ...part(1), ...changes });
      expect(second).toMatchObject(part(2));
    });

    it('is touched by no other source', async () => {
      await leaveOpen(part(1));
      const id = await idAt(1);
      const changes = { id, state: 'stuck', failures: 3, code: 'source-timeout', dueAt: 99 } as const;
      await test.ledger.coverage.cover(read('another-clinic'), { changes, closes: [id] });
      expect(await open()).toEqual([{ id, ...part(1) }]);
    });
  });

  describe('a gap', () => {
    it('is accepted where a stuck piece lies within the range, and stays listed with who did it', async () => {
      await leaveOpen(stuck(1), stuck(2), stuck(3), part(2));
      expect(await accept(2, 4)).toEqual([
        { from: 2 * hourMs, to: 3 * hourMs },
        { from: 3 * hourMs, to: 4 * hourMs },
      ]);
      expect((await open()).map(({ state, window }) => [state, window.from / hourMs])).toEqual([
        ['stuck', 1],
        ['queued', 2],
      ]);
      const listed = await test.ledger.coverage.pieces(source);
      expect(listed.map(({ state }) => state)).toEqual(['stuck', 'accepted', 'queued', 'accepted']);
      expect(listed[3]).toEqual({
        source,
        tier: 'tail',
        from: '1970-01-01T03:00:00Z',
        to: '1970-01-01T04:00:00Z',
        state: 'accepted',
        failures: 0,
        code: 'source-too-large',
        acceptedBy: 'ops',
        acceptedAt: '2026-03-10T12:00:00Z',
      });
      expect(listed[0]).toMatchObject({ acceptedBy: null, acceptedAt: null });
    });

    it('is none where nothing within the range is stuck', async () => {
      await leaveOpen(stuck(1), part(2));
      expect(await accept(2, 9)).toEqual([]);
      // A piece that reaches out of the range is not given up by halves.
      const half = { from: hourMs, to: 2 * hourMs - 1 };
      expect(await test.ledger.coverage.acceptGap(source, half, 'ops', test.clock.at)).toEqual([]);
      expect(await test.ledger.coverage.acceptGap('another-clinic', { from: 0, to: 9e9 }, 'ops', 0)).toEqual([]);
      expect(await open()).toHaveLength(2);
    });

    it('is accepted once: the second who asks finds nothing, and the first stays named', async () => {
      await leaveOpen(stuck(1));
      await accept(1, 2);
      expect(await test.ledger.coverage.acceptGap(source, { from: 0, to: 9e9 }, 'admin', 0)).toEqual([]);
      expect((await test.ledger.coverage.pieces(source))[0]).toMatchObject({ acceptedBy: 'ops' });
    });

    it('stays accepted when its window fails once more meanwhile, and is gone when it was read after all', async () => {
      await leaveOpen(stuck(1));
      const id = await idAt(1);
      await accept(1, 2);
      const changes = { id, state: 'stuck', failures: 3, code: 'source-timeout', dueAt: 99 } as const;
      await test.ledger.coverage.failed(read(), { code: 'source-timeout' }, { changes });
      expect(await open()).toEqual([]);
      expect((await test.ledger.coverage.pieces(source))[0]).toMatchObject({ state: 'accepted', failures: 0 });
      await test.ledger.coverage.cover(read(), { closes: [id] });
      expect(await test.ledger.coverage.pieces(source)).toEqual([]);
    });

    it('is accepted by a visitor beside the owner', async () => {
      await leaveOpen(stuck(1));
      const visitor = await test.open('visitor');
      const range = { from: 0, to: 9e9 };
      expect(await visitor.coverage.acceptGap(source, range, 'ops', test.clock.at)).toHaveLength(1);
      expect(await open()).toEqual([]);
    });

    it('is shown with those of all sources where none is named', async () => {
      await leaveOpen(stuck(2));
      await test.ledger.coverage.cover(read('another-clinic'), { opens: [part(1)] });
      expect((await test.ledger.coverage.pieces()).map((piece) => [piece.source, piece.state])).toEqual([
        ['another-clinic', 'queued'],
        [source, 'stuck'],
      ]);
      expect(await test.ledger.coverage.pieces('another-clinic')).toHaveLength(1);
    });
  });
}
