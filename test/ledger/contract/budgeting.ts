import { describe, expect, it } from 'vitest';
import { hourMs, minuteMs } from '../../../src/exchange/window.ts';
import { ledgerInEachTest, type NewPlace } from './place.ts';
import { source } from './rows.ts';

export function budgetingContract(newPlace: NewPlace): void {
  const test = ledgerInEachTest(newPlace);
  const spend = (name = source) => test.ledger.budget.spend(name, 3, test.clock.at);

  describe('the budget', () => {
    it('grants so many requests in any sixty minutes, and says when the next is free', async () => {
      const start = test.clock.at;
      for (const minutes of [0, 10, 10]) {
        test.clock.pass({ minutes });
        expect(await spend()).toEqual({ granted: true });
      }
      expect(await spend()).toEqual({ granted: false, freeAt: start + hourMs });
      expect(await test.ledger.budget.used(source, test.clock.at)).toBe(3);
      test.clock.at = start + hourMs - 1;
      expect(await spend()).toEqual({ granted: false, freeAt: start + hourMs });
      test.clock.at = start + hourMs;
      expect(await test.ledger.budget.used(source, test.clock.at)).toBe(2);
      expect(await spend()).toEqual({ granted: true });
      expect(await spend()).toEqual({ granted: false, freeAt: start + hourMs + 10 * minuteMs });
    });

    it('says when enough are free after the limit was lowered', async () => {
      const start = test.clock.at;
      for (let n = 0; n < 3; n += 1) {
        await spend();
        test.clock.pass({ minutes: 10 });
      }
      expect(await test.ledger.budget.spend(source, 1, test.clock.at)).toEqual({
        granted: false,
        freeAt: start + hourMs + 20 * minuteMs,
      });
    });

    it('books each source by itself', async () => {
      for (let n = 0; n < 3; n += 1) await spend();
      expect(await spend('another-clinic')).toEqual({ granted: true });
    });

    it('grants no more to those who ask at once', async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => spend()));
      expect(answers.filter(({ granted }) => granted)).toHaveLength(3);
    });

    it('survives a restart', async () => {
      for (let n = 0; n < 3; n += 1) await spend();
      await test.restart();
      expect((await spend()).granted).toBe(false);
    });

    it('counts what a clock made that was ahead for one hour more, not until the clock gets there again', async () => {
      test.clock.pass({ days: 3_000 });
      for (let n = 0; n < 3; n += 1) await spend();
      test.clock.pass({ days: -3_000 });
      expect(await spend()).toEqual({ granted: false, freeAt: test.clock.at + hourMs });
      test.clock.pass({ hours: 1 });
      expect(await spend()).toEqual({ granted: true });
    });
  });

  describe('the budget that is learned', () => {
    const perHour = 100;
    const learned = (name = source) => test.ledger.budget.learned(name, perHour, test.clock.at);
    const throttled = () => test.ledger.budget.throttled(source, perHour, test.clock.at);
    async function use(requests: number): Promise<void> {
      for (let n = 0; n < requests; n += 1) await test.ledger.budget.spend(source, perHour, test.clock.at);
    }

    it('is the whole where nothing was learned', async () => {
      expect(await learned()).toBe(100);
    });

    it('is four fifths of what was used in the last hour, for that source alone', async () => {
      await use(7);
      test.clock.pass({ minutes: 61 });
      await use(50);
      await throttled();
      expect(await learned()).toBe(40);
      expect(await learned('another-clinic')).toBe(100);
    });

    it('comes back by a twentieth of the whole in an hour, and is never more than the whole', async () => {
      await use(50);
      await throttled();
      test.clock.pass({ minutes: 59 });
      expect(await learned()).toBe(44);
      test.clock.pass({ minutes: 1 });
      expect(await learned()).toBe(45);
      test.clock.pass({ hours: 11 });
      expect(await learned()).toBe(100);
      test.clock.pass({ days: 300 });
      expect(await learned()).toBe(100);
    });

    it('is never more than was learned before, and never less than one', async () => {
      await use(50);
      await throttled();
      await throttled();
      expect(await learned()).toBe(40);
      await use(20);
      await throttled();
      expect(await learned()).toBe(40);
      test.clock.pass({ hours: 2 });
      await throttled();
      expect(await learned()).toBe(1);
      test.clock.pass({ minutes: 12 });
      expect(await learned()).toBe(2);
    });

    it('follows a whole that is configured anew', async () => {
      await use(50);
      await throttled();
      expect(await test.ledger.budget.learned(source, 30, test.clock.at)).toBe(30);
      test.clock.pass({ hours: 1 });
      expect(await test.ledger.budget.learned(source, 400, test.clock.at)).toBe(60);
    });

    it('survives a restart', async () => {
      await use(50);
      await throttled();
      await test.restart();
      expect(await learned()).toBe(40);
    });

    it('holds while the clock goes back a little, and is forgotten when it was learned years ahead', async () => {
      await use(50);
      await throttled();
      test.clock.pass({ minutes: -30 });
      expect(await learned()).toBe(40);
      test.clock.pass({ days: -3_000 });
      expect(await learned()).toBe(100);
    });
  });
}
