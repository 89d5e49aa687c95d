import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayMs, floorToGrain, grainMs, hourMs, isoInstant, minuteMs } from '../../src/exchange/window.ts';

describe('a moment', () => {
  it('is written in UTC, without milliseconds where it has none', () => {
    expect(isoInstant(Date.UTC(2026, 2, 5, 14, 7))).toBe('2026-03-05T14:07:00Z');
    expect(isoInstant(Date.UTC(2026, 2, 5, 14, 7, 9, 10))).toBe('2026-03-05T14:07:09.010Z');
    expect(isoInstant(0)).toBe('1970-01-01T00:00:00Z');
  });

  it('is the same after it was written and read', () => {
    const moments = fc.integer({ min: Date.UTC(1900, 0), max: Date.UTC(2200, 0) });
    fc.assert(
      fc.property(moments, (at) => {
        expect(Date.parse(isoInstant(at))).toBe(at);
      }),
    );
  });

  it("belongs to the minute it is in, before 1970 too: the vendor's times have no seconds", () => {
    const moments = fc.integer({ min: -Date.UTC(2100, 0), max: Date.UTC(2100, 0) });
    fc.assert(
      fc.property(moments, (at) => {
        const start = floorToGrain(at);
        expect(start <= at && at < start + grainMs && floorToGrain(start) === start).toBe(true);
        expect(Math.abs(start % minuteMs)).toBe(0);
      }),
    );
  });

  it('is counted in milliseconds', () => {
    expect([grainMs, minuteMs, hourMs, dayMs]).toEqual([60_000, 60_000, 3_600_000, 86_400_000]);
  });
});
