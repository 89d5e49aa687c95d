import { describe, expect, it } from 'vitest';
import { hourMs } from '../../src/exchange/window.ts';
import { openPlace, rowsBefore, noon } from './place.ts';

describe('runs', () => {
  it('C8: that would overlap are one: schedule, HTTP and command at once', async () => {
    const place = await openPlace({ rows: rowsBefore(noon - hourMs, 20) });
    const triggers = ['schedule', 'api', 'command', 'schedule', 'api'] as const;
    const started = await Promise.all(triggers.map((trigger) => place.runs().start({ trigger })));
    const begun = started.filter(({ kind }) => kind === 'started');
    expect(begun).toHaveLength(1);
    const [first] = begun;
    const id = first?.kind === 'started' ? first.id : '';
    for (const each of started) if (each !== first) expect(each).toEqual({ kind: 'already-running', id });
    if (first?.kind === 'started') await first.finished;
    expect(place.vendor.requests).toHaveLength(1);
    expect(place.destination.sent.flat()).toHaveLength(20);
  });

  it('C12: that were missed while the machine slept are made up for by one', async () => {
    const place = await openPlace({ rows: rowsBefore(noon - hourMs, 5) });
    await place.run();
    const before = place.vendor.requests.length;
    place.clock.at += 8 * hourMs;
    // As a timer that wakes up late does: several at once.
    const started = await Promise.all([1, 2, 3].map(() => place.runs().start({ trigger: 'schedule' })));
    for (const each of started) if (each.kind === 'started') await each.finished;
    const tails = place.events.slice(-40).filter((event) => event.event === 'window_read' && event.tier === 'tail');
    expect(started.filter(({ kind }) => kind === 'started')).toHaveLength(1);
    expect(place.vendor.requests.length - before).toBeLessThanOrEqual(4);
    expect(tails.length).toBeLessThanOrEqual(2);
    expect(Date.parse(await place.coveredUntil())).toBe(place.clock.at - 2 * 60_000);
  });
});
