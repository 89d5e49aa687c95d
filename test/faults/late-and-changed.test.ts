import { describe, expect, it } from 'vitest';
import { dayMs, hourMs, isoInstant, minuteMs } from '../../src/exchange/window.ts';
import { noon, openPlace, rowAt, settled, type Place } from './place.ts';

/** The schedule of so long, every five minutes; only each so-and-so-many-th poll is made where time is long. */
async function polls(place: Place, ms: number, everyMs = 5 * minuteMs): Promise<void> {
  for (const end = place.clock.at + ms; place.clock.at < end; place.clock.at += everyMs) {
    const started = await place.runs().start({ trigger: 'schedule' });
    if (started.kind === 'started') await started.finished;
  }
}

const sent = (place: Place): number => place.destination.sent.flat().length;

describe('a message that the vendor shows late', () => {
  it.each([
    ['minutes', 20 * minuteMs, 30 * minuteMs],
    ['hours', 11 * hourMs, 13 * hourMs],
    ['days', 6 * dayMs, 6 * dayMs + 8 * hourMs],
  ])('A20: by %s arrives all the same', async (_, lateMs, withinMs) => {
    const place = await openPlace();
    await place.run();
    place.vendor.messages.put(rowAt(noon - 10 * minuteMs, 'late'), noon + lateMs);
    await polls(place, withinMs, lateMs > dayMs ? hourMs : undefined);
    expect(sent(place)).toBe(1);
  });

  it('A20: is found however long nobody read, since a sweep goes back from the end of the last one', async () => {
    const place = await openPlace();
    await place.run();
    // Sent before the outage, shown during it.
    place.vendor.messages.put(rowAt(noon - 5 * dayMs + hourMs, 'old'), noon + dayMs);
    place.vendor.messages.put(rowAt(noon - 2 * hourMs, 'late'), noon + dayMs);
    place.clock.at += 10 * dayMs;
    await polls(place, hourMs);
    // What was sent before reading began is nobody's to read.
    expect(sent(place)).toBe(1);
  });
});

describe('a status that changes', () => {
  it.each([
    ['within the hour', 30 * minuteMs, 40 * minuteMs],
    ['hours later', 10 * hourMs, 12 * hourMs],
    ['days later', 5 * dayMs, 5 * dayMs + 8 * hourMs],
  ])('A21: %s updates the same Communication', async (_, laterMs, withinMs) => {
    const place = await openPlace({ rows: [rowAt(noon - 10 * minuteMs, 'm')] });
    await place.run();
    place.clock.at += laterMs;
    place.vendor.messages.change('m', { delivered: 'true', messageStatus: 'DELIVERED' });
    await polls(place, withinMs - laterMs + hourMs, laterMs > dayMs ? hourMs : undefined);
    expect(place.destination.arrived.size).toBe(1);
    expect(sent(place)).toBe(2);
  });

  it('A22: to a lower one is taken when it is still there ten minutes later, and not before', async () => {
    const place = await openPlace({ rows: [rowAt(noon - 10 * minuteMs, 'm', { delivered: 'true' })] });
    await place.run();
    // A replica that lags, for one answer.
    place.vendor.messages.change('m', { delivered: 'false', messageStatus: 'SENT' });
    place.clock.at += 5 * minuteMs;
    await place.run();
    place.vendor.messages.change('m', { delivered: 'true' });
    await polls(place, 30 * minuteMs);
    expect(sent(place)).toBe(1);
    place.vendor.messages.change('m', { delivered: 'false', messageStatus: 'SENT' });
    await polls(place, 20 * minuteMs);
    expect(sent(place)).toBe(2);
  });

  it('A29: of many final messages at once, as from an old copy, is not taken, and told', async () => {
    const minutes = Array.from({ length: 40 }, (_, index) => index + 5);
    const ids = minutes.map((minute) => `m${minute}`);
    const rows = minutes.map((minute) => rowAt(noon - minute * minuteMs, `m${minute}`, { delivered: 'true' }));
    const place = await openPlace({ rows });
    await place.run();
    for (const id of ids) place.vendor.messages.change(id, { delivered: 'false', messageStatus: 'SENT' });
    place.clock.at += 5 * minuteMs;
    const report = await place.run();
    expect(report.sources[0]?.problems).toHaveProperty('source-statuses-lowered');
    await polls(place, hourMs);
    expect(sent(place)).toBe(rows.length);
    for (const id of ids) place.vendor.messages.change(id, { delivered: 'true' });
    await polls(place, hourMs);
    expect(sent(place)).toBe(rows.length);
  });
});

describe('an outage', () => {
  it('E9: longer than any sweep goes back loses nothing that came and changed meanwhile', async () => {
    const place = await openPlace({ rows: [rowAt(noon - 10 * minuteMs, 'before')] });
    await place.run();
    place.clock.at += 40 * dayMs;
    place.vendor.messages.change('before', { delivered: 'true', messageStatus: 'DELIVERED' });
    for (let day = 1; day < 40; day += 1) place.vendor.messages.put(rowAt(noon + day * dayMs, `day ${day}`));
    await polls(place, 30 * minuteMs);
    expect(place.destination.arrived.size).toBe(40);
    expect(sent(place)).toBe(41);
  });

  it('E10: longer than the vendor keeps anything is a gap with a name, which a person gives up', async () => {
    const place = await openPlace({
      rows: [rowAt(noon - 10 * minuteMs, 'before')],
      vendor: { retentionDays: 30 },
    });
    await place.run();
    place.clock.at += 60 * dayMs;
    place.vendor.messages.put(rowAt(noon + 59 * dayMs, 'after'));
    // Each poll cuts a little further: what is refused is down to single days.
    await polls(place, 18 * hourMs);
    expect(place.destination.arrived.size).toBe(2);
    // Nothing that was not read is said to be: the coverage stays where the outage began.
    expect(await place.coveredUntil()).toBe(settled);
    const stuck = (await place.state()).pieces.filter(({ state }) => state === 'stuck');
    expect(stuck.length).toBeGreaterThan(0);
    expect(new Set(stuck.map(({ code }) => code))).toEqual(new Set(['source-refused']));
    const last = Math.max(...stuck.map(({ window }) => window.to));
    const gap = { from: Math.min(...stuck.map(({ window }) => window.from)), to: last };
    const given = await place.ledger().coverage.acceptGap('main-clinic', gap, 'somebody', place.clock.at);
    expect(given).toHaveLength(stuck.length);
    await polls(place, 10 * minuteMs);
    expect(Date.parse(await place.coveredUntil())).toBeGreaterThan(place.clock.at - 10 * minuteMs);
    expect(isoInstant(last) > isoInstant(noon + 29 * dayMs)).toBe(true);
  });
});
