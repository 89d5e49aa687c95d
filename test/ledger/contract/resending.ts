import { describe, expect, it } from 'vitest';
import type { Reading } from '../../../src/exchange/record.ts';
import { minuteMs } from '../../../src/exchange/window.ts';
import { ledgerInEachTest, type NewPlace } from './place.ts';
import {
  accepted,
  claimDue,
  deliverDue,
  keyOf,
  keysOf,
  message,
  repeated,
  reply,
  replyKeyOf,
  row,
  rows,
  settleClaimed,
  source,
  unreadable,
  view,
  type Settling,
} from './rows.ts';

const none = { added: 0, changed: 0, known: 0, unreadable: 0, unreadableKnown: 0, lowered: 0, resent: 0, setApart: [] };

/** Reading a range again so that everything in it is sent once more: the EHR came from a backup, or the mapping changed. */
export function resendingContract(newPlace: NewPlace): void {
  const test = ledgerInEachTest(newPlace);
  const record = (...readings: readonly Reading[]) => test.ledger.messages.record(source, test.clock.at, readings);
  const resend = (...readings: readonly Reading[]) =>
    test.ledger.messages.record(source, test.clock.at, readings, { resend: true });
  const settle = (...settlements: readonly Settling[]) => settleClaimed(test.ledger, test.clock, ...settlements);
  const dueNow = async () => keysOf(await deliverDue(test.ledger, test.clock)).toSorted();
  const problem = { code: 'resource-refused' } as const;

  async function delivered(...readings: readonly Reading[]): Promise<void> {
    await record(...readings);
    await deliverDue(test.ledger, test.clock);
    test.clock.pass({ minutes: 5 });
  }

  describe('sending again', () => {
    it('makes what was delivered due, with the content just read, and changes nothing of it', async () => {
      await delivered(row(message('a'), reply('a')), row(message('b')));
      expect(await resend(row(message('a'), reply('a')), row(message('b')))).toEqual({ ...none, known: 3, resent: 3 });
      expect(await test.ledger.messages.counts()).toMatchObject({ pending: 3, delivered: 0 });
      const claims = await claimDue(test.ledger, test.clock);
      expect(keysOf(claims).toSorted()).toEqual([keyOf('a'), keyOf('b'), replyKeyOf('a')].toSorted());
      expect(claims.find(({ record: taken }) => taken.key === keyOf('a'))).toMatchObject({
        record: { ...message('a'), related: [replyKeyOf('a')] },
        attempt: 1,
        unsure: false,
      });
    });

    it('is done once: the next read finds it as it is known', async () => {
      await delivered(row(message('a')));
      await resend(row(message('a')));
      expect(await dueNow()).toEqual([keyOf('a')]);
      test.clock.pass({ minutes: 5 });
      expect(await record(row(message('a')))).toEqual({ ...none, known: 1 });
      expect(await dueNow()).toEqual([]);
    });

    it('forgets where the EHR kept it: a restored one may have another there', async () => {
      await delivered(row(message('a')));
      await resend(row(message('a')));
      expect(await view(test.ledger, keyOf('a'))).toMatchObject({ state: 'pending', reference: null, version: null });
      expect((await claimDue(test.ledger, test.clock))[0]?.knownReference).toBeUndefined();
    });

    it('takes what is new and what has changed as ever', async () => {
      await delivered(row(message('a', 'SENT')));
      const counts = await resend(row(message('a', 'DELIVERED')), row(message('b')), unreadable('[]'));
      expect(counts).toMatchObject({ added: 1, changed: 1, known: 0, unreadable: 1, resent: 0 });
      expect(await dueNow()).toEqual([keyOf('a'), keyOf('b')].toSorted());
    });

    it('of one message leaves its neighbours, the reply in its own row too', async () => {
      await delivered(row(message('a'), reply('a')), row(message('b')));
      const one = (key: string) =>
        test.ledger.messages.record(source, test.clock.at, [row(message('a'), reply('a')), row(message('b'))], {
          resend: key,
        });
      expect(await one(replyKeyOf('a'))).toEqual({ ...none, known: 3, resent: 1 });
      expect(await dueNow()).toEqual([replyKeyOf('a')]);
      test.clock.pass({ minutes: 5 });
      expect(await one(keyOf('a'))).toEqual({ ...none, known: 3, resent: 1 });
      expect(await dueNow()).toEqual([keyOf('a')]);
      expect(await one(keyOf('nobody'))).toEqual({ ...none, known: 3 });
    });

    it('takes the highest status where the answer has several', async () => {
      await delivered(row(message('a', 'SENT')), row(message('b', 'SENT')));
      await resend(
        row(message('a', 'SENT')),
        repeated(message('a', 'DELIVERED')),
        row(message('b', 'SENT')),
        repeated(message('b', 'QUEUED')),
      );
      const claims = await claimDue(test.ledger, test.clock);
      const statuses = new Map(claims.map(({ record: taken }) => [taken.key, taken.body['messageStatus']]));
      expect([statuses.get(keyOf('a')), statuses.get(keyOf('b'))]).toEqual(['DELIVERED', 'SENT']);
    });

    it('brings back what was rejected or waited, with its attempts forgotten, and what the mapping kept out', async () => {
      await record(...rows(...['rejected', 'skipped', 'waiting', 'pending'].map((id) => message(id))));
      await claimDue(test.ledger, test.clock);
      const later = { problem, dueAt: test.clock.at + 60 * minuteMs, usedAttempt: true, unsure: false };
      await settle(
        { state: 'rejected', key: keyOf('rejected'), problem },
        { state: 'skipped', key: keyOf('skipped'), problem },
        { state: 'waiting', key: keyOf('waiting'), ...later },
        { state: 'pending', key: keyOf('pending'), ...later },
      );
      test.clock.pass({ minutes: 5 });
      await resend(...rows(...['rejected', 'skipped', 'waiting', 'pending'].map((id) => message(id))));
      expect(await test.ledger.messages.counts()).toMatchObject({ pending: 4, rejected: 0, skipped: 0, waiting: 0 });
      expect(await view(test.ledger, keyOf('rejected'))).toMatchObject({ attempts: 0, code: null });
      expect(await dueNow()).toHaveLength(4);
    });

    it('writes anew what was deleted at the EHR, without looking for it', async () => {
      await delivered(row(message('a', 'SENT')));
      await record(row(message('a', 'DELIVERED')));
      await claimDue(test.ledger, test.clock);
      await settle({ state: 'pending', key: keyOf('a'), problem, dueAt: 0, usedAttempt: true, unsure: true });
      await claimDue(test.ledger, test.clock);
      await settle({ state: 'rejected', key: keyOf('a'), problem: { code: 'deleted-at-ehr' } });
      await resend(row(message('a', 'DELIVERED')));
      const [claim] = await claimDue(test.ledger, test.clock);
      expect(claim).toMatchObject({ unsure: false });
      expect(claim?.knownReference).toBeUndefined();
    });

    it('still looks for what may be on its way from before', async () => {
      await record(row(message('a')));
      await claimDue(test.ledger, test.clock);
      await settle({ state: 'pending', key: keyOf('a'), problem, dueAt: 9e12, usedAttempt: true, unsure: true });
      await resend(row(message('a')));
      expect((await claimDue(test.ledger, test.clock))[0]).toMatchObject({ unsure: true, attempt: 1 });
    });

    it('leaves what a person dismissed, and rows set apart', async () => {
      await record(row(message('a')), row(message('b')));
      const contradiction = row(message('b', 'SENT', 'Another text.'));
      const { setApart } = await record(contradiction);
      await claimDue(test.ledger, test.clock);
      await settle({ state: 'rejected', key: keyOf('a'), problem }, accepted(keyOf('b')));
      await test.ledger.messages.dismiss(keyOf('a'));
      test.clock.pass({ minutes: 5 });
      expect(await resend(row(message('a')), contradiction)).toEqual({ ...none, known: 1, unreadableKnown: 1 });
      expect((await view(test.ledger, keyOf('a'))).state).toBe('skipped');
      expect((await view(test.ledger, setApart[0]?.key ?? '')).state).toBe('rejected');
      expect(await dueNow()).toEqual([]);
    });

    it('sends what is on its way once more after that', async () => {
      await record(row(message('a')));
      await claimDue(test.ledger, test.clock);
      await resend(row(message('a')));
      expect((await view(test.ledger, keyOf('a'))).state).toBe('delivering');
      await settle(accepted(keyOf('a')));
      const [claim] = await claimDue(test.ledger, test.clock);
      expect(claim).toMatchObject({ record: message('a'), unsure: false });
      await settle(accepted(keyOf('a')));
      expect(await dueNow()).toEqual([]);
    });
  });

  describe('the origin of a message', () => {
    it('is its source and when it was sent; of a reply, when the message it answers was', async () => {
      await record(row(message('a'), reply('a')), row({ ...message('b'), occurredAt: null }));
      const sentAt = message('a').occurredAt;
      expect(await test.ledger.messages.origin(keyOf('a'))).toEqual({ source, sentAt });
      expect(await test.ledger.messages.origin(replyKeyOf('a'))).toEqual({ source, sentAt });
      expect(await test.ledger.messages.origin(keyOf('b'))).toEqual({ source, sentAt: null });
    });

    it('is none where no message has the key, and of a row set apart', async () => {
      const { setApart } = await record(unreadable('[]'));
      expect(await test.ledger.messages.origin(setApart[0]?.key ?? '')).toBeUndefined();
      expect(await test.ledger.messages.origin(keyOf('a'))).toBeUndefined();
    });
  });

  describe('sending again what the vendor shows with a lower status', () => {
    it('waits for the content of the status that counts, and sends it when that is read', async () => {
      await delivered(row(message('a', 'DELIVERED')));
      expect(await resend(row(message('a', 'SENT')))).toEqual({ ...none, known: 1, lowered: 1 });
      expect(await dueNow()).toEqual([]);
      test.clock.pass({ minutes: 5 });
      await record(row(message('a', 'DELIVERED')));
      const claims = await deliverDue(test.ledger, test.clock);
      expect(claims.map(({ record: taken }) => taken.body['messageStatus'])).toEqual(['DELIVERED']);
      expect(claims[0]?.knownReference).toBeUndefined();
      await record(row(message('a', 'DELIVERED')));
      expect(await dueNow()).toEqual([]);
    });

    it('sends the lower one once it is confirmed', async () => {
      await delivered(row(message('a', 'DELIVERED')));
      await resend(row(message('a', 'SENT')));
      test.clock.pass({ minutes: 10 });
      expect(await record(row(message('a', 'SENT')))).toMatchObject({ changed: 1 });
      const claims = await deliverDue(test.ledger, test.clock);
      expect(claims.map(({ record: taken }) => taken.body['messageStatus'])).toEqual(['SENT']);
      await record(row(message('a', 'SENT')));
      expect(await dueNow()).toEqual([]);
    });

    it('sends the content at hand where there is some', async () => {
      await record(row(message('a', 'DELIVERED')));
      await claimDue(test.ledger, test.clock);
      await settle({ state: 'rejected', key: keyOf('a'), problem });
      test.clock.pass({ minutes: 5 });
      await resend(row(message('a', 'SENT')));
      const claims = await claimDue(test.ledger, test.clock);
      expect(claims.map(({ record: taken }) => taken.body['messageStatus'])).toEqual(['DELIVERED']);
      // The read that showed the lower status is not the one that the content was taken from.
      await settle(accepted(keyOf('a')));
      const between = test.ledger.messages.record(source, test.clock.at - minuteMs, rows(message('a', 'FAILED')));
      expect(await between).toMatchObject({ changed: 1 });
    });
  });
}
