import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Reading, SourceRecord } from '../../../src/exchange/record.ts';
import { grainMs, minuteMs, type Instant, type TimeWindow } from '../../../src/exchange/window.ts';
import { readVendorAnswer } from '../../../src/sources/dialog-health/dialog-health-source.ts';
import { keys } from './asked-source.ts';
import { row, type Row } from './invented-rows.ts';

const secret = 'a secret of the tests';
const stage = { rank: 1, final: false };
const wholeDay = { from: Date.UTC(2026, 2, 5), to: Date.UTC(2026, 2, 6) };

interface Asking {
  readonly window?: TimeWindow;
  readonly keySecret?: string;
  readonly console?: string;
}

/** The readings of one answer with these rows. */
async function readingsOf(rows: readonly Row[], { window, ...other }: Asking = {}): Promise<readonly Reading[]> {
  async function* answer(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(JSON.stringify({ requestId: 'r', response: rows }));
  }
  const readings: Reading[] = [];
  const context = {
    source: 'main-clinic',
    console: 'SIDJUL8079',
    keys,
    keySecret: secret,
    stageOf: () => stage,
    ...(window === undefined ? {} : { window }),
    ...other,
  };
  await readVendorAnswer(answer(), Infinity, context, (batch) => {
    readings.push(...batch);
    return Promise.resolve();
  });
  return readings;
}

const recordsIn = (readings: readonly Reading[]): readonly SourceRecord[] =>
  readings.flatMap((reading) => (reading.kind === 'records' ? reading.records : []));

const keysOf = async (rows: readonly Row[], asking?: Asking): Promise<readonly string[]> =>
  recordsIn(await readingsOf(rows, asking)).map(({ key }) => key);

const problemsOf = async (rows: readonly Row[], asking?: Asking): Promise<readonly string[]> =>
  (await readingsOf(rows, asking)).flatMap((reading) =>
    reading.kind === 'unreadable' ? [reading.unreadable.problem.code] : [],
  );

const nameless = (changed: Row = {}): Row => row({ outgoingMessageId: null, ...changed });

/** The vendor's date and time. */
function at(instant: Instant): Row {
  const [date = '', clock = ''] = new Date(instant).toISOString().split('T');
  const [year, month, day] = date.split('-');
  return { outgoingMessageSentDate: `${month}/${day}/${year}`, outgoingMessageSentTime: clock.slice(0, 5) };
}

describe('A25: a row without an id', () => {
  it('has a key made with the secret from console, minute, text, person and recipient, and how many came before', async () => {
    const facts = ['SIDJUL8079', '2026-03-05T08:32:00Z', 'Your visit is on Friday at 9:00.', 'p-1', 'PATIENT'];
    const name = (ordinal: number): string =>
      createHmac('sha256', secret)
        .update(JSON.stringify([...facts, ordinal]))
        .digest('hex');
    expect(await keysOf([nameless(), nameless()])).toEqual([keys.withoutId(name(0)), keys.withoutId(name(1))]);
  });

  it('is one message like any other, and so is the reply to it', async () => {
    const [outgoing, reply, ...others] = recordsIn(await readingsOf([nameless({ incomingMessage: ' YES ' })]));
    const [key = ''] = await keysOf([nameless()]);
    expect(others).toEqual([]);
    expect(outgoing).toMatchObject({
      key,
      direction: 'outgoing',
      thread: key,
      related: [keys.reply(key, 'YES')],
      occurredAt: Date.UTC(2026, 2, 5, 8, 32),
      body: { outgoingMessageId: null, incomingMessage: null },
    });
    expect(reply).toMatchObject({
      key: keys.reply(key, 'YES'),
      direction: 'incoming',
      thread: key,
      related: [key],
      body: { outgoingMessageId: null, incomingMessage: ' YES ', outgoingMessage: null },
    });
  });

  it.each([null, '', '  ', undefined])('is one whose id is %j', async (outgoingMessageId) => {
    expect(await keysOf([row({ outgoingMessageId })])).toEqual(await keysOf([nameless()]));
  });

  it('is set apart without a secret', async () => {
    expect(await problemsOf([nameless()], { keySecret: '' })).toEqual(['missing-id']);
  });

  it.each([
    ['date', { outgoingMessageSentDate: null }],
    ['time', { outgoingMessageSentTime: ' ' }],
    ['date that is one', { outgoingMessageSentDate: '2026-03-05' }],
    ['time that is one', { outgoingMessageSentTime: '8:32' }],
  ])('is set apart when it has no %s either: nothing tells which answers hold all of its like', async (_, changed) => {
    expect(await problemsOf([nameless(changed)])).toEqual(['missing-id']);
    expect(await keysOf([nameless(changed)])).toEqual([]);
  });

  it.each(['outgoingMessage', 'personId', 'recipientType'])('is another one with another %s', async (field) => {
    expect(await keysOf([nameless({ [field]: 'another' })])).not.toEqual(await keysOf([nameless()]));
  });

  it.each(['delivered', 'messageStatus', 'personName', 'mobileNumber', 'carrier', 'caregiverName', 'personMisc1'])(
    'stays the same with another %s',
    async (field) => {
      expect(await keysOf([nameless({ [field]: 'another' })])).toEqual(await keysOf([nameless()]));
    },
  );

  it('is another one on another console, whose persons have the same ids, and under another secret', async () => {
    const [own = ''] = await keysOf([nameless()]);
    expect(await keysOf([nameless()], { console: 'SIDJUL8080' })).not.toContain(own);
    expect(await keysOf([nameless()], { keySecret: 'another secret of the tests' })).not.toContain(own);
  });

  it('is the same for nothing, however it is written, and however a letter is composed', async () => {
    const none = await keysOf([nameless({ outgoingMessage: null })]);
    for (const outgoingMessage of ['', '  ', undefined])
      expect(await keysOf([nameless({ outgoingMessage })])).toEqual(none);
    expect(await keysOf([nameless({ outgoingMessage: ' cafe\u0301' })])).toEqual(
      await keysOf([nameless({ outgoingMessage: 'caf\u00E9 ' })]),
    );
  });

  it('does not run fields into each other', async () => {
    const one = await keysOf([nameless({ outgoingMessage: 'ab', personId: 'c' })]);
    expect(await keysOf([nameless({ outgoingMessage: 'a', personId: 'bc' })])).not.toEqual(one);
  });

  it('does not change the keys of rows that have one', async () => {
    const readings = await readingsOf([nameless(), row(), nameless()]);
    expect(recordsIn(readings)[1]?.key).toBe(keys.outgoing('00000000000000000000000000000001'));
  });
});

describe('A25: the first and the last minute of a window', () => {
  const window = { from: Date.UTC(2026, 2, 5, 8), to: Date.UTC(2026, 2, 5, 9) };
  const keysAt = (instant: Instant): Promise<readonly string[]> => keysOf([nameless(at(instant))], { window });

  it('give no message without an id: the answer may hold only a part of them', async () => {
    expect(await keysAt(window.from)).toEqual([]);
    expect(await keysAt(window.from + grainMs)).toHaveLength(1);
    expect(await keysAt(window.to - 2 * grainMs)).toHaveLength(1);
    expect(await keysAt(window.to - grainMs)).toEqual([]);
    expect(await keysAt(window.to)).toEqual([]);
    expect(await problemsOf([nameless(at(window.from)), nameless(at(window.to))], { window })).toEqual([]);
  });

  it('give every message that has one', async () => {
    expect(await keysOf([row(at(window.from))], { window })).toHaveLength(1);
  });

  it('are not left out of an answer that nobody asked for: it is all there is', async () => {
    expect(await keysOf([nameless(at(window.from))])).toHaveLength(1);
  });

  it('are not what a row belongs to that is of another time: it is set apart, not passed over', async () => {
    const rows = [nameless(at(window.from - minuteMs)), nameless(at(window.to + minuteMs))];
    expect(await problemsOf(rows, { window })).toEqual(['missing-id', 'missing-id']);
  });
});

/** Some minutes, and what may be sent in them: few enough that many rows are equal. The vendor alone knows the second. */
const firstMinute = Date.UTC(2026, 2, 5, 12);
const minutes = 8;
const anyRow = fc.record({
  minute: fc.nat(minutes - 1),
  second: fc.constantFrom(0, 0, 30, 59),
  text: fc.constantFrom('a', 'b'),
  incoming: fc.constantFrom(null, null, 'YES', 'NO'),
  messageStatus: fc.constantFrom('SENT', 'INVALID_PHONE'),
});
type AnyRow = typeof anyRow extends fc.Arbitrary<infer T> ? T : never;

const rowOf = ({ minute, text, incoming, messageStatus }: AnyRow): Row => {
  const sent = at(firstMinute + minute * minuteMs);
  return nameless({ ...sent, outgoingMessage: text, incomingMessage: incoming, messageStatus });
};

const bounds = ['[]', '[)', '(]', '()'] as const;
type Bounds = (typeof bounds)[number];
const anyBounds = fc.constantFrom(...bounds);

/** What the vendor tells of a window, however it takes the bounds: open or closed. */
function answered(rows: readonly AnyRow[], window: TimeWindow, bounds: Bounds): readonly Row[] {
  return rows
    .filter(({ minute, second }) => {
      const sent = firstMinute + minute * minuteMs + second * 1_000;
      const after = bounds.startsWith('[') ? sent >= window.from : sent > window.from;
      return after && (bounds.endsWith(']') ? sent <= window.to : sent < window.to);
    })
    .map(rowOf);
}

/** Where a range is cut, and how far each part reaches over into its neighbours. */
const anyReads = fc.record({
  cuts: fc.array(fc.integer({ min: 1, max: minutes - 1 }), { maxLength: 4 }),
  overlaps: fc.array(fc.nat(3), { minLength: 6, maxLength: 6 }),
});

/** The requests for the whole range in parts: each one grain wider on both sides, as every request is. */
function requests({ cuts, overlaps }: { cuts: readonly number[]; overlaps: readonly number[] }): readonly TimeWindow[] {
  const edges = [0, ...new Set(cuts.toSorted((a, b) => a - b)), minutes];
  return edges.slice(1).map((end, index) => ({
    from: firstMinute + ((edges[index] ?? 0) - (overlaps[index] ?? 0)) * minuteMs - grainMs,
    to: firstMinute + end * minuteMs + grainMs,
  }));
}

const keysIn = (readings: readonly Reading[]): ReadonlySet<string> =>
  new Set(recordsIn(readings).map(({ key }) => key));

/** What each message says: with its status and its replies. */
const saidIn = (readings: readonly Reading[]): ReadonlyMap<string, unknown> =>
  new Map(recordsIn(readings).map(({ key, thread, related, body }) => [key, { thread, related, body }]));

const anyRows = fc.array(anyRow, { maxLength: 30 });
const shuffled = anyRows.chain((rows) =>
  fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length })),
);

/** The vendor's rows, read as these requests say. */
async function readInParts(rows: readonly AnyRow[], reads: Parameters<typeof requests>[0], bounds: Bounds) {
  const readings: Reading[] = [];
  for (const window of requests(reads))
    readings.push(...(await readingsOf(answered(rows, window, bounds), { window })));
  return readings;
}

describe('A25: the keys of rows without an id', () => {
  it('are as many as there are rows and replies: two equal texts in one minute are two messages', async () => {
    await fc.assert(
      fc.asyncProperty(anyRows, async (rows) => {
        const replies = rows.filter(({ incoming }) => incoming !== null).length;
        expect(keysIn(await readingsOf(rows.map(rowOf), { window: wholeDay })).size).toBe(rows.length + replies);
      }),
    );
  });

  it('are the same set in whatever order an answer comes', async () => {
    await fc.assert(
      fc.asyncProperty(shuffled, async ([rows, again]) => {
        expect(keysIn(await readingsOf(again.map(rowOf)))).toEqual(keysIn(await readingsOf(rows.map(rowOf))));
      }),
    );
  });

  it('are the same set from any complete reads that cover the same range: overlapping, split, unsorted, with open bounds or closed', async () => {
    await fc.assert(
      fc.asyncProperty(shuffled, anyReads, anyBounds, async ([rows, again], reads, bounds) => {
        const whole = keysIn(await readingsOf(rows.map(rowOf), { window: wholeDay }));
        expect(keysIn(await readInParts(again, reads, bounds))).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });

  it('belong to the same messages in all of them, where the vendor keeps the order of equal rows', async () => {
    await fc.assert(
      fc.asyncProperty(anyRows, anyReads, anyBounds, async (rows, reads, bounds) => {
        const whole = saidIn(await readingsOf(rows.map(rowOf), { window: wholeDay }));
        // In every read, not only in the last one of each minute.
        for (const { key, thread, related, body } of recordsIn(await readInParts(rows, reads, bounds))) {
          expect({ thread, related, body }).toEqual(whole.get(key));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('are none that a whole answer would not give, when one breaks off', async () => {
    await fc.assert(
      fc.asyncProperty(anyRows, fc.nat(30), async (rows, end) => {
        const whole = keysIn(await readingsOf(rows.map(rowOf)));
        const partly = keysIn(await readingsOf(rows.slice(0, end).map(rowOf)));
        expect([...whole]).toEqual(expect.arrayContaining([...partly]));
      }),
    );
  });

  it('stay when one more like them appears later', async () => {
    const before = await keysOf([nameless()]);
    expect(await keysOf([nameless(), nameless()])).toEqual(expect.arrayContaining([...before]));
  });

  it('of a reply stay when it comes in another one of two equal rows', async () => {
    const answered = { incomingMessage: 'YES' };
    const [, , reply = ''] = await keysOf([nameless(), nameless(answered)]);
    expect((await keysOf([nameless(answered), nameless()]))[1]).toBe(reply);
    expect(new Set(await keysOf([nameless(answered), nameless(answered)])).size).toBe(4);
  });
});

describe('F7: two equal texts to one person in the same minute', () => {
  it('are two messages, with and without ids, at every read', async () => {
    const ids = ['00000000000000000000000000000001', '00000000000000000000000000000002'];
    expect(new Set(await keysOf(ids.map((outgoingMessageId) => row({ outgoingMessageId })))).size).toBe(2);
    const twice = await keysOf([nameless(), nameless()], { window: wholeDay });
    expect(new Set(twice).size).toBe(2);
    expect(await keysOf([nameless(), nameless()], { window: wholeDay })).toEqual(twice);
  });
});
