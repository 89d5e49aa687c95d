import { describe, expect, it } from 'vitest';
import { hourMs } from '../../../src/exchange/window.ts';
import { ledgerInEachTest, type NewPlace } from './place.ts';
import {
  claimDue,
  deliverDue,
  keyOf,
  keysOf,
  message,
  reply,
  replyKeyOf,
  repeated,
  row,
  rows,
  source,
} from './rows.ts';

const none = { added: 0, changed: 0, known: 0, unreadable: 0, unreadableKnown: 0, lowered: 0, resent: 0, setApart: [] };

/** Which status of a message counts, of several that were read. */
export function statusContract(newPlace: NewPlace): void {
  const test = ledgerInEachTest(newPlace);
  const record = (...readings: Parameters<typeof test.ledger.messages.record>[2]) =>
    test.ledger.messages.record(source, test.clock.at, readings);

  async function statusNow(): Promise<unknown> {
    const [claim] = await claimDue(test.ledger, test.clock);
    return claim?.record.body['messageStatus'];
  }

  describe('a lower status', () => {
    it('is not taken when it is read for the first time', async () => {
      await record(row(message('a', 'DELIVERED')));
      test.clock.pass({ minutes: 5 });
      expect(await record(row(message('a', 'SENT')))).toEqual({ ...none, known: 1, lowered: 1 });
      expect(await statusNow()).toBe('DELIVERED');
    });

    it('is not taken when it is read again within ten minutes', async () => {
      await record(row(message('a', 'DELIVERED')));
      await record(row(message('a', 'SENT')));
      test.clock.pass({ minutes: 9 });
      expect(await record(row(message('a', 'SENT')))).toMatchObject({ changed: 0 });
      expect(await statusNow()).toBe('DELIVERED');
    });

    it('is taken when it is still there after ten minutes', async () => {
      await record(row(message('a', 'DELIVERED')));
      await record(row(message('a', 'SENT')));
      test.clock.pass({ minutes: 5 });
      await record(row(message('a', 'SENT')));
      test.clock.pass({ minutes: 5 });
      expect(await record(row(message('a', 'SENT')))).toEqual({ ...none, changed: 1 });
      expect(await statusNow()).toBe('SENT');
    });

    it('starts anew when the higher status was seen in between', async () => {
      await record(row(message('a', 'DELIVERED')));
      await record(row(message('a', 'SENT')));
      test.clock.pass({ minutes: 5 });
      await record(row(message('a', 'DELIVERED')));
      test.clock.pass({ minutes: 10 });
      expect(await record(row(message('a', 'SENT')))).toMatchObject({ changed: 0 });
    });

    it('starts anew when it is another one', async () => {
      await record(row(message('a', 'DELIVERED')));
      await record(row(message('a', 'SENT')));
      test.clock.pass({ minutes: 10 });
      expect(await record(row(message('a', 'QUEUED')))).toMatchObject({ changed: 0 });
      test.clock.pass({ minutes: 10 });
      expect(await record(row(message('a', 'QUEUED')))).toMatchObject({ changed: 1 });
    });

    it('is counted where the message was final, each time that it starts anew', async () => {
      await record(row(message('a', 'DELIVERED')), row(message('b', 'SENT')), row(message('c', 'FAILED')));
      const lower = rows(message('a', 'SENT'), message('b', 'QUEUED'), message('c', 'FAILED'));
      expect(await record(...lower)).toEqual({ ...none, known: 3, lowered: 1 });
      test.clock.pass({ minutes: 5 });
      expect(await record(...lower)).toEqual({ ...none, known: 3 });
      expect(await record(row(message('a', 'QUEUED')))).toEqual({ ...none, known: 1, lowered: 1 });
    });
  });

  describe('forgetting lowered statuses', () => {
    it('makes the next read start anew, for those first seen in that read and for that source', async () => {
      await record(...rows(message('a', 'DELIVERED'), message('b', 'DELIVERED')));
      await test.ledger.messages.record('another-clinic', test.clock.at, rows(message('c', 'DELIVERED')));
      await record(row(message('a', 'SENT')));
      const massRead = test.clock.pass({ minutes: 1 });
      await record(row(message('b', 'SENT')));
      await test.ledger.messages.record('another-clinic', massRead, rows(message('c', 'SENT')));
      await test.ledger.messages.forgetLowered(source, massRead);
      test.clock.pass({ minutes: 10 });
      expect(await record(row(message('a', 'SENT')), row(message('b', 'SENT')))).toEqual({
        ...none,
        changed: 1,
        known: 1,
        lowered: 1,
      });
      expect(
        await test.ledger.messages.record('another-clinic', test.clock.at, rows(message('c', 'SENT'))),
      ).toMatchObject({ changed: 1 });
      test.clock.pass({ minutes: 10 });
      expect(await record(row(message('b', 'SENT')))).toMatchObject({ changed: 1 });
    });

    it('never lets a copy of the vendor that stays old lower anything, however often it is read', async () => {
      await record(row(message('a', 'DELIVERED')));
      for (let n = 0; n < 5; n += 1) {
        const readAt = test.clock.pass({ minutes: 20 });
        expect(await record(row(message('a', 'SENT')))).toMatchObject({ changed: 0, lowered: 1 });
        await test.ledger.messages.forgetLowered(source, readAt);
      }
      expect(await statusNow()).toBe('DELIVERED');
    });
  });

  describe('a row that repeats a message of the same answer', () => {
    it('is taken with a higher status', async () => {
      await record(row(message('a', 'QUEUED')));
      expect(await record(repeated(message('a', 'SENT')))).toEqual({ ...none, changed: 1 });
      expect(await statusNow()).toBe('SENT');
    });

    it.each(['DELIVERED', 'FAILED', 'SENT'] as const)('is known with no higher one: %s', async (status) => {
      await record(row(message('a', 'DELIVERED')));
      expect(await record(repeated(message('a', status)))).toEqual({ ...none, known: 1 });
      expect(await statusNow()).toBe('DELIVERED');
    });

    it('changes nothing when the same answer is read again and again', async () => {
      const answer = [row(message('a', 'FAILED')), repeated(message('a', 'DELIVERED')), repeated(message('a', 'SENT'))];
      expect(await record(...answer)).toEqual({ ...none, added: 1, known: 2 });
      await deliverDue(test.ledger, test.clock);
      for (let n = 0; n < 3; n += 1) {
        test.clock.pass({ minutes: 15 });
        expect(await record(...answer)).toEqual({ ...none, known: 3 });
      }
      expect(await claimDue(test.ledger, test.clock)).toEqual([]);
    });

    it('neither sets nor confirms a lower status', async () => {
      await record(row(message('a', 'DELIVERED')));
      await record(repeated(message('a', 'SENT')));
      test.clock.pass({ minutes: 15 });
      expect(await record(row(message('a', 'SENT')))).toMatchObject({ changed: 0, lowered: 1 });
      test.clock.pass({ minutes: 15 });
      expect(await record(repeated(message('a', 'SENT')))).toEqual({ ...none, known: 1 });
      expect(await statusNow()).toBe('DELIVERED');
    });

    it('tells that a lower status in the same answer was a slip, whichever comes first', async () => {
      await record(row(message('a', 'DELIVERED')));
      for (let n = 0; n < 3; n += 1) {
        test.clock.pass({ minutes: 15 });
        const counts = await record(row(message('a', 'SENT')), repeated(message('a', 'DELIVERED')));
        expect(counts).toMatchObject({ changed: 0, known: 2 });
      }
      test.clock.pass({ minutes: 15 });
      expect(await record(row(message('a', 'SENT')))).toMatchObject({ changed: 0 });
      expect(await statusNow()).toBe('DELIVERED');
    });

    it('brings its own reply, and is set apart where it contradicts', async () => {
      await record(row(message('a'), reply('a', 'yes')));
      expect(await record(repeated(message('a'), reply('a', 'no')))).toEqual({ ...none, added: 1, known: 1 });
      expect(keysOf(await deliverDue(test.ledger, test.clock))).toContain(replyKeyOf('a', 'no'));
      expect(await record(repeated(message('a', 'DELIVERED', 'Another text.')))).toMatchObject({
        unreadable: 1,
        changed: 0,
      });
    });

    it('is no later than an earlier read', async () => {
      await record(row(message('a', 'SENT')));
      const late = test.ledger.messages.record(source, test.clock.at - hourMs + 1, [
        repeated(message('a', 'DELIVERED')),
      ]);
      expect(await late).toEqual({ ...none, known: 1 });
      expect(keysOf(await claimDue(test.ledger, test.clock))).toEqual([keyOf('a')]);
    });
  });
}
