import { describe, expect, it } from 'vitest';
import { retryAfterMs } from '../../src/network/retry-after.ts';

const now = Date.UTC(2026, 2, 5, 12);

describe('the pause that Retry-After asks for (A15)', () => {
  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7_000],
    ['Thu, 05 Mar 2026 12:00:30 GMT', 30_000],
    ['Thursday, 05-Mar-26 12:00:30 GMT', 30_000],
  ])('is read from %j', (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });

  it('is none for a time that has passed', () => {
    expect(retryAfterMs('Thu, 05 Mar 2026 11:00:00 GMT', now)).toBe(0);
  });

  it('is a day at most', () => {
    expect(retryAfterMs('99999999999999999999999', now)).toBe(86_400_000);
    expect(retryAfterMs('Thu, 05 Mar 2099 12:00:00 GMT', now)).toBe(86_400_000);
  });

  it.each(['', ' ', 'soon', '-5', '1.5', '5x', '1e3', 'Thu, 05 Mar 2026', null, undefined])(
    'is not named by %j',
    (header) => {
      expect(retryAfterMs(header, now)).toBeUndefined();
    },
  );
});
