import { describe, expect, it } from 'vitest';
import type { ProblemCode } from '../../../src/exchange/problem.ts';
import { minuteMs } from '../../../src/exchange/window.ts';
import { BadCursor } from '../../../src/ledger/ledger.ts';
import { ledgerInEachTest, type NewPlace } from './place.ts';
import {
  accepted,
  claimDue,
  deliverDue,
  keyOf,
  keysOf,
  message,
  row,
  rows,
  settleClaimed,
  source,
  unreadable,
  view,
} from './rows.ts';

const keys = (...ids: readonly string[]) => ids.map(keyOf).toSorted();
const at = (id: string, code: ProblemCode) => ({ key: keyOf(id), problem: { code } });
const nowhere = { pending: 0, delivering: 0, waiting: 0, delivered: 0, skipped: 0, rejected: 0 };

export function holdingBackContract(newPlace: NewPlace): void {
  const test = ledgerInEachTest(newPlace);
  const record = (...ids: readonly string[]) =>
    test.ledger.messages.record(source, test.clock.at, rows(...ids.map((id) => message(id))));

  /** One record in each state that holds it back, and one rejected for another reason. */
  async function holdBack(): Promise<void> {
    await record('rejected', 'skipped', 'waiting', 'pending', 'refused');
    await claimDue(test.ledger, test.clock);
    const later = { dueAt: test.clock.at + 60 * minuteMs, usedAttempt: true, unsure: false };
    await settleClaimed(
      test.ledger,
      test.clock,
      { state: 'rejected', ...at('rejected', 'person-id-missing') },
      { state: 'rejected', ...at('refused', 'resource-refused') },
      { state: 'skipped', ...at('skipped', 'not-for-a-chart') },
      { state: 'waiting', ...at('waiting', 'patient-not-found'), ...later },
      { state: 'pending', ...at('pending', 'ehr-server-error'), ...later },
    );
  }
  const release = (filter: Parameters<typeof test.ledger.messages.release>[0]) =>
    test.ledger.messages.release(filter, test.clock.at);
  const dueNow = async () => keysOf(await claimDue(test.ledger, test.clock)).toSorted();
  const oldest = () => test.ledger.messages.oldestPending();

  describe('releasing', () => {
    it('makes rejected and waiting records pending, now, with their attempts forgotten', async () => {
      await holdBack();
      expect(await release({})).toBe(3);
      expect(await view(test.ledger, keyOf('rejected'))).toMatchObject({
        state: 'pending',
        attempts: 0,
        code: null,
        problem: null,
        dueAt: '2026-03-10T12:00:00Z',
      });
      expect(await test.ledger.messages.counts()).toEqual({ ...nowhere, pending: 4, skipped: 1 });
      expect(await dueNow()).toEqual(keys('rejected', 'refused', 'waiting'));
    });

    it.each([
      ['a code', { code: 'resource-refused' }, ['refused']],
      ['a key', { key: keyOf('waiting') }, ['waiting']],
      ['a state', { state: 'rejected' }, ['rejected', 'refused']],
      ['a source', { source }, ['rejected', 'refused', 'waiting']],
      ['a source that gave none', { source: 'another-clinic' }, []],
      ['a code and a state that exclude each other', { code: 'resource-refused', state: 'waiting' }, []],
      ['what is not held back', { state: 'pending' }, []],
    ] as const)('goes by %s', async (_, filter, released) => {
      await holdBack();
      expect(await release(filter)).toBe(released.length);
      expect(await dueNow()).toEqual(keys(...released));
    });

    it('believes that the EHR has it not only when somebody names it', async () => {
      const { ledger, clock } = test;
      await record('open');
      await claimDue(ledger, clock);
      const later = { dueAt: clock.at, usedAttempt: true, unsure: true };
      await settleClaimed(ledger, clock, { state: 'pending', ...at('open', 'ehr-answer-lost'), ...later });
      for (const [filter, unsure] of [
        [{}, true],
        [{ state: 'rejected' }, true],
        [{ code: 'outcome-unknown' }, false],
      ] as const) {
        const [claim] = await claimDue(ledger, clock);
        expect(claim?.unsure).toBe(true);
        await settleClaimed(ledger, clock, { state: 'rejected', ...at('open', 'outcome-unknown') });
        expect(await release(filter)).toBe(1);
        const [again] = await claimDue(ledger, clock);
        expect({ filter, unsure: again?.unsure }).toEqual({ filter, unsure });
        await settleClaimed(ledger, clock, { state: 'pending', ...at('open', 'ehr-answer-lost'), ...later });
      }
    });

    it('forgets where it was at the EHR when it was deleted there: it is to be written anew', async () => {
      const { ledger, clock } = test;
      await ledger.messages.record(source, clock.at, rows(message('a')));
      await claimDue(ledger, clock);
      await settleClaimed(ledger, clock, accepted(keyOf('a')));
      clock.pass({ minutes: 1 });
      await ledger.messages.record(source, clock.at, rows(message('a', 'DELIVERED')));
      await claimDue(ledger, clock);
      await settleClaimed(ledger, clock, { state: 'rejected', ...at('a', 'deleted-at-ehr') });
      expect(await release({ code: 'deleted-at-ehr' })).toBe(1);
      const [claim] = await claimDue(ledger, clock);
      expect(claim).toMatchObject({ unsure: false });
      expect(claim?.knownReference).toBeUndefined();
    });

    it.each([
      ['state', { state: 'skipped' }],
      ['code', { code: 'not-for-a-chart' }],
      ['key', { key: keyOf('skipped') }],
    ] as const)('brings back what the mapping kept out when its %s is named, with its content', async (_, filter) => {
      await holdBack();
      expect(await release(filter)).toBe(1);
      expect((await claimDue(test.ledger, test.clock))[0]?.record).toEqual(message('skipped'));
    });

    it('leaves rows set apart and dismissed records as they are', async () => {
      await holdBack();
      const { setApart } = await test.ledger.messages.record(source, test.clock.at, [unreadable('[]')]);
      await test.ledger.messages.dismiss(keyOf('rejected'));
      expect(await release({ key: setApart[0]?.key ?? '' })).toBe(0);
      expect(await release({ key: keyOf('rejected') })).toBe(0);
      expect(await test.ledger.messages.counts()).toMatchObject({ rejected: 2, skipped: 2 });
    });
  });

  describe('dismissing', () => {
    it('sets a rejected record aside, with the code that it had', async () => {
      await holdBack();
      expect(await test.ledger.messages.dismiss(keyOf('rejected'))).toBe(1);
      expect(await view(test.ledger, keyOf('rejected'))).toMatchObject({
        state: 'skipped',
        code: 'person-id-missing',
      });
      expect(await test.ledger.messages.counts()).toMatchObject({ rejected: 1, skipped: 2 });
      expect(await test.ledger.messages.dismiss(keyOf('rejected'))).toBe(0);
    });

    it('sets a row that cannot be read aside for good', async () => {
      const { setApart } = await test.ledger.messages.record(source, test.clock.at, [unreadable('[]')]);
      expect(await test.ledger.messages.dismiss(setApart[0]?.key ?? '')).toBe(1);
      const again = await test.ledger.messages.record(source, test.clock.at, [unreadable('[]')]);
      expect(again).toMatchObject({ unreadable: 0, unreadableKnown: 1 });
      expect(await test.ledger.messages.counts()).toEqual({ ...nowhere, skipped: 1 });
    });

    it.each(['waiting', 'pending', 'skipped'])('does nothing to what is %s', async (id) => {
      await holdBack();
      expect(await test.ledger.messages.dismiss(keyOf(id))).toBe(0);
      expect((await view(test.ledger, keyOf(id))).state).toBe(id);
    });

    it('lets a dismissed record come back when its message changed', async () => {
      await holdBack();
      await test.ledger.messages.dismiss(keyOf('rejected'));
      await test.ledger.messages.record(source, test.clock.at, [row(message('rejected', 'DELIVERED'))]);
      expect((await view(test.ledger, keyOf('rejected'))).state).toBe('pending');
    });
  });

  describe('making what is pending due', () => {
    it('ends back-offs, and lets waiting records wait', async () => {
      await holdBack();
      expect(await dueNow()).toEqual([]);
      await test.ledger.messages.makePendingDue(test.clock.at);
      expect(await dueNow()).toEqual(keys('pending'));
    });

    it('leaves what is on its way under its lease', async () => {
      await record('a');
      await claimDue(test.ledger, test.clock);
      await test.ledger.messages.makePendingDue(test.clock.at);
      expect(await dueNow()).toEqual([]);
    });
  });

  describe('the next due', () => {
    it('is that of the earliest pending or waiting record', async () => {
      expect(await test.ledger.messages.nextDue()).toBeUndefined();
      await holdBack();
      expect(await test.ledger.messages.nextDue()).toBe(test.clock.at + 60 * minuteMs);
      await record('a');
      expect(await test.ledger.messages.nextDue()).toBe(test.clock.at);
    });
  });

  describe('the oldest that waits', () => {
    const longest = () => test.ledger.messages.oldestWaiting();

    it('is the one that was read first, as long as it waits', async () => {
      const start = test.clock.at;
      expect(await longest()).toBeUndefined();
      await record('pending', 'a');
      test.clock.pass({ minutes: 5 });
      await record('b');
      await claimDue(test.ledger, test.clock);
      const later = { dueAt: test.clock.at + 60 * minuteMs, usedAttempt: false, unsure: false };
      await settleClaimed(
        test.ledger,
        test.clock,
        { state: 'pending', ...at('pending', 'ehr-server-error'), ...later },
        { state: 'waiting', ...at('b', 'patient-ambiguous'), ...later },
        { state: 'waiting', ...at('a', 'patient-not-found'), ...later },
      );
      expect(await longest()).toBe(start);
      await release({ key: keyOf('a') });
      expect(await longest()).toBe(start + 5 * minuteMs);
      await release({ state: 'waiting' });
      expect(await longest()).toBeUndefined();
    });
  });

  describe('the oldest pending', () => {
    it('says since when a record is undelivered, whatever was tried', async () => {
      const start = test.clock.at;
      expect(await oldest()).toBeUndefined();
      await record('a');
      test.clock.pass({ minutes: 5 });
      await record('b');
      await claimDue(test.ledger, test.clock);
      expect(await oldest()).toBe(start);
      const problem = { code: 'ehr-server-error' } as const;
      const again = { state: 'pending', problem, dueAt: test.clock.at, usedAttempt: true, unsure: false } as const;
      await settleClaimed(test.ledger, test.clock, { ...again, key: keyOf('a') }, accepted(keyOf('b')));
      expect(await oldest()).toBe(start);
      await deliverDue(test.ledger, test.clock);
      expect(await oldest()).toBeUndefined();
    });

    it('does not count what waits for its Patient, is rejected or skipped', async () => {
      await holdBack();
      await test.ledger.messages.makePendingDue(test.clock.at);
      await deliverDue(test.ledger, test.clock);
      expect(await oldest()).toBeUndefined();
      test.clock.pass({ minutes: 30 });
      await release({});
      expect(await oldest()).toBe(test.clock.at);
    });

    it('counts a changed message from its change', async () => {
      await record('a');
      await deliverDue(test.ledger, test.clock);
      test.clock.pass({ minutes: 30 });
      await test.ledger.messages.record(source, test.clock.at, [row(message('a', 'DELIVERED'))]);
      expect(await oldest()).toBe(test.clock.at);
    });
  });

  describe('listing records', () => {
    it('goes page by page in the order in which they were first read', async () => {
      await record('a', 'b', 'c');
      await deliverDue(test.ledger, test.clock);
      const first = await test.ledger.messages.list({}, { limit: 2 });
      expect(first.items.map(({ key }) => key)).toEqual([keyOf('a'), keyOf('b')]);
      const second = await test.ledger.messages.list({}, { limit: 2, cursor: first.next ?? '' });
      expect(second.items.map(({ key }) => key)).toEqual([keyOf('c')]);
      expect(second.next).toBeNull();
    });

    it('has no further page when the last one is full', async () => {
      await record('a', 'b');
      expect((await test.ledger.messages.list({}, { limit: 2 })).next).toBeNull();
    });

    it.each([
      [{ state: 'waiting' }, ['waiting']],
      [{ code: 'resource-refused' }, ['refused']],
      [{ state: 'rejected', code: 'resource-refused' }, ['refused']],
      [{ source: 'another-clinic' }, []],
      [{ key: keyOf('pending'), source }, ['pending']],
    ] as const)('shows only what the filter %j asks for', async (filter, ids) => {
      await holdBack();
      const { items } = await test.ledger.messages.list(filter, { limit: 10 });
      expect(items.map(({ key }) => key)).toEqual(ids.map(keyOf));
    });

    it('takes no cursor that it did not give', async () => {
      await record('a', 'b');
      const page = await test.ledger.messages.list({}, { limit: 1 });
      const foreign = Buffer.from('runs 1').toString('base64url');
      for (const cursor of ['', 'x', `${page.next}=`, `${page.next}A`, foreign, '-1', "' or 1=1 --"]) {
        await expect(test.ledger.messages.list({}, { limit: 1, cursor })).rejects.toThrow(BadCursor);
      }
    });
  });

  describe('the counts', () => {
    it('are those of the states, after everything that moves a record', async () => {
      expect(await test.ledger.messages.counts()).toEqual(nowhere);
      await holdBack();
      expect(await test.ledger.messages.counts()).toEqual({
        ...nowhere,
        rejected: 2,
        skipped: 1,
        waiting: 1,
        pending: 1,
      });
      await test.ledger.messages.dismiss(keyOf('refused'));
      await release({ state: 'waiting' });
      await claimDue(test.ledger, test.clock);
      expect(await test.ledger.messages.counts()).toEqual({
        ...nowhere,
        rejected: 1,
        skipped: 2,
        pending: 1,
        delivering: 1,
      });
      const ledger = await test.restart();
      await deliverDue(ledger, test.clock);
      expect(await ledger.messages.counts()).toEqual({ ...nowhere, rejected: 1, skipped: 2, pending: 1, delivered: 1 });
    });
  });
}
