import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Reading, SourceRecord, UnreadableRecord } from '../../../src/exchange/record.ts';
import { parseLossless } from '../../../src/sources/dialog-health/lossless-json.ts';
import {
  messageResultFields,
  readMessageResult,
  type ReadingContext,
} from '../../../src/sources/dialog-health/message-result.ts';
import { keys } from './asked-source.ts';
import { row, type Row } from './invented-rows.ts';

const context: ReadingContext = {
  source: 'main-clinic',
  keys,
  stageOf: ({ messageStatus }) => ({
    rank: messageStatus === 'DELIVERED' ? 3 : 1,
    final: messageStatus === 'DELIVERED',
  }),
};

const read = (given: unknown, position = 0): Reading => readMessageResult(given, position, context);

function recordsOf(given: unknown): readonly SourceRecord[] {
  const reading = read(given);
  if (reading.kind !== 'records') throw new Error(`unreadable: ${reading.unreadable.problem.code}`);
  return reading.records;
}

function outgoingOf(changed: Row = {}): SourceRecord {
  const [record] = recordsOf(row(changed));
  if (record === undefined) throw new Error('no record');
  return record;
}

function unreadableOf(given: unknown, position = 0): UnreadableRecord {
  const reading = read(given, position);
  if (reading.kind !== 'unreadable') throw new Error('readable');
  return reading.unreadable;
}

describe('a row without a reply', () => {
  it('is one outgoing message', () => {
    const id = '4C700B54F524A5948253F24067CB9714';
    const records = recordsOf(row({ outgoingMessageId: id }));
    expect(records).toEqual([
      {
        key: keys.outgoing(id),
        direction: 'outgoing',
        thread: keys.outgoing(id),
        related: [],
        occurredAt: Date.UTC(2026, 2, 5, 8, 32),
        stage: { rank: 3, final: true },
        contentDigest: expect.stringMatching(/^[\w-]{22}$/),
        changeDigest: expect.stringMatching(/^[\w-]{22}$/),
        body: row({ outgoingMessageId: id }),
      },
    ]);
  });

  it.each([null, '', '  ', '\n', '\u00A0', undefined])(
    'has no reply when the incoming text is %j',
    (incomingMessage) => {
      expect(recordsOf(row({ incomingMessage }))).toHaveLength(1);
    },
  );

  it('A26: has the fields of the page and null for each that is missing', () => {
    expect(Object.keys(outgoingOf().body)).toEqual(messageResultFields);
    const [record] = recordsOf({ outgoingMessageId: 'a', somethingNew: 'x', nested: [{ personName: 'y' }], number: 7 });
    expect(record?.body).toEqual({
      ...Object.fromEntries(messageResultFields.map((name) => [name, null])),
      outgoingMessageId: 'a',
    });
    expect(messageResultFields).toHaveLength(26);
  });

  it('A27: keeps every text to the letter', () => {
    const texts = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(texts, texts, texts, (outgoingMessage, personId, id) => {
        const given = row({ outgoingMessage, personId, outgoingMessageId: `a${id}` });
        expect(recordsOf(given)[0]?.body).toEqual(given);
      }),
    );
  });

  it('A26: is not changed by fields that the page does not have', () => {
    const names = fc.string({ unit: 'binary' }).filter((name) => !messageResultFields.some((field) => field === name));
    fc.assert(
      fc.property(fc.dictionary(names, fc.jsonValue()), (others) => {
        expect(read({ ...others, ...row() })).toEqual(read(row()));
      }),
    );
  });

  it('F8: takes no field from a prototype', () => {
    const given: unknown = JSON.parse('{"__proto__": {"incomingMessage": "yes"}, "outgoingMessageId": "a"}');
    expect(recordsOf(given)).toHaveLength(1);
    expect(recordsOf(given)[0]?.body['incomingMessage']).toBeNull();
  });
});

describe('a row with a reply', () => {
  const id = '4b002f5643a227dc3c3bb533b3df7542';
  const incomingMessage = ' YES see you then ';
  const [outgoing, reply, ...others] = recordsOf(row({ outgoingMessageId: id, incomingMessage }));

  it('is two messages of one thread, each with its own text', () => {
    expect(others).toEqual([]);
    expect(outgoing).toMatchObject({
      key: keys.outgoing(id),
      direction: 'outgoing',
      related: [keys.reply(id, incomingMessage)],
    });
    expect(outgoing?.body).toMatchObject({
      incomingMessage: null,
      outgoingMessage: 'Your visit is on Friday at 9:00.',
    });
    expect(reply).toMatchObject({
      key: keys.reply(id, incomingMessage),
      direction: 'incoming',
      thread: keys.outgoing(id),
      related: [keys.outgoing(id)],
      occurredAt: Date.UTC(2026, 2, 5, 8, 32),
      stage: { final: true },
    });
    expect(reply?.body).toMatchObject({ incomingMessage, outgoingMessage: null });
  });

  it('leaves the outgoing message as it would be without it', () => {
    const [alone] = recordsOf(row({ outgoingMessageId: id }));
    expect({ ...outgoing, related: [] }).toEqual(alone);
  });

  it('has no change that comes from the outgoing message', () => {
    const changed = { delivered: 'false', messageStatus: 'MESSAGE_REJECTED', outgoingMessageSentTime: '09:00' };
    const [, again] = recordsOf(row({ outgoingMessageId: id, incomingMessage, ...changed }));
    expect(again).toMatchObject({ contentDigest: reply?.contentDigest, changeDigest: reply?.changeDigest });
  });
});

describe('the digests of an outgoing message', () => {
  const first = outgoingOf();

  it.each(['outgoingMessageSentDate', 'outgoingMessageSentTime', 'outgoingMessage', 'personId'])(
    'tell another %s as another content',
    (field) => {
      const values: Row = { outgoingMessageSentDate: '03/06/2026', outgoingMessageSentTime: '08:33' };
      const other = outgoingOf({ [field]: values[field] ?? 'another' });
      expect(other.contentDigest).not.toBe(first.contentDigest);
      expect(other.changeDigest).toBe(first.changeDigest);
    },
  );

  it.each(['delivered', 'messageStatus'])('tell another %s as a change', (field) => {
    const other = outgoingOf({ [field]: 'another' });
    expect(other.contentDigest).toBe(first.contentDigest);
    expect(other.changeDigest).not.toBe(first.changeDigest);
  });

  it.each(['personName', 'carrier', 'personMisc1', 'caregiverPhone', 'campaignName', 'leadMessageSent'])(
    'are the same whatever the %s is: it travels with the next change',
    (field) => {
      const other = outgoingOf({ [field]: 'another' });
      expect(other).toMatchObject({ contentDigest: first.contentDigest, changeDigest: first.changeDigest });
    },
  );

  it('are the same for nothing, however it is written', () => {
    const none = outgoingOf({ messageStatus: null });
    expect(outgoingOf({ messageStatus: '' }).changeDigest).toBe(none.changeDigest);
    expect(outgoingOf({ messageStatus: '  ' }).changeDigest).toBe(none.changeDigest);
    expect(outgoingOf({ outgoingMessage: ' a ' }).contentDigest).toBe(
      outgoingOf({ outgoingMessage: 'a' }).contentDigest,
    );
  });

  it('do not run fields into each other', () => {
    const one = outgoingOf({ outgoingMessage: 'ab', personId: 'c' });
    expect(outgoingOf({ outgoingMessage: 'a', personId: 'bc' }).contentDigest).not.toBe(one.contentDigest);
  });
});

describe('a row that cannot be read', () => {
  it.each([
    ['null', null],
    ['a text', 'row'],
    ['a number', 12],
    ['a list', [{ outgoingMessageId: 'a' }]],
    ['true', true],
  ])('is kept by itself: it is %s', (_what, given) => {
    expect(unreadableOf(given)).toMatchObject({ problem: { code: 'unreadable-row' }, body: JSON.stringify(given) });
    expect(unreadableOf(given).problem).not.toHaveProperty('where');
  });

  it.each(messageResultFields)('names the field when %s is no text', (where) => {
    for (const value of [12, 0, true, false, ['a'], [], {}, { a: null }]) {
      const problem = unreadableOf(row({ [where]: value })).problem;
      expect(problem).toEqual({ code: 'unreadable-row', where });
    }
  });

  it.each([null, '', ' ', undefined])('has no id when that is %j', (outgoingMessageId) => {
    expect(unreadableOf(row({ outgoingMessageId })).problem).toEqual({
      code: 'missing-id',
      where: 'outgoingMessageId',
    });
  });

  it('F9: names the date or the time that is none', () => {
    const where = (changed: Row) => unreadableOf(row(changed)).problem.where;
    expect(where({ outgoingMessageSentDate: '02/30/2026' })).toBe('outgoingMessageSentDate');
    expect(where({ outgoingMessageSentTime: '24:00' })).toBe('outgoingMessageSentTime');
  });

  it('has the same key at every read, wherever it stands and in whatever order its fields come', () => {
    const given = row({ outgoingMessageSentTime: '9:5' });
    const reversed = Object.fromEntries(Object.entries(given).toReversed());
    expect(unreadableOf(reversed, 7)).toEqual({ ...unreadableOf(given), position: 7 });
    expect(unreadableOf(given).key).not.toBe(unreadableOf({ ...given, personName: 'Bob Example' }).key);
    const elsewhere = readMessageResult(given, 0, { ...context, source: 'other-clinic' });
    expect(elsewhere).not.toMatchObject({ unreadable: { key: unreadableOf(given).key } });
  });

  it('A27: keeps the digits of a number, so that two ids that differ in the last one stay two', () => {
    const given = (id: string): UnreadableRecord => unreadableOf(parseLossless(`{"outgoingMessageId": ${id}}`));
    expect(given('9007199254740993').body).toBe('{"outgoingMessageId":9007199254740993}');
    expect(given('9007199254740993').key).not.toBe(given('9007199254740992').key);
    expect(given('1.50e400').body).toBe('{"outgoingMessageId":1.50e400}');
    expect(given('12').body).toBe('{"outgoingMessageId":12}');
  });

  it('A27: is told for a number in the place of a text, whose digits are all kept; as a text it is a message', () => {
    const digits = fc.bigInt({ min: 1n, max: 10n ** 40n }).map(String);
    fc.assert(
      fc.property(digits, fc.constantFrom('outgoingMessageId', 'personId', 'campaignId'), (number, where) => {
        const given = (value: string): unknown =>
          parseLossless(JSON.stringify(row({ [where]: 'in its place' })).replace('"in its place"', value));
        const { problem, body } = unreadableOf(given(number));
        expect(problem).toEqual({ code: 'unreadable-row', where });
        expect(body).toContain(`"${where}":${number}`);
        expect(recordsOf(given(`"${number}"`))[0]?.body[where]).toBe(number);
      }),
    );
  });

  it('holds nothing of the row in its problem', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...messageResultFields), fc.jsonValue()), (given) => {
        const reading = read(given);
        if (reading.kind === 'records') return;
        const { code, where, ...others } = reading.unreadable.problem;
        expect(['missing-id', 'unreadable-row']).toContain(code);
        expect([undefined, ...messageResultFields]).toContain(where);
        expect(others).toEqual({});
      }),
    );
  });
});
