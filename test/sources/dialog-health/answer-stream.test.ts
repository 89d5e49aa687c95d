import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAnswer, type AnswerOutcome } from '../../../src/sources/dialog-health/answer-stream.ts';

interface Read {
  readonly outcome: AnswerOutcome;
  readonly rows: readonly unknown[];
  readonly batches: readonly number[];
  readonly positions: readonly number[];
}

/** Reads an answer that arrives in these pieces. */
async function read(pieces: Iterable<Uint8Array | string>, options: { batchRows?: number; maxBytes?: number } = {}) {
  const taken: { rows: unknown[]; batches: number[]; positions: number[] } = { rows: [], batches: [], positions: [] };
  async function* arriving(): AsyncGenerator<Uint8Array> {
    for (const piece of pieces) yield typeof piece === 'string' ? Buffer.from(piece) : piece;
  }
  const outcome = await readAnswer(arriving(), {
    maxBytes: options.maxBytes ?? Infinity,
    batchRows: options.batchRows ?? 500,
    take: (rows, position) => {
      taken.rows.push(...rows);
      taken.batches.push(rows.length);
      taken.positions.push(position);
      return Promise.resolve();
    },
  });
  return { outcome, ...taken } satisfies Read;
}

/** The outcome for an answer that comes at once, and the same when each byte comes alone. */
async function wordOf(answer: string | Uint8Array): Promise<string> {
  const bytes = Buffer.from(answer);
  const whole = await read([bytes]);
  const dripped = await read(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)));
  expect(dripped.outcome).toEqual({ ...whole.outcome, rows: dripped.outcome.rows });
  return whole.outcome.kind === 'complete' ? `complete ${whole.outcome.rows}` : whole.outcome.code;
}

const incomplete = 'source-incomplete-answer';
const unexpected = 'source-unexpected-answer';

describe('an answer', () => {
  it.each([
    ['as on the page', '{"requestId": "r", "response": [{"a": "1"}, {"a": "2"}]}', 2],
    ['as a bare list', '[{"a": "1"}, {"a": "2"}, {"a": "3"}]', 3],
    ['with nothing to tell', '{"requestId": "r", "response": []}', 0],
    ['as a bare list with nothing to tell', ' [ ] ', 0],
    ['with the list before the id', '{"response": [{}], "requestId": "r"}', 1],
    [
      'with fields the page does not have',
      '{"x": {"response": [1, {"y": []}]}, "response": [{}], "z": [[1], null, -0.5e3]}',
      1,
    ],
    ['with errors of which there are none', '{"error": null, "errors": [], "errorCode": 0, "response": [{}]}', 1],
    ['with a key that is escaped', '{"\\u0072esponse": [{}]}', 1],
    ['with a key that ends in a backslash', '{"\\\\": 1, "\\"response": 2, "response": [{}]}', 1],
    ['with white space everywhere', '\r\n\t{ "response" :\n[ { } ,\t{ } ] } \r\n', 2],
    ['after a byte order mark', '\uFEFF{"response": [{}]}', 1],
    ['with brackets in texts', '[{"a": "]}[{\\"\\\\"}]', 1],
    ['with rows that are no objects', '[null, true, "a,]", 12, [1, [2]], {}]', 6],
  ])('%s is complete', async (_what, answer, rows) => {
    expect(await wordOf(answer)).toBe(`complete ${rows}`);
  });

  it.each([
    ['nothing', '', incomplete],
    ['white space', ' \n', incomplete],
    ['a byte order mark alone', '\uFEFF', incomplete],
    ['a list that is cut between rows', '[{"a": "1"},', incomplete],
    ['a list that is cut in a row', '[{"a": "1"}, {"b"', incomplete],
    ['a list that is cut in a string', '[{"a": "1', incomplete],
    ['a list that is cut after a backslash', '[{"a": "1\\', incomplete],
    ['an object that is cut after its list', '{"response": [{}]', incomplete],
    ['an object that is cut after a comma', '{"response": [{}],', incomplete],
    ['an object that is cut before its list', '{"requestId": "r", "response":', incomplete],
    ['a list with something after it', '[{}] x', incomplete],
    ['an object with something after it', '{"response": [{}]}}', incomplete],
    ['two documents', '{"response": [{}]}{"response": [{}]}', incomplete],
    ['two lists', '[{}]\n[{}]', incomplete],
    ['rows without a comma', '[{} {}]', incomplete],
    ['rows with two commas', '[{},,{}]', incomplete],
    ['a comma before the rows', '[,{}]', incomplete],
    ['a comma after the rows', '[{},]', incomplete],
    ['brackets that do not match', '[{"a": [}]]', incomplete],
    ['a list that is closed as an object', '{"response": [{}}}', incomplete],
    ['an object that is closed as a list', '{"response": [{}]]', incomplete],
    ['an object without colons', '{"response" [{}]}', incomplete],
    ['a row that is no JSON', "[{'a': 1}]", incomplete],
    ['a word that JSON does not have', '[NaN]', incomplete],
    ['a number that JSON does not have', '[01]', incomplete],
    ['a line break within a text', '[{"a": "1\n2"}]', incomplete],
    ['a byte order mark in the middle', '[{}]\uFEFF', incomplete],
    ['a byte order mark after white space', ' \uFEFF[{}]', incomplete],
    ['letters of another encoding', Buffer.from('[{"a": "caf\u00E9"}]', 'latin1'), incomplete],
    ['keys of another encoding', Buffer.from('{"caf\u00E9": 1, "response": []}', 'latin1'), incomplete],
    ['a text in UTF-16', Buffer.from('[{}]', 'utf16le'), incomplete],
    ['a page of HTML', '<!DOCTYPE html><html><body>Please log in</body></html>', unexpected],
    ['a word', 'OK', unexpected],
    ['null', 'null', unexpected],
    ['a text', '"[]"', unexpected],
    ['an error object', '{"message": "Something went wrong"}', unexpected],
    ['an empty object', '{}', unexpected],
    ['no list', '{"requestId": "r", "response": null}', unexpected],
    ['an object for a list', '{"response": {"message": "nobody"}}', unexpected],
    ['a text for a list', '{"response": "[]"}', unexpected],
    ['two lists of rows', '{"response": [], "response": [{}]}', unexpected],
    ['a list and null', '{"response": [{}], "response": null}', unexpected],
    ['null and a list', '{"response": null, "response": [{}]}', unexpected],
    ['an empty list beside an error', '{"response": [], "error": "timeout"}', unexpected],
    ['a list beside a list of errors', '{"response": [{}], "Errors": [{"code": 7}]}', unexpected],
    ['an empty list beside the message of an error', '{"errorMessage": "try again", "response": []}', unexpected],
    ['a list deeper down', '{"data": {"response": [{}]}}', unexpected],
    ['a row nested too deeply', `[${'['.repeat(40)}${']'.repeat(40)}]`, unexpected],
    ['nesting too deep around the list', `{"x": ${'['.repeat(40)}${']'.repeat(40)}, "response": []}`, unexpected],
  ])('that is %s is a failure, never "no rows"', async (_what, answer, code) => {
    expect(await wordOf(answer)).toBe(code);
  });

  it('gives no rows from what is no list of rows', async () => {
    expect(await read(['{"response": {"message": "nobody"}}'])).toMatchObject({ rows: [] });
    expect(await read(['{"message": ["nobody"], "other": [{}]}'])).toMatchObject({ rows: [] });
  });

  it('F8: keeps keys that have a meaning in JavaScript as keys', async () => {
    const { rows } = await read(['[{"__proto__": {"polluted": "yes"}, "constructor": "c", "a": "1"}]']);
    expect(JSON.stringify(rows)).toBe('[{"__proto__":{"polluted":"yes"},"constructor":"c","a":"1"}]');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('keeps every letter, wherever it was cut on its way: the key of a reply is made of its text', async () => {
    const text = '\uFEFFstart \u00E9\uFEFFx \u{1F600}\u2028 end\uFEFF';
    const answer = Buffer.from(JSON.stringify([{ text }]).replace('end', '\\ufeff\\ud83d\\ude00\\ud800 end'));
    const expected: unknown = JSON.parse(answer.toString('utf8'));
    for (let cut = 0; cut <= answer.length; cut += 1) {
      expect((await read([answer.subarray(0, cut), answer.subarray(cut)])).rows).toEqual(expected);
    }
  });

  it('hands rows over in batches, each with its place in the answer', async () => {
    const answer = JSON.stringify(Array.from({ length: 12 }, (_, index) => index));
    expect(await read([answer], { batchRows: 5 })).toMatchObject({ batches: [5, 5, 2], positions: [0, 5, 10] });
    expect(await read([answer.slice(0, 8), answer.slice(8)], { batchRows: 3 })).toMatchObject({
      batches: [3, 3, 3, 3],
      rows: JSON.parse(answer),
    });
  });

  it('tells its size, and is not read on beyond the limit', async () => {
    const answer = '[{"a": "1"}, {"a": "2"}]';
    const { length } = answer;
    expect((await read([answer], { maxBytes: length })).outcome).toEqual({ kind: 'complete', rows: 2, bytes: length });
    expect((await read([answer], { maxBytes: length - 1 })).outcome).toMatchObject({ code: 'source-too-large' });
    let pulled = 0;
    function* endless(): Generator<string> {
      yield '[';
      for (; ; pulled += 1) yield '{},';
    }
    expect((await read(endless(), { maxBytes: 3000 })).outcome).toMatchObject({ code: 'source-too-large' });
    expect(pulled).toBeLessThan(1000);
  });

  it.each([
    ['one row', '[{"a": "', 'a'.repeat(65_536)],
    ['one key', '{"', 'a'.repeat(65_536)],
    ['what stands around the list', '{"x": [', '"aaaaaaaa",'.repeat(6_000)],
    ['white space before it', ' ', ' '.repeat(65_536)],
  ])('F8: is given up when %s takes more room than any message result', async (_what, start, more) => {
    let pulled = 0;
    function* endless(): Generator<string> {
      yield start;
      for (; ; pulled += 1) yield more;
    }
    expect((await read(endless())).outcome).toMatchObject({ code: unexpected });
    expect(pulled).toBeLessThan(100);
  });

  it('hands over no more than a batch at once, however long it is', async () => {
    const line = Buffer.from(`${JSON.stringify({ text: 'a'.repeat(700) })},`.repeat(90));
    const megabytes = 60;
    async function* long(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('[');
      for (let sent = 0; sent < megabytes * 1e6; sent += line.length) yield line;
      yield Buffer.from('{}]');
    }
    let rows = 0;
    const take = (batch: readonly unknown[]) => {
      expect(batch.length).toBeLessThanOrEqual(500);
      rows += batch.length;
      return Promise.resolve();
    };
    const outcome = await readAnswer(long(), { maxBytes: Infinity, batchRows: 500, take });
    expect(outcome).toMatchObject({ kind: 'complete', rows });
    expect(rows).toBeGreaterThan(80_000);
  });

  it('waits for the rows to be taken before it reads on', async () => {
    const taking: string[] = [];
    async function* arriving(): AsyncGenerator<Uint8Array> {
      for (const piece of ['[1,', '2,', '3]']) {
        taking.push(`sent ${piece}`);
        yield Buffer.from(piece);
      }
    }
    await readAnswer(arriving(), {
      maxBytes: 100,
      batchRows: 1,
      take: async (rows) => {
        await new Promise((resolve) => setTimeout(resolve, 2));
        taking.push(`took ${rows.join()}`);
      },
    });
    expect(taking).toEqual(['sent [1,', 'took 1', 'sent 2,', 'took 2', 'sent 3]', 'took 3']);
  });

  it('passes on what the taker throws', async () => {
    const take = () => Promise.reject(new Error('the ledger is full'));
    await expect(readAnswer(once('[1]'), { maxBytes: 9, batchRows: 1, take })).rejects.toThrow('the ledger is full');
  });

  it('gives the rows of one JSON.parse, whatever they hold and however they are cut', async () => {
    const rows = fc.array(fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }), { maxLength: 12 });
    const cuts = fc.array(fc.nat({ max: 3000 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        rows,
        cuts,
        fc.boolean(),
        fc.constantFrom(undefined, 1, '\t'),
        async (all, at, isBare, space) => {
          const answer = Buffer.from(JSON.stringify(isBare ? all : { requestId: 'r', response: all }, null, space));
          const sorted = [0, ...at.map((each) => each % (answer.length + 1)).toSorted((a, b) => a - b), answer.length];
          const pieces = sorted.map((start, index) => answer.subarray(start, sorted[index + 1] ?? start));
          const { outcome, rows: got } = await read(pieces, { batchRows: 3 });
          expect(outcome).toEqual({ kind: 'complete', rows: all.length, bytes: answer.length });
          expect(got).toEqual(JSON.parse(JSON.stringify(all)));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is complete when it is whole and at no place before', async () => {
    const answer = Buffer.from(
      '{"requestId": "r", "response": [{"a": "\\"]}"}, null, [1, {"b": 2}], "x"], "more": {"c": []}}',
    );
    for (let end = 0; end < answer.length; end += 1) {
      expect((await read([answer.subarray(0, end)])).outcome).toMatchObject({ kind: 'failed', code: incomplete });
    }
    expect((await read([answer])).outcome).toMatchObject({ kind: 'complete', rows: 4 });
  });

  it('is refused or taken as JSON.parse does, whatever byte of it is exchanged', async () => {
    const answer = '{"requestId": "r", "response": [{"a": "1", "b": null}, {"c": [2, true]}], "x": {}}';
    const letters = fc.constantFrom(...Array.from('{}[]",:\\ 01ntfe-.x'));
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: answer.length - 1 }), letters, async (at, letter) => {
        const changed = `${answer.slice(0, at)}${letter}${answer.slice(at + 1)}`;
        const { outcome, rows } = await read([changed]);
        const expected = responseOf(changed);
        if (outcome.kind === 'complete') expect(rows).toEqual(expected);
        else expect(expected).toBeUndefined();
      }),
      { numRuns: 2000 },
    );
  });
});

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

/** What a parser of the whole would take for the rows. */
function responseOf(text: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    const rows: unknown = Array.isArray(parsed) ? parsed : Object(parsed).response;
    return Array.isArray(rows) ? rows : undefined;
  } catch {
    return undefined;
  }
}
