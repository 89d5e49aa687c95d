import { describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../../src/exchange/record.ts';
import { hourMs, minuteMs, type Instant } from '../../../src/exchange/window.ts';
import type { StoredMessage } from '../../../src/ledger/ledger.ts';
import { ledgerInEachTest, type NewPlace } from './place.ts';
import { deliverDue, keyOf, message, reply, replyKeyOf, row, rows, source, unreadable } from './rows.ts';

export function comparingContract(newPlace: NewPlace): void {
  const test = ledgerInEachTest(newPlace);
  const sent = (id: string, occurredAt: Instant | null): SourceRecord => ({ ...message(id), occurredAt });
  const record = (...records: readonly SourceRecord[]) =>
    test.ledger.messages.record(source, test.clock.at, rows(...records));

  async function batchesIn(from: Instant, to: Instant, name: string): Promise<readonly (readonly StoredMessage[])[]> {
    const batches = [];
    for await (const batch of test.ledger.messages.sentIn(name, { from, to })) batches.push(batch);
    return batches;
  }
  const sentIn = async (from: Instant, to: Instant, name = source) => (await batchesIn(from, to, name)).flat();
  const keysIn = async (...range: Parameters<typeof sentIn>) => (await sentIn(...range)).map(({ key }) => key);

  describe('what the ledger is held against', () => {
    it('is each message sent in the range, by its time: the start of the range belongs to it, its end does not', async () => {
      await record(sent('d', 2 * hourMs), sent('c', 2 * hourMs - 1), sent('b', hourMs), sent('a', hourMs - 1));
      expect(await keysIn(hourMs, 2 * hourMs)).toEqual([keyOf('b'), keyOf('c')]);
      expect(await keysIn(3 * hourMs, 9 * hourMs)).toEqual([]);
      expect(await keysIn(0, 9 * hourMs, 'another-clinic')).toEqual([]);
    });

    it('is with each message every reply to it, and neither rows set apart nor messages without a time', async () => {
      const [outgoing, first, second] = [sent('a', hourMs), reply('a', 'Yes'), reply('a', 'No')];
      await test.ledger.messages.record(source, test.clock.at, [row(outgoing, first), row(second), unreadable('[]')]);
      await record(sent('b', null), sent('c', 9 * hourMs), reply('c'));
      const keys = await keysIn(0, 9 * hourMs);
      expect(keys.toSorted()).toEqual([keyOf('a'), replyKeyOf('a', 'Yes'), replyKeyOf('a', 'No')].toSorted());
    });

    it('tells how far it has come, what it holds by digests, and where the EHR has it', async () => {
      const readAt = test.clock.at;
      await record(sent('a', hourMs));
      const pending = {
        key: keyOf('a'),
        direction: 'outgoing',
        thread: keyOf('a'),
        state: 'pending',
        owed: false,
        contentDigest: message('a').contentDigest,
        changeDigest: message('a').changeDigest,
        firstReadAt: readAt,
        takenAt: readAt,
      };
      expect(await sentIn(0, 9 * hourMs)).toEqual([pending]);
      await deliverDue(test.ledger, test.clock);
      test.clock.pass({ minutes: 5 });
      await record({ ...sent('a', hourMs), ...changed('DELIVERED') });
      await deliverDue(test.ledger, test.clock);
      expect(await sentIn(0, 9 * hourMs)).toEqual([
        {
          ...pending,
          state: 'delivered',
          changeDigest: message('a', 'DELIVERED').changeDigest,
          takenAt: test.clock.at,
          reference: `Communication/${keyOf('a')}`,
          version: '1',
        },
      ]);
    });

    it('tells of a message that is owed to the EHR once more', async () => {
      await record(sent('a', hourMs));
      await deliverDue(test.ledger, test.clock);
      await record(reply('a'));
      const [outgoing] = await sentIn(0, 9 * hourMs);
      expect(outgoing).toMatchObject({ state: 'delivered', owed: true });
    });

    it('comes in batches, in which none is twice or left out, however many were sent in the same minute', async () => {
      const ids = Array.from({ length: 2_500 }, (_, number) => `m${number}`);
      await record(...ids.map((id, number) => sent(id, hourMs + (number % 2) * minuteMs)));
      const batches = await batchesIn(hourMs, hourMs + 2 * minuteMs, source);
      expect(batches.length).toBeGreaterThan(1);
      expect(Math.max(...batches.map((batch) => batch.length))).toBeLessThan(ids.length);
      expect(batches.flat().map(({ key }) => key)).toHaveLength(ids.length);
      expect(new Set(batches.flat().map(({ key }) => key))).toEqual(new Set(ids.map(keyOf)));
    });
  });

  describe('messages by their keys', () => {
    it('are those that the ledger has, rows set apart too', async () => {
      const apart = unreadable('[]');
      await record(sent('a', hourMs), reply('a'));
      await test.ledger.messages.record(source, test.clock.at, [apart]);
      const key = apart.kind === 'unreadable' ? apart.unreadable.key : '';
      const found = await test.ledger.messages.byKeys([replyKeyOf('a'), keyOf('nobody'), key]);
      expect([...found.keys()].toSorted()).toEqual([replyKeyOf('a'), key].toSorted());
      expect(found.get(replyKeyOf('a'))).toMatchObject({ direction: 'incoming', thread: keyOf('a') });
      expect(found.get(key)).toMatchObject({ direction: null, thread: null, state: 'rejected' });
      expect(await test.ledger.messages.byKeys([])).toEqual(new Map());
    });

    it('are found however many are asked for', async () => {
      const ids = Array.from({ length: 1_200 }, (_, number) => `m${number}`);
      await record(...ids.map((id) => sent(id, hourMs)));
      expect((await test.ledger.messages.byKeys(ids.map(keyOf))).size).toBe(ids.length);
    });
  });
}

const changed = (status: 'DELIVERED'): Pick<SourceRecord, 'stage' | 'changeDigest'> => {
  const { stage, changeDigest } = message('any', status);
  return { stage, changeDigest };
};
