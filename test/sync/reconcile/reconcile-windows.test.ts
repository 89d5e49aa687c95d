import { describe, expect, it } from 'vitest';
import { dayMs, hourMs, minuteMs } from '../../../src/exchange/window.ts';
import { daysOf, windowsOf } from '../../../src/sync/reconcile/reconcile-windows.ts';

const midnight = Date.UTC(2026, 2, 5);
const day = { from: midnight, to: midnight + dayMs };

describe('the days of a range', () => {
  it('are days in UTC, the first and the last as far as they were asked for', () => {
    expect(daysOf({ from: midnight - 2 * hourMs, to: midnight + dayMs + hourMs })).toEqual([
      { from: midnight - 2 * hourMs, to: midnight },
      day,
      { from: midnight + dayMs, to: midnight + dayMs + hourMs },
    ]);
    expect(daysOf(day)).toEqual([day]);
  });

  it('hold every minute that the range touches', () => {
    expect(daysOf({ from: midnight + 61_000, to: midnight + 2 * minuteMs + 1 })).toEqual([
      { from: midnight + minuteMs, to: midnight + 3 * minuteMs },
    ]);
  });
});

describe('the windows of a day', () => {
  it('are the day itself, with one request', () => {
    expect(windowsOf(day, 0)).toEqual([day]);
    expect(windowsOf(day, 8_000)).toEqual([day]);
  });

  it.each([
    ['more messages than are held in memory at once', 40_000, undefined, 5],
    ['a vendor that answers well for six hours only', 10, 6 * hourMs, 4],
    ['more messages than a minute each', 1e9, undefined, 1_440],
  ])('are whole minutes that meet, for %s', (_, known, widestMs, count) => {
    const windows = windowsOf(day, known, widestMs);
    expect(windows).toHaveLength(count);
    expect(windows[0]?.from).toBe(day.from);
    expect(windows.at(-1)?.to).toBe(day.to);
    for (const [index, { from, to }] of windows.entries()) {
      expect({
        from: from % minuteMs,
        to: to % minuteMs,
        meets: index === 0 || windows[index - 1]?.to === from,
      }).toEqual({
        from: 0,
        to: 0,
        meets: true,
      });
      expect(to - from).toBeLessThanOrEqual(widestMs ?? dayMs);
    }
  });
});
