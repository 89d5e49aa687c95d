import { describe, expect, it } from 'vitest';
import { dayMs, hourMs } from '../../../src/exchange/window.ts';
import { BadCursor, type BackfillJob, type CoverageMoves, type NewBackfill } from '../../../src/ledger/ledger.ts';
import { ledgerInEachTest, type NewPlace } from './place.ts';
import { source, windowRead } from './rows.ts';

const jobId = (n: number): string => `00000000-0000-4000-8000-00000000b${String(n).padStart(3, '0')}`;
const range = { from: 0, to: 365 * dayMs };

export function backfillingContract(newPlace: NewPlace): void {
  const test = ledgerInEachTest(newPlace);
  const job = (n: number, changes: Partial<NewBackfill> = {}): NewBackfill => ({
    id: jobId(n),
    source,
    range,
    order: 'newest-first',
    resend: false,
    startedAt: test.clock.at,
    ...changes,
  });
  const begin = (n: number, changes: Partial<NewBackfill> = {}) => test.ledger.backfills.begin(job(n, changes));
  const move = (n: number, to: Parameters<typeof test.ledger.backfills.move>[1]) =>
    test.ledger.backfills.move(jobId(n), to, test.clock.at);
  const get = (n: number) => test.ledger.backfills.get(jobId(n));
  const running = async () => (await test.ledger.coverage.state(source)).backfill;
  const read = () => windowRead(test.clock.at, 0, hourMs);
  const moves = (n: number, changes: Partial<NonNullable<CoverageMoves['backfill']>> = {}) => ({
    backfill: { id: jobId(n), position: hourMs, windows: 3, rows: 1_200, state: 'running' as const, ...changes },
  });
  const finish = async (n: number, state: BackfillJob['state']) =>
    test.ledger.coverage.cover(read(), moves(n, { state }));
  const part = (n: number) =>
    ({
      tier: 'backfill',
      window: { from: 0, to: hourMs },
      state: 'queued',
      failures: 0,
      code: 'source-too-large',
      dueAt: 0,
      backfill: jobId(n),
    }) as const;

  describe('a backfill', () => {
    it.each([
      ['newest-first', range.to],
      ['oldest-first', range.from],
    ] as const)('that goes %s begins at that end of its range', async (order, position) => {
      const begun = { ...job(1, { order }), state: 'running', position, windows: 0, rows: 0 };
      expect(await begin(1, { order })).toEqual(begun);
      expect(await get(1)).toEqual(begun);
      expect(await running()).toEqual(begun);
      expect(await get(2)).toBeUndefined();
      expect(await (await test.restart()).backfills.get(jobId(1))).toEqual(begun);
    });

    it('for the same range is the one that is there, as long as it is not finished', async () => {
      const first = await begin(1);
      test.clock.pass({ minutes: 1 });
      expect(await begin(2)).toEqual(first);
      await move(1, 'paused');
      expect(await begin(2)).toEqual({ ...first, state: 'paused' });
      await move(1, 'stopped');
      expect(await begin(2)).toMatchObject({ id: jobId(2), state: 'running' });
      await finish(2, 'done');
      expect(await begin(3)).toMatchObject({ id: jobId(3), state: 'running' });
      expect((await test.ledger.backfills.list({ limit: 10 })).items).toHaveLength(3);
    });

    it.each([
      ['another range', { range: { from: 0, to: dayMs } }],
      ['another order', { order: 'oldest-first' }],
      ['another source', { source: 'another-clinic' }],
      ['sending again', { resend: true }],
    ] as const)('for %s is another one', async (_, changes) => {
      await begin(1);
      expect(await begin(2, changes)).toMatchObject({ id: jobId(2), ...changes });
    });

    it('is one, when several ask for it at once', async () => {
      const begun = await Promise.all([1, 2, 3, 4].map((n) => begin(n)));
      expect(new Set(begun.map(({ id }) => id)).size).toBe(1);
      expect((await test.ledger.backfills.list({ limit: 10 })).items).toHaveLength(1);
    });

    it('is moved on by what was read of it, or could not be read', async () => {
      await begin(1);
      await test.ledger.coverage.cover(read(), moves(1));
      expect(await get(1)).toMatchObject({ position: hourMs, windows: 3, rows: 1_200, state: 'running' });
      const further = moves(1, { position: 2 * hourMs, windows: 4 });
      await test.ledger.coverage.failed(read(), { code: 'source-too-large' }, { ...further, opens: [part(1)] });
      expect(await get(1)).toMatchObject({ position: 2 * hourMs, windows: 4, rows: 1_200 });
      expect((await test.ledger.coverage.state(source)).pieces).toMatchObject([part(1)]);
    });

    it('turns round where the vendor keeps nothing of its beginning', async () => {
      await begin(1, { order: 'oldest-first' });
      const turned = moves(1, { position: 9 * hourMs, order: 'newest-first' });
      await test.ledger.coverage.failed(read(), { code: 'source-refused' }, turned);
      expect(await get(1)).toMatchObject({ position: 9 * hourMs, order: 'newest-first', state: 'running' });
    });

    it.each(['done', 'retention'] as const)('that is over (%s) says since when, and stays so', async (state) => {
      await begin(1);
      test.clock.pass({ hours: 1 });
      const finishedAt = test.clock.at;
      await finish(1, state);
      expect(await get(1)).toMatchObject({ state, finishedAt });
      test.clock.pass({ hours: 1 });
      for (const to of ['running', 'paused', 'stopped'] as const) {
        expect(await move(1, to)).toMatchObject({ state, finishedAt });
      }
      // A stuck window of it that was read after all.
      await test.ledger.coverage.cover(read(), moves(1, { windows: 9, state: 'done' }));
      expect(await get(1)).toMatchObject({ state, finishedAt, windows: 9 });
      expect(await running()).toBeUndefined();
    });
  });

  describe('pausing, resuming and stopping a backfill', () => {
    it('gives the job as it is now, and is read no more until it is resumed', async () => {
      await begin(1);
      expect(await move(1, 'running')).toMatchObject({ state: 'running' });
      expect(await move(1, 'paused')).toMatchObject({ state: 'paused' });
      expect((await get(1))?.finishedAt).toBeUndefined();
      expect(await running()).toBeUndefined();
      expect(await move(1, 'paused')).toMatchObject({ state: 'paused' });
      expect(await move(1, 'running')).toMatchObject({ state: 'running' });
      expect(await running()).toMatchObject({ id: jobId(1) });
    });

    it('stops it for good, from wherever it is', async () => {
      await begin(1);
      test.clock.pass({ minutes: 1 });
      expect(await move(1, 'stopped')).toMatchObject({ state: 'stopped', finishedAt: test.clock.at });
      expect(await move(1, 'running')).toMatchObject({ state: 'stopped' });
      await begin(2);
      await move(2, 'paused');
      expect(await move(2, 'stopped')).toMatchObject({ state: 'stopped' });
      expect(await running()).toBeUndefined();
    });

    it('knows no job that is not there', async () => {
      expect(await move(1, 'paused')).toBeUndefined();
    });

    it.each(['paused', 'stopped'] as const)('keeps it %s when a window of it was under way', async (state) => {
      await begin(1);
      await move(1, state);
      await test.ledger.coverage.cover(read(), moves(1));
      expect(await get(1)).toMatchObject({ state, position: hourMs, windows: 3, rows: 1_200 });
    });

    it('lets a paused one be done when its last window was under way, and a stopped one stopped', async () => {
      await begin(1);
      await begin(2, { resend: true });
      await move(1, 'paused');
      await move(2, 'stopped');
      await finish(1, 'done');
      await finish(2, 'done');
      expect(await get(1)).toMatchObject({ state: 'done', finishedAt: test.clock.at });
      expect(await get(2)).toMatchObject({ state: 'stopped' });
    });

    it('leaves nothing of a stopped one open, also not what is cut while it is stopped', async () => {
      await begin(1);
      await begin(2, { resend: true });
      const { coverage } = test.ledger;
      await coverage.cover(read(), { opens: [part(1), part(2), { ...part(1), state: 'stuck' }] });
      await coverage.acceptGap(source, { from: 0, to: hourMs }, 'ops', test.clock.at);
      await move(1, 'stopped');
      await coverage.failed(read(), { code: 'source-too-large' }, { ...moves(1), opens: [part(1), part(1)] });
      expect((await coverage.state(source)).pieces).toMatchObject([part(2)]);
      expect((await coverage.pieces(source)).map(({ state }) => state)).toEqual(['queued', 'accepted']);
    });
  });

  describe('several backfills', () => {
    it('are read one after the other: of those that are running, the one that began first', async () => {
      await begin(1);
      test.clock.pass({ minutes: 1 });
      await begin(2, { resend: true });
      await begin(3, { source: 'another-clinic' });
      expect((await running())?.id).toBe(jobId(1));
      await move(1, 'paused');
      expect((await running())?.id).toBe(jobId(2));
      await move(1, 'running');
      expect((await running())?.id).toBe(jobId(1));
      await finish(1, 'done');
      expect((await running())?.id).toBe(jobId(2));
    });

    it('that are running or paused are told apart from those that are over', async () => {
      for (const n of [1, 2, 3, 4]) {
        test.clock.pass({ minutes: 1 });
        await begin(n, { range: { from: 0, to: n * dayMs } });
      }
      await begin(5, { source: 'another-clinic' });
      await move(2, 'stopped');
      await finish(3, 'done');
      await move(4, 'paused');
      const unfinished = await test.ledger.backfills.unfinished(source);
      expect(unfinished.map(({ id, state }) => [id, state])).toEqual([
        [jobId(1), 'running'],
        [jobId(4), 'paused'],
      ]);
    });

    it('are listed with the newest first, page by page', async () => {
      for (const n of [1, 2, 3]) await begin(n, { range: { from: 0, to: n * dayMs } });
      const first = await test.ledger.backfills.list({ limit: 2 });
      expect(first.items.map(({ id }) => id)).toEqual([jobId(3), jobId(2)]);
      const second = await test.ledger.backfills.list({ limit: 2, cursor: first.next ?? '' });
      expect(second).toMatchObject({ items: [{ id: jobId(1) }], next: null });
      await expect(test.ledger.backfills.list({ limit: 2, cursor: 'x' })).rejects.toThrow(BadCursor);
    });
  });
}
