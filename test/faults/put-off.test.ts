import { describe, expect, it } from 'vitest';
import { answerWith, outcome, statementOf } from '../destinations/scripted-ehr.ts';
import { each, ids, openDelivering, statuses } from './delivering.ts';

const singly = statementOf({ updateCreate: true }, { system: [] });
const batches = statementOf({ updateCreate: true }, { system: ['batch'] });
const secondMs = 1_000;

describe('an EHR that asks for time', () => {
  it.each([
    ['429 with Retry-After', answerWith(429, outcome('throttled'), { 'retry-after': '120' }), 'ehr-throttled', 120],
    ['503 with Retry-After', answerWith(503, outcome('transient'), { 'retry-after': '120' }), 'ehr-server-error', 120],
    ['429 with RateLimit', answerWith(429, '', { ratelimit: '"requests";r=0;t=90' }), 'ehr-throttled', 90],
    [
      'a batch in which all is put off',
      statuses(() => ({ status: '429' }), { ratelimit: '"requests";r=0;t=90' }),
      'ehr-throttled',
      90,
    ],
  ])('B3: %s is given it, by everyone and everything', async (_, reaction, code, seconds) => {
    const { ehr, read, deliver, later, loop, held, states } = await openDelivering(
      { statement: batches },
      { batch: 5 },
    );
    await read(ids(20));
    // Both that are on their way at once.
    ehr.script.push(reaction, reaction);
    await deliver();
    expect(loop.state().problem?.code).toBe(code);
    const sent = ehr.sent().length;
    expect(sent).toBeLessThanOrEqual(2);
    await loop.tryNow();
    await later((seconds - 10) * secondMs);
    expect(ehr.sent()).toHaveLength(sent);
    await later(10 * secondMs);
    await later();
    expect(held()).toEqual(each(ids(20)));
    expect(await states()).toEqual({ delivered: 20 });
  });

  it('B3: 408 without a word about time is given a back-off, and no message an attempt less', async () => {
    const { ehr, read, deliver, later, events, held } = await openDelivering({ statement: singly });
    await read(ids(3));
    ehr.script.push(answerWith(408), answerWith(408));
    await deliver();
    for (let hour = 0; hour < 12; hour += 1) await later();
    expect(held()).toEqual(each(ids(3)));
    const attempts = events.flatMap((event) => (event.event === 'record_delivered' ? [event.attempt] : []));
    expect(attempts).toEqual([1, 1, 1]);
  });

  it('B3: for some entries is given it for those', async () => {
    const { ehr, read, deliver, later, held, fateOf, clock } = await openDelivering({ statement: batches });
    await read(ids(4));
    const start = clock.at;
    ehr.script.push(
      statuses(
        (id) =>
          id === 'm0' ? { status: '200', outcome: outcome('informational') } : { status: id === 'm1' ? '503' : '429' },
        { 'retry-after': '300' },
      ),
    );
    await deliver();
    expect([await fateOf('m0'), await fateOf('m1'), await fateOf('m2')]).toEqual([
      { state: 'delivered', code: null },
      { state: 'pending', code: 'record-server-error' },
      { state: 'pending', code: 'record-throttled' },
    ]);
    await later(start + 290 * secondMs - clock.at);
    expect(ehr.sent()).toHaveLength(1);
    await later(10 * secondMs);
    await later();
    expect(held()).toEqual(each(['m1', 'm2', 'm3']));
  });
});
