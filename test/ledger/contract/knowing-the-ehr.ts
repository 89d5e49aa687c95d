import { describe, expect, it } from 'vitest';
import type { ProblemCode } from '../../../src/exchange/problem.ts';
import { ledgerInEachTest, type NewPlace } from './place.ts';
import {
  accepted,
  claimDue,
  keyOf,
  leaseMs,
  message,
  rows,
  settleClaimed,
  source,
  view,
  type Settling,
  type Status,
} from './rows.ts';

/** What is known of a Communication that the EHR has, and of what may have arrived there. */
export function knowingTheEhrContract(newPlace: NewPlace): void {
  const test = ledgerInEachTest(newPlace);
  const a = keyOf('a');
  const read = (status: Status) => test.ledger.messages.record(source, test.clock.at, rows(message('a', status)));
  const settle = (...settlements: readonly Settling[]) => settleClaimed(test.ledger, test.clock, ...settlements);
  const claimed = async () => (await claimDue(test.ledger, test.clock))[0];

  /** Delivered, and changed since. */
  async function changedAfterDelivery(version?: string) {
    await read('QUEUED');
    await claimed();
    const { version: _, ...delivered } = accepted(a);
    await settle(version === undefined ? delivered : { ...delivered, version });
    test.clock.pass({ minutes: 1 });
    await read('SENT');
    return claimed();
  }
  const lost = (sentDigests?: readonly string[]) => ({
    state: 'pending' as const,
    key: a,
    dueAt: test.clock.at,
    problem: { code: 'ehr-answer-lost' } as const,
    usedAttempt: false,
    unsure: true,
    ...(sentDigests === undefined ? {} : { sentDigests }),
  });

  describe('the version of a Communication', () => {
    it('is that of the last write, and goes with the next claim', async () => {
      expect(await changedAfterDelivery('7')).toMatchObject({
        knownReference: `Communication/${a}`,
        knownVersion: '7',
      });
      await settle(accepted(a, '8'));
      test.clock.pass({ minutes: 1 });
      await read('DELIVERED');
      expect(await claimed()).toMatchObject({ knownVersion: '8' });
    });

    it('is not known where the EHR told none', async () => {
      const claim = await changedAfterDelivery();
      expect(claim?.knownReference).toBe(`Communication/${a}`);
      expect(claim?.knownVersion).toBeUndefined();
    });

    it('is forgotten when the next write is answered without one', async () => {
      await changedAfterDelivery('7');
      const { version: _, ...delivered } = accepted(a);
      await settle(delivered);
      test.clock.pass({ minutes: 1 });
      await read('DELIVERED');
      expect((await claimed())?.knownVersion).toBeUndefined();
    });

    it.each<ProblemCode>(['entered-in-error-at-ehr', 'subject-moved', 'resource-refused'])(
      'stays when what was rejected as %s is released: it is looked at as before',
      async (code) => {
        await changedAfterDelivery('7');
        await settle({ state: 'rejected', key: a, problem: { code } });
        expect(await test.ledger.messages.release({ key: a }, test.clock.at)).toBe(1);
        expect(await claimed()).toMatchObject({ knownReference: `Communication/${a}`, knownVersion: '7' });
      },
    );

    it('is forgotten when what somebody changed at the EHR is released: it is looked at, and may be overwritten', async () => {
      await changedAfterDelivery('7');
      await settle({ state: 'rejected', key: a, problem: { code: 'changed-at-ehr' } });
      expect(await test.ledger.messages.release({ code: 'changed-at-ehr' }, test.clock.at)).toBe(1);
      const claim = await claimed();
      expect(claim).toMatchObject({ knownReference: `Communication/${a}`, unsure: true });
      expect(claim?.knownVersion).toBeUndefined();
    });

    it('stays when a message that was rejected changes by itself: nobody has released it', async () => {
      await changedAfterDelivery('7');
      await settle({ state: 'rejected', key: a, problem: { code: 'changed-at-ehr' } });
      test.clock.pass({ minutes: 1 });
      await read('DELIVERED');
      expect(await claimed()).toMatchObject({ knownVersion: '7' });
    });
  });

  describe('what may have arrived', () => {
    it('is known by its digests until the EHR confirms the message', async () => {
      await changedAfterDelivery('7');
      await settle(lost(['one']));
      expect(await claimed()).toMatchObject({ unsure: true, sentDigests: ['one'] });
      await settle(lost());
      expect(await claimed()).toMatchObject({ sentDigests: ['one'] });
      await settle(lost(['one', 'two']));
      expect(await claimed()).toMatchObject({ sentDigests: ['one', 'two'] });
      await settle(accepted(a, '8'));
      test.clock.pass({ minutes: 1 });
      await read('DELIVERED');
      expect((await claimed())?.sentDigests).toBeUndefined();
    });

    it('is nothing once a look has shown so', async () => {
      await changedAfterDelivery('7');
      await settle(lost(['one']));
      await claimed();
      await settle({ ...lost(), problem: { code: 'version-conflict' }, unsure: false });
      expect((await claimed())?.sentDigests).toBeUndefined();
    });

    it('stays known while newer content comes', async () => {
      await changedAfterDelivery('7');
      await settle(lost(['one']));
      test.clock.pass({ minutes: 1 });
      await read('DELIVERED');
      expect(await claimed()).toMatchObject({ knownVersion: '7', unsure: true, sentDigests: ['one'] });
    });
  });

  describe('a settlement that comes late', () => {
    it('does not count for a later claim of the same record', async () => {
      const { ledger, clock } = test;
      await read('SENT');
      const first = await claimed();
      clock.at += leaseMs;
      const second = await claimed();
      const token = first?.token ?? 0;
      expect(second?.token).not.toBe(token);
      expect(await ledger.messages.settle([{ ...accepted(a, '1'), token }], clock.at)).toEqual([a]);
      expect(await view(ledger, a)).toMatchObject({ state: 'delivering', version: null });
      expect(await settle(accepted(a, '2'))).toEqual([]);
      expect(await view(ledger, a)).toMatchObject({ state: 'delivered', version: '2' });
    });

    it('does not count after the later one was settled', async () => {
      const { ledger, clock } = test;
      await read('SENT');
      const token = (await claimed())?.token ?? 0;
      clock.at += leaseMs;
      await claimed();
      await settle(accepted(a, '2'));
      expect(await ledger.messages.settle([{ ...accepted(a, '1'), token }], clock.at)).toEqual([a]);
      expect(await view(ledger, a)).toMatchObject({ version: '2' });
    });
  });
}
