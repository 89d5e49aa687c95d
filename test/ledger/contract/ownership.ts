import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import { LeaseLost } from '../../../src/ledger/ledger.ts';
import { ledgerInEachTest, type NewPlace } from './place.ts';
import { accepted, claimDue, keyOf, keysOf, message, rows, settleClaimed, source, view } from './rows.ts';

export function ownershipContract(newPlace: NewPlace): void {
  const test = ledgerInEachTest(newPlace);
  const record = (ledger: Ledger, ...ids: readonly string[]) =>
    ledger.messages.record(source, test.clock.at, rows(...ids.map((id) => message(id))));

  describe('an owner', () => {
    it('is alone: a second one is refused', async () => {
      await expect(test.open('owner')).rejects.toMatchObject({ name: 'LedgerRefused', reason: 'held-by-another' });
      await record(test.ledger, 'a');
    });

    it('makes room for the next when it closes', async () => {
      await record(test.ledger, 'a');
      const next = await test.restart();
      expect(await next.messages.counts()).toMatchObject({ pending: 1 });
    });

    it('can write', async () => {
      await expect(test.ledger.ping()).resolves.toBeUndefined();
    });

    it('loses its lease when another took over: each write throws LeaseLost and changes nothing', async () => {
      const first = test.ledger;
      await record(first, 'a', 'b');
      const [claim] = await claimDue(first, test.clock, 1);
      await test.place.breakOwnership();
      const second = await test.open('owner');
      const read = { source, window: { from: 0, to: 1 }, readAt: test.clock.at, rows: 0 };
      const backfill = {
        id: '00000000-0000-4000-8000-000000000002',
        source,
        range: read.window,
        order: 'oldest-first',
        resend: false,
        startedAt: test.clock.at,
      } as const;
      const report = {
        id: '00000000-0000-4000-8000-000000000001',
        trigger: 'api',
        state: 'running',
        startedAt: '2026-03-10T12:00:00Z',
        finishedAt: null,
        sources: [],
        delivery: { delivered: 0, pending: 0, waiting: 0, rejected: 0, skipped: 0, problems: {}, counts: {} },
      } as const;
      const writes: Readonly<Record<string, () => Promise<unknown>>> = {
        record: () => record(first, 'c'),
        claim: () => claimDue(first, test.clock),
        settle: () => settleClaimed(first, test.clock, accepted(claim?.record.key ?? '')),
        makePendingDue: () => first.messages.makePendingDue(test.clock.at),
        release: () => first.messages.release({}, test.clock.at),
        dismiss: () => first.messages.dismiss(keyOf('a')),
        cover: () => first.coverage.cover(read, { frontier: 1 }),
        failed: () => first.coverage.failed(read, { code: 'source-timeout' }, { frontier: 1 }),
        beginCoverage: () => first.coverage.begin(source, 0),
        acceptGap: () => first.coverage.acceptGap(source, read.window, 'ops', test.clock.at),
        beginBackfill: () => first.backfills.begin(backfill),
        moveBackfill: () => first.backfills.move(backfill.id, 'stopped', test.clock.at),
        forgetLowered: () => first.messages.forgetLowered(source, test.clock.at),
        throttled: () => first.budget.throttled(source, 1, test.clock.at),
        begin: () => first.runs.begin(report),
        update: () => first.runs.update(report),
        closeInterrupted: () => first.runs.closeInterrupted(test.clock.at),
        spend: () => first.budget.spend(source, 1, test.clock.at),
        forget: () => first.forget(test.clock.at),
        keepCanonicalBase: () => first.keepCanonicalBase('https://fhir.example-health.org'),
        keepKeySecret: () => first.keepKeySecret('a fingerprint'),
        ping: () => first.ping(),
      };
      const kept: string[] = [];
      for (const [name, write] of Object.entries(writes)) {
        await write().then(
          () => kept.push(name),
          (error: unknown) => expect(error).toBeInstanceOf(LeaseLost),
        );
      }
      expect(kept).toEqual([]);
      expect(await second.messages.counts()).toMatchObject({ pending: 2, delivering: 0 });
      expect(await second.coverage.state(source)).toEqual({ tiers: {}, pieces: [], size: {} });
      expect((await second.backfills.list({ limit: 1 })).items).toEqual([]);
      expect((await second.runs.list({ limit: 1 })).items).toEqual([]);
      expect(await second.budget.used(source, test.clock.at)).toBe(0);
      const claims = await claimDue(second, test.clock);
      expect(claims.map(({ record: { key }, unsure }) => [key, unsure])).toEqual([
        [keyOf('a'), true],
        [keyOf('b'), false],
      ]);
    });
  });

  describe('a visitor beside the owner', () => {
    it('releases and dismisses, and the owner sees it', async () => {
      await record(test.ledger, 'a', 'b');
      await claimDue(test.ledger, test.clock);
      const problem = { code: 'resource-refused' } as const;
      const rejected = (id: string) => ({ state: 'rejected', key: keyOf(id), problem }) as const;
      await settleClaimed(test.ledger, test.clock, rejected('a'), rejected('b'));
      const visitor = await test.open('visitor');
      expect(await visitor.messages.release({ key: keyOf('a') }, test.clock.at)).toBe(1);
      expect(await visitor.messages.dismiss(keyOf('b'))).toBe(1);
      expect(await test.ledger.messages.counts()).toMatchObject({ pending: 1, skipped: 1, rejected: 0 });
      expect(keysOf(await claimDue(test.ledger, test.clock))).toEqual([keyOf('a')]);
    });

    it('spends from the same budget', async () => {
      const visitor = await test.open('visitor');
      expect(await visitor.budget.spend(source, 1, test.clock.at)).toEqual({ granted: true });
      expect((await test.ledger.budget.spend(source, 1, test.clock.at)).granted).toBe(false);
    });

    it('takes nothing from the owner', async () => {
      await record(test.ledger, 'a');
      const claims = await claimDue(test.ledger, test.clock);
      await test.open('visitor');
      expect(await settleClaimed(test.ledger, test.clock, accepted(keyOf('a')))).toEqual([]);
      expect(claims).toHaveLength(1);
    });
  });

  describe('a reader beside the owner', () => {
    it('sees what the owner wrote, and writes nothing', async () => {
      const reader = await test.open('reader');
      await record(test.ledger, 'a');
      expect(await reader.messages.counts()).toMatchObject({ pending: 1 });
      expect(await view(reader, keyOf('a'))).toMatchObject({ state: 'pending' });
      await expect(record(reader, 'b')).rejects.toThrow('read only');
      await expect(reader.ping()).rejects.toThrow('read only');
    });

    it('works without an owner too', async () => {
      await record(test.ledger, 'a');
      await test.ledger.close();
      const reader = await test.open('reader');
      expect(await reader.messages.counts()).toMatchObject({ pending: 1 });
    });
  });
}
