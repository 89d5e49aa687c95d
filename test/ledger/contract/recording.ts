import { describe, expect, it } from 'vitest';
import { minuteMs } from '../../../src/exchange/window.ts';
import { ledgerInEachTest, type NewPlace } from './place.ts';
import {
  claimDue,
  deliverDue,
  keyOf,
  keysOf,
  message,
  reply,
  replyKeyOf,
  row,
  rows,
  settleClaimed,
  source,
  unreadable,
  view,
} from './rows.ts';

const none = { added: 0, changed: 0, known: 0, unreadable: 0, unreadableKnown: 0, lowered: 0, resent: 0, setApart: [] };

export function recordingContract(newPlace: NewPlace): void {
  const test = ledgerInEachTest(newPlace);
  const record = (...readings: Parameters<typeof test.ledger.messages.record>[2]) =>
    test.ledger.messages.record(source, test.clock.at, readings);

  describe('recording a batch', () => {
    it('makes a message pending that is seen for the first time', async () => {
      expect(await record(row(message('a')), row(message('b')))).toEqual({ ...none, added: 2 });
      expect(await view(test.ledger, keyOf('a'))).toEqual({
        key: keyOf('a'),
        source,
        direction: 'outgoing',
        state: 'pending',
        attempts: 0,
        code: null,
        problem: null,
        reference: null,
        version: null,
        firstReadAt: '2026-03-10T12:00:00Z',
        dueAt: '2026-03-10T12:00:00Z',
        deliveredAt: null,
      });
    });

    it('takes an empty batch', async () => {
      expect(await record()).toEqual(none);
    });

    it('takes a message that two sources give at once as one', async () => {
      const readings = rows(...Array.from({ length: 50 }, (_, n) => message(`both-${n}`)));
      const taken = await Promise.all(
        ['north-clinic', 'south-clinic', 'east-clinic', 'west-clinic'].map((name) =>
          test.ledger.messages.record(name, test.clock.at, readings),
        ),
      );
      expect(taken.map(({ added }) => added).filter((added) => added > 0)).toEqual([50]);
      expect((await test.ledger.messages.counts()).pending).toBe(50);
    });

    it('takes more rows than a statement has parameters', async () => {
      const many = rows(...Array.from({ length: 3_000 }, (_, n) => message(`many-${n}`)));
      expect(await record(...many)).toEqual({ ...none, added: 3_000 });
      expect(await record(...many)).toEqual({ ...none, known: 3_000 });
      expect((await test.ledger.messages.counts()).pending).toBe(3_000);
    });

    it('knows what it has read before, and leaves it as it is', async () => {
      await record(row(message('a')));
      await deliverDue(test.ledger, test.clock);
      const before = await view(test.ledger, keyOf('a'));
      test.clock.pass({ minutes: 5 });
      expect(await record(row(message('a')))).toEqual({ ...none, known: 1 });
      expect(await view(test.ledger, keyOf('a'))).toEqual(before);
    });

    it('makes a delivered message pending again when its status changed', async () => {
      await record(row(message('a', 'SENT')));
      await deliverDue(test.ledger, test.clock);
      test.clock.pass({ minutes: 5 });
      expect(await record(row(message('a', 'DELIVERED')))).toEqual({ ...none, changed: 1 });
      const [claim] = await claimDue(test.ledger, test.clock);
      expect(claim?.record.body['messageStatus']).toBe('DELIVERED');
      expect(claim?.record.stage).toEqual({ rank: 3, final: true });
      expect(claim?.knownReference).toBe(`Communication/${keyOf('a')}`);
      expect(claim?.attempt).toBe(1);
    });

    it('sends the newest content of a message that changed while it was pending, and ends its back-off', async () => {
      await record(row(message('a', 'QUEUED')));
      await claimDue(test.ledger, test.clock);
      const problem = { code: 'ehr-server-error' } as const;
      const dueAt = test.clock.at + 3_600_000;
      const back = { state: 'pending', key: keyOf('a'), dueAt, problem, usedAttempt: true, unsure: true } as const;
      await settleClaimed(test.ledger, test.clock, back);
      test.clock.pass({ minutes: 5 });
      await record(row(message('a', 'SENT')));
      const [claim] = await claimDue(test.ledger, test.clock);
      expect(claim?.record.body['messageStatus']).toBe('SENT');
      expect(claim).toMatchObject({ attempt: 1, unsure: true });
    });

    it('takes another status of equal rank', async () => {
      await record(row(message('a', 'DELIVERED')));
      test.clock.pass({ minutes: 5 });
      expect(await record(row(message('a', 'FAILED')))).toMatchObject({ changed: 1 });
    });

    it('never lets an older read overwrite a newer one', async () => {
      const earlier = test.clock.at;
      test.clock.pass({ minutes: 5 });
      await record(row(message('a', 'SENT')));
      expect(await test.ledger.messages.record(source, earlier, rows(message('a', 'DELIVERED')))).toEqual({
        ...none,
        known: 1,
      });
      const [claim] = await claimDue(test.ledger, test.clock);
      expect(claim?.record.body['messageStatus']).toBe('SENT');
    });

    it('takes what is hours older than what it knows: the clock was wrong then', async () => {
      const right = test.clock.at;
      const ahead = right + 90 * 24 * 60 * minuteMs;
      const at = (readAt: number, status: 'SENT' | 'DELIVERED' | 'FAILED') =>
        test.ledger.messages.record(source, readAt, rows(message('a', status)));
      await at(ahead, 'DELIVERED');
      expect(await at(ahead, 'SENT')).toMatchObject({ lowered: 1 });
      expect(await at(right, 'FAILED')).toMatchObject({ changed: 1 });
      await at(ahead, 'SENT');
      expect(await at(right + minuteMs, 'SENT')).toMatchObject({ lowered: 1, changed: 0 });
      expect(await at(right + 11 * minuteMs, 'SENT')).toMatchObject({ changed: 1 });
    });

    it('takes the last of several rows with one id, where its rank allows it', async () => {
      const counts = await record(row(message('a', 'QUEUED')), row(message('a', 'SENT')), row(message('a', 'QUEUED')));
      expect(counts).toEqual({ ...none, added: 1, changed: 1, known: 1 });
      const claims = await claimDue(test.ledger, test.clock);
      expect(claims.map((claim) => claim.record.body['messageStatus'])).toEqual(['SENT']);
      expect((await test.ledger.messages.counts()).delivering).toBe(1);
    });
  });

  describe('a row that contradicts a known message', () => {
    it('is set apart once, and the first stays as it is', async () => {
      await record(row(message('a')));
      const conflict = await record(row(message('a', 'DELIVERED', 'Another text.')));
      expect(conflict).toMatchObject({ unreadable: 1, changed: 0, known: 0 });
      expect(conflict.setApart.map(({ problem }) => problem.code)).toEqual(['content-conflict']);
      expect(await record(row(message('a', 'DELIVERED', 'Another text.')))).toEqual({ ...none, unreadableKnown: 1 });
      expect(await view(test.ledger, conflict.setApart[0]?.key ?? '')).toMatchObject({
        state: 'rejected',
        direction: null,
        code: 'content-conflict',
      });
      const claims = await claimDue(test.ledger, test.clock);
      expect(claims.map((claim) => claim.record.body['outgoingMessage'])).toEqual(['Your visit is on Tuesday.']);
    });

    it('is set apart once when it comes twice in one batch', async () => {
      const counts = await record(
        row(message('a')),
        row(message('a', 'SENT', 'No.')),
        row(message('a', 'SENT', 'No.')),
      );
      expect(counts).toMatchObject({ added: 1, unreadable: 1, unreadableKnown: 1 });
      expect(counts.setApart).toHaveLength(1);
      expect(await test.ledger.messages.counts()).toMatchObject({ pending: 1, rejected: 1 });
    });
  });

  describe('a row that cannot be read', () => {
    it('is kept once, as rejected, and is never due', async () => {
      const counts = await record(unreadable('{"a":1}'), row(message('a')), unreadable('{"a":1}'));
      expect(counts).toMatchObject({ added: 1, unreadable: 1, unreadableKnown: 1 });
      expect(counts.setApart.map(({ problem }) => problem)).toEqual([
        { code: 'unreadable-row', where: 'sentDateTime' },
      ]);
      expect(await record(unreadable('{"a":1}'))).toEqual({ ...none, unreadableKnown: 1 });
      expect(keysOf(await claimDue(test.ledger, test.clock))).toEqual([keyOf('a')]);
      const key = counts.setApart[0]?.key ?? '';
      expect(await view(test.ledger, key)).toMatchObject({
        direction: null,
        state: 'rejected',
        code: 'unreadable-row',
      });
    });
  });

  describe('a new reply', () => {
    it('is linked with its message, both ways', async () => {
      await record(row(message('a'), reply('a', 'yes')), row(message('a'), reply('a', 'no')));
      const claims = await claimDue(test.ledger, test.clock);
      const byKey = new Map(claims.map(({ record: taken }) => [taken.key, taken]));
      expect(byKey.get(keyOf('a'))?.related).toEqual([replyKeyOf('a', 'yes'), replyKeyOf('a', 'no')].toSorted());
      expect(byKey.get(replyKeyOf('a', 'yes'))?.related).toEqual([keyOf('a')]);
      expect(byKey.get(replyKeyOf('a', 'yes'))?.thread).toBe(keyOf('a'));
    });

    it('makes its delivered message pending, for the link', async () => {
      await record(row(message('a')));
      await deliverDue(test.ledger, test.clock);
      test.clock.pass({ minutes: 5 });
      expect(await record(row(message('a'), reply('a')))).toEqual({ ...none, added: 1, known: 1 });
      const claims = await deliverDue(test.ledger, test.clock);
      expect(keysOf(claims).toSorted()).toEqual([keyOf('a'), replyKeyOf('a')].toSorted());
      expect(claims.find(({ record: taken }) => taken.key === keyOf('a'))?.record).toMatchObject({
        related: [replyKeyOf('a')],
        body: { messageStatus: 'SENT' },
      });
      test.clock.pass({ minutes: 5 });
      expect(await record(row(message('a'), reply('a')))).toEqual({ ...none, known: 2 });
      expect(await claimDue(test.ledger, test.clock)).toEqual([]);
    });

    it('that comes without the content of its delivered message is linked when that is read again', async () => {
      await record(row(message('a')));
      await deliverDue(test.ledger, test.clock);
      await record(row(reply('a')));
      expect(keysOf(await deliverDue(test.ledger, test.clock))).toEqual([replyKeyOf('a')]);
      test.clock.pass({ minutes: 5 });
      await record(row(message('a')));
      const claims = await deliverDue(test.ledger, test.clock);
      expect(keysOf(claims)).toEqual([keyOf('a')]);
      expect(claims[0]?.record.related).toEqual([replyKeyOf('a')]);
      await record(row(message('a')));
      expect(await claimDue(test.ledger, test.clock)).toEqual([]);
    });

    it('does not carry a lower status into the chart with the link', async () => {
      await record(row(message('a', 'DELIVERED')));
      await deliverDue(test.ledger, test.clock);
      await record(row(message('a', 'SENT'), reply('a')));
      expect(keysOf(await deliverDue(test.ledger, test.clock))).toEqual([replyKeyOf('a')]);
      test.clock.pass({ minutes: 5 });
      await record(row(message('a', 'DELIVERED'), reply('a')));
      const claims = await deliverDue(test.ledger, test.clock);
      expect(claims.map(({ record: taken }) => [taken.body['messageStatus'], taken.related])).toEqual([
        ['DELIVERED', [replyKeyOf('a')]],
      ]);
    });

    it('that comes while its message is on its way makes that pending afterwards', async () => {
      await record(row(message('a')));
      const [before] = await claimDue(test.ledger, test.clock);
      expect(before?.record.related).toEqual([]);
      await record(row(reply('a')));
      const settled = { state: 'delivered', key: keyOf('a'), reference: 'Communication/1' } as const;
      await settleClaimed(test.ledger, test.clock, settled);
      const claims = await claimDue(test.ledger, test.clock);
      expect(claims.find(({ record: taken }) => taken.key === keyOf('a'))?.record.related).toEqual([replyKeyOf('a')]);
    });

    it('that comes before its message is linked from the start', async () => {
      await record(row(reply('a')));
      await deliverDue(test.ledger, test.clock);
      await record(row(message('a')));
      const claims = await claimDue(test.ledger, test.clock);
      expect(claims.map(({ record: taken }) => taken.related)).toEqual([[replyKeyOf('a')]]);
    });
  });
}
