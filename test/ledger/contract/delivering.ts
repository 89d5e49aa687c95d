import { describe, expect, it } from 'vitest';
import { minuteMs } from '../../../src/exchange/window.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import { ledgerInEachTest, type NewPlace } from './place.ts';
import {
  accepted,
  claimDue,
  deliverDue,
  keyOf,
  keysOf,
  leaseMs,
  message,
  row,
  rows,
  settleClaimed,
  source,
  view,
  type Settling,
} from './rows.ts';

const problem = { code: 'ehr-server-error', httpStatus: 503 } as const;

const encryptionKey = (letter: string): string => Buffer.alloc(32, letter).toString('base64');

export function deliveringContract(newPlace: NewPlace): void {
  const test = ledgerInEachTest(newPlace);
  const record = (...ids: readonly string[]) =>
    test.ledger.messages.record(source, test.clock.at, rows(...ids.map((id) => message(id))));
  const settle = (...settlements: readonly Settling[]) => settleClaimed(test.ledger, test.clock, ...settlements);
  const again = (id: string, state: 'pending' | 'waiting', minutes: number) => ({
    state,
    key: keyOf(id),
    dueAt: test.clock.at + minutes * minuteMs,
    problem,
    usedAttempt: true,
    unsure: false,
  });

  async function overtake(): Promise<void> {
    await record('a');
    await claimDue(test.ledger, test.clock);
    test.clock.pass({ minutes: 1 });
    await test.ledger.messages.record(source, test.clock.at, [row(message('a', 'DELIVERED'))]);
    expect(await claimDue(test.ledger, test.clock)).toEqual([]);
  }

  describe('claiming', () => {
    it('gives the whole record, with its first read', async () => {
      await record('a');
      test.clock.pass({ minutes: 5 });
      expect(await claimDue(test.ledger, test.clock)).toEqual([
        {
          source,
          record: message('a'),
          attempt: 1,
          token: expect.any(Number),
          firstReadAt: test.clock.at - 5 * minuteMs,
          unsure: false,
        },
      ]);
    });

    it('takes the oldest due first, and no more than asked for', async () => {
      await record('a');
      test.clock.pass({ minutes: 1 });
      await record('b', 'c');
      expect(keysOf(await claimDue(test.ledger, test.clock, 2))).toEqual([keyOf('a'), keyOf('b')]);
      expect(keysOf(await claimDue(test.ledger, test.clock, 2))).toEqual([keyOf('c')]);
      expect(await claimDue(test.ledger, test.clock, 2)).toEqual([]);
    });

    it('takes nothing before it is due', async () => {
      await record('a');
      await claimDue(test.ledger, test.clock);
      await settle(again('a', 'pending', 2));
      test.clock.pass({ minutes: 1 });
      expect(await claimDue(test.ledger, test.clock)).toEqual([]);
      test.clock.pass({ minutes: 1 });
      expect((await claimDue(test.ledger, test.clock))[0]).toMatchObject({ attempt: 2, unsure: false });
    });

    it('takes what was put off for days, when nothing else is due: the clock was wrong then', async () => {
      await record('a');
      await claimDue(test.ledger, test.clock);
      await settle(again('a', 'waiting', 90 * 24 * 60));
      await record('b');
      expect(keysOf(await claimDue(test.ledger, test.clock))).toEqual([keyOf('b')]);
      expect(keysOf(await claimDue(test.ledger, test.clock))).toEqual([keyOf('a')]);
      expect(await claimDue(test.ledger, test.clock)).toEqual([]);
      await settle(again('a', 'pending', 24 * 60), again('b', 'pending', 24 * 60));
      expect(await claimDue(test.ledger, test.clock)).toEqual([]);
    });

    it('takes what is on its way only after the lease ran out, as unsure', async () => {
      await record('a');
      await claimDue(test.ledger, test.clock);
      test.clock.at += leaseMs - 1;
      expect(await claimDue(test.ledger, test.clock)).toEqual([]);
      test.clock.at += 1;
      expect((await claimDue(test.ledger, test.clock))[0]).toMatchObject({ attempt: 1, unsure: true });
      expect(await test.ledger.messages.counts()).toMatchObject({ pending: 0, delivering: 1 });
    });

    it('takes what a process left on its way as unsure, at once', async () => {
      await record('a');
      await claimDue(test.ledger, test.clock);
      const ledger = await test.restart();
      expect(await ledger.messages.counts()).toMatchObject({ pending: 1, delivering: 0 });
      expect((await claimDue(ledger, test.clock))[0]).toMatchObject({ unsure: true });
    });

    it('gives each record to one of several that claim at once', async () => {
      await record(...Array.from({ length: 40 }, (_, n) => `n-${n}`));
      const taken = await Promise.all(Array.from({ length: 8 }, () => claimDue(test.ledger, test.clock, 5)));
      const keys = taken.flatMap(keysOf);
      expect(new Set(keys).size).toBe(keys.length);
      expect(await test.ledger.messages.counts()).toMatchObject({ delivering: keys.length, pending: 40 - keys.length });
    });
  });

  describe('settling', () => {
    it('writes down where the EHR keeps what was delivered', async () => {
      await record('a');
      await claimDue(test.ledger, test.clock);
      expect(await settle(accepted(keyOf('a'), '7'))).toEqual([]);
      expect(await view(test.ledger, keyOf('a'))).toMatchObject({
        state: 'delivered',
        attempts: 1,
        code: null,
        reference: `Communication/${keyOf('a')}`,
        version: '7',
        dueAt: null,
        deliveredAt: '2026-03-10T12:00:00Z',
      });
      expect(await test.ledger.messages.nextDue()).toBeUndefined();
    });

    it('keeps what is to be tried again, with what was wrong', async () => {
      await record('a', 'b');
      await claimDue(test.ledger, test.clock);
      await settle(again('a', 'pending', 2), { ...again('b', 'waiting', 60), problem: { code: 'patient-not-found' } });
      expect(await view(test.ledger, keyOf('a'))).toMatchObject({
        state: 'pending',
        attempts: 1,
        code: 'ehr-server-error',
        dueAt: '2026-03-10T12:02:00Z',
      });
      expect((await view(test.ledger, keyOf('a'))).problem).toContain('HTTP 503');
      expect(await view(test.ledger, keyOf('b'))).toMatchObject({
        state: 'waiting',
        code: 'patient-not-found',
        dueAt: '2026-03-10T13:00:00Z',
      });
    });

    it('counts an attempt only where one was used, and says where the EHR may have it', async () => {
      await record('a');
      await claimDue(test.ledger, test.clock);
      await settle({ ...again('a', 'pending', 0), usedAttempt: false, unsure: true });
      expect((await claimDue(test.ledger, test.clock))[0]).toMatchObject({ attempt: 1, unsure: true });
    });

    it.each(['rejected', 'skipped'] as const)('leaves what is %s out of what is due, and says why', async (state) => {
      await record('a');
      await claimDue(test.ledger, test.clock);
      await settle({ state, key: keyOf('a'), problem: { code: 'resource-refused', where: 'Communication.sent' } });
      expect(await view(test.ledger, keyOf('a'))).toMatchObject({ state, code: 'resource-refused', dueAt: null });
      expect(await test.ledger.messages.nextDue()).toBeUndefined();
      expect(await test.ledger.messages.counts()).toMatchObject({ delivering: 0, [state]: 1 });
    });

    it('gives the keys that it no longer had, and writes nothing for them', async () => {
      await record('a', 'b');
      await claimDue(test.ledger, test.clock, 1);
      const unknown = accepted('00000000-0000-4000-8000-000000000000');
      expect(await settle(accepted(keyOf('a')), accepted(keyOf('b')), unknown)).toEqual([keyOf('b'), unknown.key]);
      expect(await settle(accepted(keyOf('a')))).toEqual([keyOf('a')]);
      expect(await test.ledger.messages.counts()).toMatchObject({ pending: 1, delivered: 1 });
    });

    it('writes nothing for what an earlier owner had claimed', async () => {
      await record('a');
      await claimDue(test.ledger, test.clock);
      const ledger = await test.restart();
      expect(await settleClaimed(ledger, test.clock, accepted(keyOf('a')))).toEqual([keyOf('a')]);
      expect((await view(ledger, keyOf('a'))).state).toBe('pending');
    });
  });

  describe('handing back what was claimed and not sent', () => {
    it('makes it due at once, as if it had not been claimed', async () => {
      await record('a');
      const first = await claimDue(test.ledger, test.clock);
      await settle(again('a', 'waiting', 5));
      test.clock.pass({ minutes: 5 });
      await test.ledger.messages.handBack(await claimDue(test.ledger, test.clock), test.clock.at);
      expect(await view(test.ledger, keyOf('a'))).toMatchObject({ state: 'pending', attempts: 1, code: problem.code });
      expect(await claimDue(test.ledger, test.clock)).toEqual([
        { ...first[0], attempt: 2, unsure: false, token: expect.any(Number) },
      ]);
      expect((await test.ledger.messages.counts()).delivering).toBe(1);
    });

    it('leaves alone what was claimed once more meanwhile, and what was settled', async () => {
      await record('a', 'b');
      const claims = await claimDue(test.ledger, test.clock);
      await settle(accepted(keyOf('b')));
      test.clock.pass({ minutes: 11 });
      expect(keysOf(await claimDue(test.ledger, test.clock))).toEqual([keyOf('a')]);
      await test.ledger.messages.handBack(claims, test.clock.at);
      expect(await test.ledger.messages.counts()).toMatchObject({ pending: 0, delivering: 1, delivered: 1 });
    });

    it('sends the newest content when it changed meanwhile', async () => {
      await record('a');
      const claims = await claimDue(test.ledger, test.clock);
      test.clock.pass({ minutes: 1 });
      await test.ledger.messages.record(source, test.clock.at, [row(message('a', 'DELIVERED'))]);
      await test.ledger.messages.handBack(claims, test.clock.at);
      const [claim] = await claimDue(test.ledger, test.clock);
      expect(claim).toMatchObject({ record: message('a', 'DELIVERED'), attempt: 1, unsure: false });
    });
  });

  describe('a record that changed while it was on its way', () => {
    it('stays pending with the newer content when it was delivered, with the reference', async () => {
      await overtake();
      await settle(accepted(keyOf('a')));
      const [claim] = await claimDue(test.ledger, test.clock);
      expect(claim).toMatchObject({ knownReference: `Communication/${keyOf('a')}`, attempt: 1, unsure: false });
      expect(claim?.record.body['messageStatus']).toBe('DELIVERED');
    });

    it.each<Settling>([
      { state: 'rejected', key: keyOf('a'), problem },
      { state: 'skipped', key: keyOf('a'), problem },
      { state: 'waiting', key: keyOf('a'), problem, dueAt: Infinity, usedAttempt: false, unsure: false },
      { state: 'pending', key: keyOf('a'), problem, dueAt: Infinity, usedAttempt: false, unsure: false },
    ])('is due at once with the newer content when it was settled as $state', async (settlement) => {
      await overtake();
      await settle(settlement);
      const [claim] = await claimDue(test.ledger, test.clock);
      expect(claim?.record.body['messageStatus']).toBe('DELIVERED');
    });

    it('is sent once more only', async () => {
      await overtake();
      await settle(accepted(keyOf('a')));
      await deliverDue(test.ledger, test.clock);
      expect(await test.ledger.messages.counts()).toMatchObject({ pending: 0, delivering: 0, delivered: 1 });
    });
  });

  describe('a record whose content cannot be opened', () => {
    /** What delivery does with it. */
    const reject = async (ledger: Ledger): Promise<void> => {
      const claims = await claimDue(ledger, test.clock);
      for (const {
        record: { key },
        problem,
      } of claims) {
        if (problem !== undefined) await settleClaimed(ledger, test.clock, { state: 'rejected', key, problem });
      }
    };

    it('is claimed with that as its problem, rejected as body-sealed, and opens again with its key', async () => {
      await test.restart({ encryptionKey: encryptionKey('a') });
      await record('a');
      const withAnother = await test.restart({ encryptionKey: encryptionKey('b') });
      await record('b');
      await reject(withAnother);
      expect(await view(withAnother, keyOf('a'))).toMatchObject({
        state: 'rejected',
        code: 'body-sealed',
        dueAt: null,
      });
      expect(await withAnother.messages.counts()).toMatchObject({ rejected: 1, delivering: 1 });
      const withItsOwn = await test.restart({ encryptionKey: encryptionKey('a') });
      expect(await withItsOwn.messages.release({ code: 'body-sealed' }, test.clock.at)).toBe(1);
      expect(keysOf(await claimDue(withItsOwn, test.clock))).toContain(keyOf('a'));
    });

    it('is pending again when it is read again', async () => {
      await test.restart({ encryptionKey: encryptionKey('a') });
      await record('a');
      await reject(await test.restart({ encryptionKey: '' }));
      expect((await view(test.ledger, keyOf('a'))).state).toBe('rejected');
      expect(await record('a')).toMatchObject({ changed: 1 });
      expect((await claimDue(test.ledger, test.clock))[0]?.record).toEqual(message('a'));
    });
  });
}
