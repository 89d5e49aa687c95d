import { afterEach, describe, expect, it, vi } from 'vitest';
import { inProcessWakeUps } from '../../../src/sync/wake-ups/in-process.ts';
import type { WakeUps } from '../../../src/sync/wake-ups/wake-ups.ts';

let wakeUps: WakeUps | undefined;

afterEach(async () => {
  await wakeUps?.stop();
  vi.useRealTimers();
});

const every5Minutes = { source: 'main-clinic', expression: '*/5 * * * *', timezone: 'UTC' };

describe('the schedule', () => {
  it('wakes each source by its own schedule', async () => {
    const woken: string[] = [];
    const everySecond = (source: string) => ({ source, expression: '* * * * * *', timezone: 'UTC' });
    wakeUps = inProcessWakeUps([everySecond('main-clinic'), everySecond('second-clinic')], (name) => woken.push(name));
    wakeUps.start();
    await vi.waitFor(() => expect(new Set(woken)).toEqual(new Set(['main-clinic', 'second-clinic'])), 5_000);
  });

  it('wakes nobody after it was stopped', async () => {
    const woken: string[] = [];
    wakeUps = inProcessWakeUps([{ ...every5Minutes, expression: '* * * * * *' }], (name) => woken.push(name));
    wakeUps.start();
    await wakeUps.stop();
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(woken).toEqual([]);
    expect(wakeUps.next('main-clinic')).toBeUndefined();
  });

  it('tells when a source is due next, on a whole five minutes of UTC', () => {
    wakeUps = inProcessWakeUps([every5Minutes], () => {});
    wakeUps.start();
    const next = wakeUps.next('main-clinic') ?? NaN;
    expect(next % (5 * 60_000)).toBe(0);
    expect(next - Date.now()).toBeLessThanOrEqual(5 * 60_000);
    expect(wakeUps.next('unknown')).toBeUndefined();
  });

  it('leaves no run out in UTC on the day the clocks go forward in Prague, where node-cron skips the lost hour', () => {
    vi.useFakeTimers({ now: Date.parse('2027-03-27T12:00:00Z'), toFake: ['Date'] });
    const at = (timezone: string): string => {
      const one = inProcessWakeUps([{ source: 'main-clinic', expression: '30 2 * * *', timezone }], () => {});
      one.start();
      const next = one.next('main-clinic') ?? NaN;
      void one.stop();
      return new Date(next).toISOString();
    };
    expect(at('UTC')).toBe('2027-03-28T02:30:00.000Z');
    // 28 March 2027 has no 02:30 in Prague.
    expect(at('Europe/Prague')).toBe('2027-03-29T00:30:00.000Z');
  });
});
