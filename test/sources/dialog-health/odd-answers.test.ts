import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { problemCodes } from '../../../src/exchange/problem.ts';
import type { Reading } from '../../../src/exchange/record.ts';
import type { AnswerOutcome } from '../../../src/sources/dialog-health/answer-stream.ts';
import { readVendorAnswer } from '../../../src/sources/dialog-health/dialog-health-source.ts';
import { messageResultFields } from '../../../src/sources/dialog-health/message-result.ts';
import { keys } from './asked-source.ts';
import { numbered, row, type Row } from './invented-rows.ts';

interface Read {
  readonly outcome: AnswerOutcome;
  readonly readings: readonly Reading[];
}

/** Reads an answer of this text, in pieces of so many bytes. */
async function readText(text: string, pieceBytes = 65_536): Promise<Read> {
  const bytes = Buffer.from(text);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  const readings: Reading[] = [];
  const context = {
    source: 'main-clinic',
    console: 'SIDJUL8079',
    keys,
    keySecret: 'a secret of the tests',
    stageOf: () => ({ rank: 1, final: false }),
  };
  const outcome = await readVendorAnswer(pieces(), 1e9, context, (batch) => {
    readings.push(...batch);
    return Promise.resolve();
  });
  return { outcome, readings };
}

const readRows = (rows: readonly unknown[]): Promise<Read> =>
  readText(JSON.stringify({ requestId: 'r', response: rows }));

const kindsOf = ({ readings }: Read): readonly string[] =>
  readings.map((reading) =>
    reading.kind === 'records' ? `${reading.records.length}` : reading.unreadable.problem.code,
  );

describe('A26: a vendor that changes its rows', () => {
  it('sets apart what lacks its id, its date or its text by what is left of it, and reads the neighbours', async () => {
    const { outgoingMessageId, ...renamed } = row();
    const { outgoingMessageSentDate, ...undated } = row();
    const rows = [
      numbered(1),
      { ...renamed, messageId: outgoingMessageId },
      { ...undated, outgoingMessageId: null, sentDate: outgoingMessageSentDate },
      row({ delivered: true }),
      numbered(2),
    ];
    // The second is known by its content: there is a secret.
    expect(kindsOf(await readRows(rows))).toEqual(['1', '1', 'missing-id', 'unreadable-row', '1']);
  });

  it('gives a message, or says why not, for each row, whichever fields are new, renamed, gone or of another type', async () => {
    const names = fc.constantFrom(...messageResultFields);
    const change = fc.oneof(
      names.map(
        (name) =>
          (given: Row): Row =>
            Object.fromEntries(Object.entries(given).filter(([key]) => key !== name)),
      ),
      fc.tuple(names, fc.string()).map(([name, other]) => (given: Row): Row => {
        const { [name]: value, ...others } = given;
        return { ...others, [other]: value };
      }),
      fc.tuple(fc.string(), fc.jsonValue()).map(([name, value]) => (given: Row): Row => ({ ...given, [name]: value })),
      fc.tuple(names, fc.jsonValue()).map(([name, value]) => (given: Row): Row => ({ ...given, [name]: value })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 8 }), async (changes) => {
        const rows = changes.map((all, index) => all.reduce<Row>((given, each) => each(given), numbered(index)));
        const read = await readRows(rows);
        expect(read.outcome).toMatchObject({ kind: 'complete', rows: rows.length });
        expect(read.readings).toHaveLength(rows.length);
        for (const kind of kindsOf(read)) expect(['1', '2', 'missing-id', 'unreadable-row']).toContain(kind);
      }),
      { numRuns: 300 },
    );
  });
});

describe('F8: deep and huge JSON, and keys that mean something in JavaScript', () => {
  const oddKeys = fc.constantFrom(
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'response',
    '',
  );
  const { value: anyJson } = fc.letrec<{ value: unknown; leaf: unknown }>((tie) => ({
    leaf: fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.bigInt().map(Number),
    ),
    value: fc.oneof(
      { maxDepth: 24, depthSize: 'max' },
      tie('leaf'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc
        .array(fc.tuple(fc.oneof(oddKeys, fc.constantFrom(...messageResultFields), fc.string()), tie('value')), {
          maxLength: 4,
        })
        .map((members) => Object.fromEntries(members)),
    ),
  }));

  it('end in rows or a failure with a name: nothing throws, nothing of another object changes', async () => {
    const own = Object.getOwnPropertyNames(Object.prototype);
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyJson, { maxLength: 6 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 64 }),
        async (rows, bare, piece) => {
          const { outcome, readings } = await readText(JSON.stringify(bare ? rows : { response: rows }), piece);
          if (outcome.kind === 'failed') expect(problemCodes).toContain(outcome.code);
          else expect(readings).toHaveLength(rows.length);
          expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(own);
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([
    ['lists', '[', ']'],
    ['objects', '{"a":', '}'],
    ['objects called __proto__', '{"__proto__":', '}'],
  ])('a million nested %s are no message, and cost neither memory nor the stack', async (_what, open, close) => {
    const deep = 1_000_000;
    for (const text of [
      `[${open.repeat(deep)}1${close.repeat(deep)}]`,
      `{"x": ${open.repeat(deep)}1${close.repeat(deep)}, "response": []}`,
    ]) {
      expect((await readText(text)).outcome).toMatchObject({ kind: 'failed', code: 'source-unexpected-answer' });
    }
  });

  it('a row with a __proto__ of its own is read as if it were not there', async () => {
    const given = JSON.stringify(row()).replace('{', '{"__proto__": {"outgoingMessageId": "other"}, ');
    const { readings } = await readText(`[${given}]`);
    expect(readings).toEqual((await readRows([row()])).readings);
  });
});

describe('F9: dates in several forms in one answer', () => {
  const right = '03/05/2026';

  it('are set apart row by row, each with its field, and the others are read', async () => {
    const dates = [right, '2026-03-05', '5/3/2026', right, '03/05/2026 08:32', '31/12/2026', right];
    const rows = dates.map((outgoingMessageSentDate, index) => ({ ...numbered(index), outgoingMessageSentDate }));
    const read = await readRows(rows);
    expect(kindsOf(read)).toEqual(dates.map((date) => (date === right ? '1' : 'unreadable-row')));
    expect(read.outcome).toMatchObject({ kind: 'complete', rows: rows.length });
    for (const reading of read.readings) {
      if (reading.kind === 'unreadable') expect(reading.unreadable.problem.where).toBe('outgoingMessageSentDate');
    }
  });

  it('are never taken for another moment than the one they are in the form of the page', async () => {
    const texts = fc.oneof(
      fc.string(),
      fc
        .tuple(fc.nat(40), fc.nat(40), fc.nat(3000), fc.constantFrom('/', '-', '.'))
        .map(([a, b, c, by]) => [a, b, c].join(by)),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10)),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (outgoingMessageSentDate) => {
        const { readings } = await readRows([row({ outgoingMessageSentDate })]);
        const [reading] = readings;
        if (reading?.kind !== 'records') return;
        const [, month, day, year] = /^(\d{2})\/(\d{2})\/(\d{4})$/.exec(outgoingMessageSentDate.trim()) ?? [];
        const expected = outgoingMessageSentDate.trim() === '' ? null : Date.parse(`${year}-${month}-${day}T08:32:00Z`);
        expect(reading.records[0]?.occurredAt).toBe(expected);
      }),
      { numRuns: 300 },
    );
  });
});
