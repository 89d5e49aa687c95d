import { describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../../src/exchange/record.ts';
import { hourMs, minuteMs, type Instant } from '../../../src/exchange/window.ts';
import { ledgerInEachTest, type NewPlace } from './place.ts';
import { deliverDue, message, reply, rows, source, unreadable, type Status } from './rows.ts';

export function planningContract(newPlace: NewPlace): void {
  const test = ledgerInEachTest(newPlace);
  const sent = (id: string, occurredAt: Instant | null, status: Status = 'SENT') => ({
    ...message(id, status),
    occurredAt,
  });
  const record = (...records: readonly SourceRecord[]) =>
    test.ledger.messages.record(source, test.clock.at, rows(...records));
  const known = (from: Instant, to: Instant, limit?: number, name = source) =>
    test.ledger.coverage.known(name, { from, to }, limit);
  const unsettled = (from: Instant, to: Instant, name = source) => test.ledger.coverage.unsettled(name, { from, to });

  describe('the messages that the ledger knows of a range', () => {
    it('are those sent in it, whatever became of them: its start belongs to it, its end does not', async () => {
      await record(sent('a', hourMs - 1), sent('b', hourMs), sent('c', 2 * hourMs - 1), sent('d', 2 * hourMs));
      expect(await known(hourMs, 2 * hourMs)).toBe(2);
      await deliverDue(test.ledger, test.clock);
      expect(await known(hourMs, 2 * hourMs)).toBe(2);
      expect(await known(0, 9 * hourMs)).toBe(4);
      expect(await known(3 * hourMs, 9 * hourMs)).toBe(0);
    });

    it('are of one source, and neither replies nor rows set apart nor messages without a time', async () => {
      await record(sent('a', hourMs), { ...reply('a'), occurredAt: hourMs }, sent('b', null));
      await test.ledger.messages.record(source, test.clock.at, [unreadable('[]')]);
      expect(await known(0, 9 * hourMs)).toBe(1);
      expect(await known(0, 9 * hourMs, undefined, 'another-clinic')).toBe(0);
    });

    it('are counted no further than asked for', async () => {
      await record(...['a', 'b', 'c', 'd'].map((id) => sent(id, hourMs)));
      expect(await known(0, 9 * hourMs, 3)).toBe(3);
      expect(await known(0, 9 * hourMs, 5)).toBe(4);
    });
  });

  describe('the messages whose status may still change', () => {
    it('lie from the first to the last of them, its minute included', async () => {
      await record(
        sent('a', hourMs, 'DELIVERED'),
        sent('b', 2 * hourMs, 'SENT'),
        sent('c', 3 * hourMs, 'FAILED'),
        sent('d', 4 * hourMs, 'QUEUED'),
        sent('e', 5 * hourMs, 'DELIVERED'),
      );
      expect(await unsettled(0, 9 * hourMs)).toEqual({ from: 2 * hourMs, to: 4 * hourMs + minuteMs });
      expect(await unsettled(2 * hourMs, 4 * hourMs)).toEqual({ from: 2 * hourMs, to: 2 * hourMs + minuteMs });
      expect(await unsettled(2 * hourMs + 1, 4 * hourMs)).toBeUndefined();
      expect(await unsettled(0, 9 * hourMs, 'another-clinic')).toBeUndefined();
    });

    it('are no more once their status is final', async () => {
      await record(sent('a', hourMs, 'SENT'), { ...reply('b'), occurredAt: hourMs });
      await deliverDue(test.ledger, test.clock);
      expect(await unsettled(0, 9 * hourMs)).toEqual({ from: hourMs, to: hourMs + minuteMs });
      test.clock.pass({ minutes: 5 });
      await record(sent('a', hourMs, 'DELIVERED'));
      expect(await unsettled(0, 9 * hourMs)).toBeUndefined();
    });
  });
}
