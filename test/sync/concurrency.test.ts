import { describe, expect, it } from 'vitest';
import {
  atOnce,
  concurrencyAfter,
  firstConcurrency,
  type Attempt,
  type Concurrency,
} from '../../src/sync/concurrency.ts';

const now = Date.parse('2026-03-10T12:00:00Z');

const attempt = (under: Concurrency, changed: Partial<Attempt> = {}): Attempt => ({
  under,
  tookMs: 100,
  held: false,
  full: true,
  allInUse: true,
  ...changed,
});

/** After so many answers of one kind, each sent under what the one before it left. */
function after(answers: number, changed: Partial<Attempt> = {}, from = firstConcurrency, most = 8, at = now) {
  let state = from;
  for (let index = 0; index < answers; index += 1) state = concurrencyAfter(state, attempt(state, changed), most, at);
  return state;
}

const eight = after(100);

describe('how many requests the EHR is given at once', () => {
  it('is one at first, one more with each round of answers, and never more than was set', () => {
    expect(atOnce(firstConcurrency)).toBe(1);
    expect(atOnce(after(1))).toBe(2);
    expect(atOnce(after(2))).toBe(2);
    expect(atOnce(after(4))).toBe(3);
    expect(atOnce(eight)).toBe(8);
    expect(atOnce(after(100, {}, firstConcurrency, 1))).toBe(1);
  });

  it('does not grow while there is less to send than there might be', () => {
    expect(after(100, { allInUse: false })).toMatchObject({ limit: 1 });
  });

  it('is halved when the EHR asks for less, down to one', () => {
    expect(atOnce(after(1, { held: true }, eight))).toBe(4);
    expect(atOnce(after(2, { held: true }, eight))).toBe(2);
    expect(atOnce(after(9, { held: true }, eight))).toBe(1);
  });

  it('is halved once for all that was sent together, and grows again afterwards', () => {
    let state = eight;
    for (let index = 0; index < 8; index += 1) state = concurrencyAfter(state, attempt(eight, { held: true }), 8, now);
    expect(atOnce(state)).toBe(4);
    expect(atOnce(after(4, {}, state))).toBe(4);
    expect(atOnce(after(5, {}, state))).toBe(5);
  });

  it('B25: is halved when answers take three times as long as they can, not for a single slow one', () => {
    expect(atOnce(after(20, { tookMs: 290 }, eight))).toBe(8);
    expect(atOnce(after(1, { tookMs: 60_000 }, eight))).toBe(8);
    expect(atOnce(after(2, { tookMs: 700 }, eight))).toBe(4);
    expect(atOnce(after(4, { tookMs: 700 }, eight))).toBe(2);
  });

  it('does not mind a quick EHR that is sometimes quicker', () => {
    const quick = after(100, { tookMs: 2 });
    expect(atOnce(after(20, { tookMs: 200 }, quick))).toBe(8);
  });

  it('goes by full requests only: small ones are quick under any load', () => {
    const small = after(1, { tookMs: 1, full: false }, eight);
    expect(small.bestMs).toBe(100);
    expect(atOnce(after(20, { tookMs: 290 }, small))).toBe(8);
  });

  it('forgets what the EHR could do ten minutes ago', () => {
    const later = after(1, { tookMs: 2_000 }, eight, 8, now + 600_001);
    expect(later.bestMs).toBe(2_000);
    expect(atOnce(after(20, { tookMs: 2_500 }, later, 8, now + 600_001))).toBe(8);
  });

  it('is lowered at once when less is set', () => {
    expect(atOnce(after(1, {}, eight, 2))).toBe(2);
  });
});
