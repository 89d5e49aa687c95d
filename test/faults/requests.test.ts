import { describe, expect, it } from 'vitest';
import { hourMs, isoInstant, minuteMs } from '../../src/exchange/window.ts';
import { noon, openPlace, rowsBefore, settled, sourceName, type Place } from './place.ts';

const rows = rowsBefore(Date.parse(settled), 20);
const asked = (place: Place): number => place.vendor.requests.length;

/** Six hours of a schedule of five minutes, and how often a run was started by it. */
async function sixHours(place: Place): Promise<number> {
  let started = 0;
  for (let poll = 0; poll < 72; poll += 1) {
    place.clock.at += 5 * minuteMs;
    const run = await place.runs().start({ trigger: 'schedule' });
    if (run.kind !== 'started') continue;
    started += 1;
    await run.finished;
  }
  return started;
}

describe('a vendor that refuses the login', () => {
  it.each(['unauthorized', 'forbidden'] as const)(
    'A14: is asked once (%s), and then not until a person asks, who asks once',
    async (fault) => {
      const place = await openPlace({ rows });
      place.vendor.faults.add({ fault, times: 1_000 });
      expect(await place.run({ trigger: 'schedule' })).toMatchObject({
        state: 'failed',
        sources: [{ problems: { 'source-unauthorized': 1 } }],
      });
      expect(asked(place)).toBe(1);
      expect(await sixHours(place)).toBe(0);
      expect(asked(place)).toBe(1);
      expect(place.events).toContainEqual({ event: 'run_skipped', source: sourceName, why: 'stopped' });
      await place.run({ trigger: 'api' });
      expect(asked(place)).toBe(2);
      expect(await sixHours(place)).toBe(0);
      expect(asked(place)).toBe(2);
      place.vendor.faults.clear();
      expect(await place.run({ trigger: 'api' })).toMatchObject({ state: 'done' });
      expect(await place.known()).toBe(rows.length);
      expect(await sixHours(place)).toBe(72);
    },
  );

  it('A14: is asked once more, by the schedule, when the secret file has changed', async () => {
    const place = await openPlace({ rows, vendor: { password: 'changed:password' } });
    await place.run({ trigger: 'schedule' });
    expect(await sixHours(place)).toBe(0);
    place.changePassword('mistyped:password');
    expect(await sixHours(place)).toBe(1);
    expect(asked(place)).toBe(2);
    place.changePassword('changed:password');
    expect(await sixHours(place)).toBe(72);
    expect(await place.known()).toBe(rows.length);
  });

  it('A14: is asked by no backfill either', async () => {
    const place = await openPlace({ rows });
    await place.run();
    const range = { from: noon - 40 * 24 * hourMs, to: noon - 30 * 24 * hourMs };
    const job = {
      id: 'past',
      source: sourceName,
      range,
      order: 'newest-first',
      resend: false,
      startedAt: noon,
    } as const;
    await place.ledger().backfills.begin(job);
    place.vendor.faults.add({ fault: 'unauthorized', times: 1_000 });
    const before = asked(place);
    const { signal } = new AbortController();
    // A run and the next window of the backfill at the same moment: one of them is refused.
    const run = await place.runs().start({ trigger: 'schedule' });
    const step = place.runs().readBackfill(sourceName, signal);
    if (run.kind === 'started') await run.finished;
    expect(await step).toEqual({ kind: 'nothing' });
    expect(await place.runs().readBackfill(sourceName, signal)).toEqual({ kind: 'nothing' });
    expect(asked(place)).toBe(before + 1);
  });
});

describe('a vendor that asks for fewer requests', () => {
  it.each([
    ['A15: in seconds', '1800'],
    ['A15: by a date', new Date(noon + 30 * minuteMs).toUTCString()],
  ])('%s is left alone until then, whoever asks', async (_title, retryAfter) => {
    const place = await openPlace({ rows });
    place.vendor.faults.add({ fault: 'too-many-requests', retryAfter, times: 1_000 });
    expect(await place.run()).toMatchObject({ state: 'failed', sources: [{ problems: { 'source-throttled': 1 } }] });
    place.clock.at = noon + 29 * minuteMs;
    expect(await place.runs().start({ trigger: 'schedule' })).toEqual({ kind: 'paused' });
    await place.run({ trigger: 'api' });
    expect(asked(place)).toBe(1);
    place.vendor.faults.clear();
    place.clock.at = noon + 30 * minuteMs;
    expect(await place.run({ trigger: 'schedule' })).toMatchObject({ state: 'done' });
    expect(await place.known()).toBe(rows.length);
  });

  it('A15: without a time is asked a few times in an hour, never twice in one poll', async () => {
    const place = await openPlace({ rows });
    place.vendor.faults.add({ fault: 'too-many-requests', times: 1_000 });
    await place.run({ trigger: 'schedule' });
    await sixHours(place);
    const polls = place.vendor.requests.map(({ at }) => (at - noon) / (5 * minuteMs));
    expect(new Set(polls).size).toBe(polls.length);
    expect(polls.length).toBeGreaterThan(6);
    expect(polls.length).toBeLessThan(6 * 5);
    place.vendor.faults.clear();
    place.clock.at += hourMs;
    expect(await place.run({ trigger: 'schedule' })).toMatchObject({ state: 'done' });
    expect(await place.known()).toBe(rows.length);
  });

  it('A16: because somebody else uses the account is asked for less than was used, until hours later', async () => {
    const place = await openPlace({ rows, source: { requestsPerHour: 240 } });
    const { budget } = place.ledger();
    for (let spent = 0; spent < 100; spent += 1) await budget.spend(sourceName, 240, place.clock.at - minuteMs);
    expect(await budget.learned(sourceName, 240, place.clock.at)).toBe(240);
    place.vendor.faults.add({ fault: 'too-many-requests', retryAfter: '1' });
    expect(await place.run()).toMatchObject({ sources: [{ problems: { 'source-throttled': 1 } }] });
    const learned = await budget.learned(sourceName, 240, place.clock.at);
    expect(learned).toBe(Math.floor(101 * 0.8));
    // As much as was learned is used up already: no request is made, and the report says why.
    place.clock.at += 2_000;
    const before = asked(place);
    expect(await place.run()).toMatchObject({ sources: [{ problems: { 'budget-exhausted': 1 } }] });
    expect(asked(place)).toBe(before);
    place.clock.at += 24 * hourMs;
    expect(await place.run()).toMatchObject({ state: 'done' });
    expect(await budget.learned(sourceName, 240, place.clock.at)).toBe(240);
  });
});

describe('a vendor with a server error', () => {
  it.each([
    ['A17: 500', 'server-error', undefined],
    ['A17: 503, and it names no time', 'unavailable', undefined],
    ['A17: 503 until a time it names', 'unavailable', '600'],
  ] as const)('%s: is asked again later, ever more seldom, and nothing is lost', async (_title, fault, retryAfter) => {
    const place = await openPlace({ rows });
    place.vendor.faults.add({ fault, times: 1_000, ...(retryAfter === undefined ? {} : { retryAfter }) });
    await place.run({ trigger: 'schedule' });
    expect(await place.coveredUntil()).toBe('nothing');
    const started = await sixHours(place);
    // The longest back-off is a quarter of an hour.
    expect(started).toBeGreaterThan(20);
    expect(started).toBeLessThan(72);
    expect(await place.state()).toMatchObject({ pieces: [] });
    place.vendor.faults.clear();
    place.clock.at += 15 * minuteMs;
    expect(await place.run({ trigger: 'schedule' })).toMatchObject({ state: 'done' });
    expect(await place.coveredUntil()).toBe(isoInstant(place.clock.at - 2 * minuteMs));
    expect(await place.known()).toBe(rows.length);
  });
});
