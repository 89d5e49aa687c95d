import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../src/exchange/record.ts';
import { dayMs, minuteMs, type Instant, type TimeWindow } from '../../src/exchange/window.ts';
import type { Claim, Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { readVendorAnswer } from '../../src/sources/dialog-health/dialog-health-source.ts';
import type { Source } from '../../src/sources/source.ts';
import { gatherMessages } from '../../src/sync/gathering.ts';
import { takeIn } from '../../src/sync/intake.ts';
import type { PlanLimits } from '../../src/sync/tiers.ts';
import { communicationOf, loaded } from '../mapping/dialog-health.ts';
import { row, type Row } from '../sources/dialog-health/invented-rows.ts';
import { keys, keptAudit } from '../support/scripted.ts';

/** Odd rows of the vendor on their whole way: rows as JSON, read by the source, marked by intake, kept in the ledger. */

const first = Date.UTC(2026, 2, 5, 12);
const limits: PlanLimits = {
  startAt: first,
  settleDelayMs: 0,
  latenessMs: 7 * dayMs,
  longestWindowMs: 7 * dayMs,
  requestsPerHour: 240,
};
const ranks: Readonly<Record<string, number>> = { QUEUED: 0, SENT: 1, INVALID_PHONE: 2, DELIVERED: 3, READ: 3 };

let folder: string;
let ledger: Ledger;
let clock: Instant;
let cases = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'odd-rows-'));
  clock = first + 3 * dayMs;
  ledger = await openLedger({ url: `sqlite:${join(folder, 'ledger.db')}`, access: 'owner', now: () => clock });
});

afterAll(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A vendor of its own for each case, so that all of them share one ledger. */
interface Vendor {
  readonly name: string;
  /** No other case has it. */
  readonly id: string;
  /** Answers with these rows until told otherwise. */
  rows: readonly Row[];
  readonly source: Source;
}

function newVendor(): Vendor {
  cases += 1;
  const name = `clinic-${cases}`;
  const stageOf = ({ messageStatus }: Row) => {
    const rank = ranks[String(messageStatus)] ?? 0;
    return { rank, final: rank > 1 };
  };
  const context = { source: name, console: name, keys, keySecret: 'a secret of the tests', stageOf };
  async function* answer(rows: readonly Row[]): AsyncGenerator<Uint8Array> {
    yield Buffer.from(JSON.stringify({ requestId: 'r', response: rows }));
  }
  const vendor: Vendor = {
    name,
    id: `message of case ${cases}`,
    rows: [],
    source: {
      name,
      longestWindowMs: limits.longestWindowMs,
      async read(window, take) {
        const outcome = await readVendorAnswer(answer(vendor.rows), Infinity, { ...context, window }, take);
        return outcome.kind === 'complete'
          ? outcome
          : { kind: 'failed', problem: { code: outcome.code }, rows: outcome.rows };
      },
    },
  };
  return vendor;
}

const day: TimeWindow = { from: Date.UTC(2026, 2, 5), to: Date.UTC(2026, 2, 6) };

async function read({ source }: Vendor, range = day) {
  const parts = { ledger, audit: keptAudit().audit, now: () => clock, recorded: () => {}, reached: () => {} };
  const request = { runId: 'run', source, limits, range, signal: new AbortController().signal };
  const { report } = await takeIn(parts, request);
  return report;
}

/** What the EHR would be sent, and has from now on. */
async function deliver(): Promise<readonly Claim[]> {
  const claims = await ledger.messages.claim({ limit: 1_000, now: clock, leaseMs: minuteMs });
  const settled = claims.map(
    ({ record: { key }, token }) => ({ state: 'delivered', key, token, reference: 'Communication/1' }) as const,
  );
  await ledger.messages.settle(settled, clock);
  return claims;
}

const keysIn = async ({ name }: Vendor): Promise<ReadonlySet<string>> =>
  new Set((await ledger.messages.list({ source: name }, { limit: 1_000 })).items.map(({ key }) => key));

describe('A23: the same record several times in one answer', () => {
  const anyRow = fc.record({
    messageStatus: fc.constantFrom(...Object.keys(ranks)),
    incomingMessage: fc.constantFrom(null, null, 'YES', 'NO'),
    outgoingMessage: fc.constantFrom('one text', 'one text', 'one text', 'another text'),
    personName: fc.constantFrom('Ada Example', 'Bob Example'),
  });
  const anyRows = fc.array(anyRow, { minLength: 2, maxLength: 6 });

  it('with different content is written once, however often that answer comes again', async () => {
    await fc.assert(
      fc.asyncProperty(anyRows, fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 4 }), async (rows, pauses) => {
        const vendor = newVendor();
        vendor.rows = rows.map((each) => row({ ...each, outgoingMessageId: vendor.id }));
        await read(vendor);
        const known = await keysIn(vendor);
        expect((await deliver()).map(({ record: { key } }) => key)).toContain(keys.outgoing(vendor.id));
        for (const minutes of pauses) {
          clock += minutes * minuteMs;
          expect(await read(vendor)).toMatchObject({ new: 0, changed: 0 });
          expect(await deliver()).toEqual([]);
        }
        expect(await keysIn(vendor)).toEqual(known);
      }),
      { numRuns: 40 },
    );
  });

  it('has one last word: the first row of those that know most', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          anyRow.map(({ messageStatus }) => messageStatus),
          { minLength: 2, maxLength: 6 },
        ),
        async (statuses) => {
          const vendor = newVendor();
          vendor.rows = statuses.map((messageStatus) => row({ messageStatus, outgoingMessageId: vendor.id }));
          await read(vendor);
          const [claim, ...others] = await deliver();
          const most = Math.max(...statuses.map((status) => ranks[status] ?? 0));
          expect(claim?.record.body['messageStatus']).toBe(statuses.find((status) => ranks[status] === most));
          expect(others).toEqual([]);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('A23: translate and preview', () => {
  const anyRow = fc.record({
    id: fc.constantFrom(' a', ' b'),
    messageStatus: fc.constantFrom(...Object.keys(ranks)),
    incomingMessage: fc.constantFrom(null, 'YES', 'NO'),
    outgoingMessage: fc.constantFrom('one text', 'one text', 'another text'),
  });

  it('show what the service sends of an answer, whatever it holds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { minLength: 1, maxLength: 8 }), async (rows) => {
        const vendor = newVendor();
        vendor.rows = rows.map(({ id, ...fields }) => row({ ...fields, outgoingMessageId: `${vendor.id}${id}` }));
        const gathering = gatherMessages();
        await vendor.source.read(
          day,
          (readings) => Promise.resolve(gathering.take(readings)),
          new AbortController().signal,
        );
        await read(vendor);
        const sent = (await deliver()).map(({ record }) => record);
        const byKey = (records: readonly SourceRecord[]) =>
          new Map(records.map(({ key, body, related }) => [key, { body, related }]));
        expect(byKey(gathering.messages())).toEqual(byKey(sent));
      }),
      { numRuns: 60 },
    );
  });
});

describe('A24: an id that the vendor uses for another message', () => {
  const anyChange = fc.constantFrom<Row>(
    { outgoingMessage: 'Another text.' },
    { personId: 'p-2' },
    { outgoingMessageSentTime: '08:33' },
    { outgoingMessageSentDate: '03/04/2026' },
  );

  it('overwrites nothing: the first stays, the other is set apart once, in whichever answer it comes', async () => {
    await fc.assert(
      fc.asyncProperty(anyChange, fc.boolean(), fc.constantFrom('SENT', 'DELIVERED'), async (change, later, status) => {
        const vendor = newVendor();
        const original = row({ outgoingMessageId: vendor.id, messageStatus: 'SENT' });
        const other = { ...original, ...change, messageStatus: status };
        vendor.rows = later ? [original] : [original, other];
        await read(vendor);
        const sent = await deliver();
        vendor.rows = [other];
        clock += 20 * minuteMs;
        const report = await read(vendor);
        expect(report).toMatchObject({ new: 0, changed: 0, unreadable: 1 });
        expect(await deliver()).toEqual([]);
        expect(sent.map(({ record: { body } }) => body)).toEqual([original]);
        const apart = await ledger.messages.list({ source: vendor.name, code: 'content-conflict' }, { limit: 9 });
        expect(apart.items).toMatchObject([{ state: 'rejected', direction: null }]);
      }),
      { numRuns: 30 },
    );
  });

  it('and another id for the same message are two messages: nothing tells that they are one', async () => {
    const vendor = newVendor();
    vendor.rows = ['', ' again'].map((more) => row({ outgoingMessageId: `${vendor.id}${more}` }));
    expect(await read(vendor)).toMatchObject({ new: 2 });
    expect(await deliver()).toHaveLength(2);
  });
});

describe('F7: the same text to the same person twice in one minute', () => {
  it.each([
    ['with ids', [' one', ' two']],
    ['without ids', [null, null]],
  ])('is two Communications, %s', async (_, ids) => {
    const vendor = newVendor();
    vendor.rows = ids.map((id) => row({ outgoingMessageId: id === null ? null : `${vendor.id}${id}` }));
    expect(await read(vendor)).toMatchObject({ new: 2 });
    const { map } = loaded();
    const made = (await deliver()).map(({ record }) => communicationOf(map(record)));
    expect(new Set(made.map(({ id }) => id)).size).toBe(2);
    expect(new Set(made.map(({ identifier }) => JSON.stringify(identifier))).size).toBe(2);
    expect(new Set(made.map(({ payload }) => JSON.stringify(payload))).size).toBe(1);
  });
});

describe('A25: rows without an id', () => {
  const anyRow = fc.record({
    minute: fc.nat(5),
    outgoingMessage: fc.constantFrom('a', 'b'),
    incomingMessage: fc.constantFrom(null, null, 'YES'),
  });
  const anyRows = fc.array(anyRow, { maxLength: 12 });
  const shuffled = anyRows.chain((rows) =>
    fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length })),
  );
  type AnyRow = typeof anyRow extends fc.Arbitrary<infer T> ? T : never;
  const rowOf = ({ minute, ...fields }: AnyRow): Row =>
    row({ outgoingMessageId: null, outgoingMessageSentTime: `12:0${minute}`, ...fields });

  it('give the same ledger whether a range is read at once or in parts, and a second reading adds nothing', async () => {
    await fc.assert(
      fc.asyncProperty(shuffled, fc.integer({ min: 1, max: 5 }), fc.nat(2), async ([rows, again], cut, overlap) => {
        const vendor = newVendor();
        // Minute by minute the vendor tells all that it has; what a window does not ask for it leaves out.
        const answered = ({ from, to }: TimeWindow) => {
          vendor.rows = again
            .filter(({ minute }) => first + minute * minuteMs >= from && first + minute * minuteMs <= to)
            .map(rowOf);
        };
        const middle = first + cut * minuteMs;
        for (const part of [
          { from: first, to: middle },
          { from: middle - overlap * minuteMs, to: first + 6 * minuteMs },
        ]) {
          answered({ from: part.from - minuteMs, to: part.to + minuteMs });
          await read(vendor, part);
        }
        const replies = rows.filter(({ incomingMessage }) => incomingMessage !== null).length;
        expect((await keysIn(vendor)).size).toBe(rows.length + replies);
        await deliver();
        vendor.rows = rows.map(rowOf);
        expect(await read(vendor)).toMatchObject({ new: 0, changed: 0, unreadable: 0, vanished: 0 });
        expect(await deliver()).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});
