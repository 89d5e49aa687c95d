import { describe, expect, it } from 'vitest';
import type { Delivery, Held } from '../../../src/exchange/delivery.ts';
import type { RecordKey } from '../../../src/exchange/record-key.ts';
import type { Reading, SourceRecord } from '../../../src/exchange/record.ts';
import { dayMs, hourMs } from '../../../src/exchange/window.ts';
import type { CoverageState, StoredMessage } from '../../../src/ledger/ledger.ts';
import type { Mapping } from '../../../src/mapping/mapping.ts';
import { reconcileSource, type ReconcileProgress } from '../../../src/sync/reconcile/reconcile-source.ts';
import {
  answer,
  keys,
  message,
  plainMapping,
  reading,
  scriptedSource,
  type ScriptedSource,
} from '../../support/scripted.ts';

const midnight = Date.UTC(2026, 2, 5);
const today = midnight + 2 * dayMs;
const day = { from: midnight, to: midnight + dayMs };
const signal = new AbortController().signal;

const sent = (id: string, at: number | null = midnight + hourMs, status = 'SENT'): SourceRecord => ({
  ...message(id, status),
  occurredAt: at,
});

const replyTo = (id: string, text: string): SourceRecord => ({
  ...sent(id),
  key: keys.reply(id, text),
  direction: 'incoming',
  related: [keys.outgoing(id)],
});

/** As the ledger has it once it was delivered. */
const stored = ({ key, direction, thread, contentDigest, changeDigest }: SourceRecord): StoredMessage => ({
  key,
  direction,
  thread,
  state: 'delivered',
  owed: false,
  contentDigest,
  changeDigest,
  firstReadAt: midnight,
  takenAt: midnight,
  reference: `Communication/${key}`,
});

const unreadable = (key: string): Reading => ({
  kind: 'unreadable',
  unreadable: { key, position: 0, problem: { code: 'missing-id' }, body: '{}' },
});

/** Holds the keys of related messages too, so that a link that is lacking is a difference. */
const mapping: Mapping = {
  ...plainMapping,
  map(record) {
    const mapped = plainMapping.map(record);
    if (mapped.kind !== 'communication') return mapped;
    const inResponseTo = record.related.map((key) => ({ reference: `Communication/${key}` }));
    return { ...mapped, resource: { ...mapped.resource, inResponseTo } };
  },
};

interface Sides {
  readonly vendor: ScriptedSource['script'];
  /** What the ledger has of the day. */
  readonly ledger?: readonly StoredMessage[];
  /** What it has when it is asked by key, where that is something else. */
  readonly later?: readonly StoredMessage[];
  readonly known?: number;
  /** What the EHR holds; as delivered where it is not said. */
  readonly held?: (delivery: Delivery) => Held;
  readonly range?: { readonly from: number; readonly to: number };
  readonly stop?: AbortController;
  readonly rowCap?: number;
}

const asDelivered = ({ key, resource }: Delivery): Held => ({
  kind: 'there',
  reference: `Communication/${key}`,
  resource: { ...resource },
});

async function reconciled({
  vendor,
  ledger = [],
  later = [],
  known,
  held = asDelivered,
  range = day,
  stop,
  rowCap = Infinity,
}: Sides) {
  const source = scriptedSource();
  source.script.push(...vendor);
  const asked: RecordKey[] = [];
  const progress: ReconcileProgress[] = [];
  const byKey = new Map([...ledger, ...later].map((each) => [each.key, each]));
  const state: CoverageState = { frontier: today, tiers: {}, pieces: [], size: {} };
  const stateOf = () => Promise.resolve(state);
  const result = await reconcileSource(
    {
      source,
      mapping,
      travelling: [],
      requestsPerHour: 240,
      rowCap,
      limit: 20,
      now: () => today,
      sleep: () => Promise.resolve(),
      progress: (each) => progress.push(each),
      ehr: {
        async read(deliveries, take) {
          for (const delivery of deliveries) {
            asked.push(delivery.key);
            take(delivery, held(delivery));
          }
          await Promise.resolve();
        },
      },
      ledger: {
        coverage: { state: stateOf, known: () => Promise.resolve(known ?? ledger.length) },
        budget: { throttled: () => Promise.resolve() },
        messages: {
          async *sentIn(_, window) {
            await Promise.resolve();
            if (window.from <= midnight + hourMs && window.to > midnight + hourMs) yield ledger;
          },
          byKeys: (wanted) => Promise.resolve(new Map([...byKey].filter(([key]) => wanted.includes(key)))),
        },
      },
    },
    range,
    stop?.signal ?? signal,
  );
  const found = Object.entries(result.totals).flatMap(([kind, each]: [string, { readonly count?: number }]) =>
    (each.count ?? 0) > 0 ? [`${kind} ${each.count}`] : [],
  );
  return { ...result, found, asked, source, progress };
}

describe('a day on three sides', () => {
  const [a, b] = [sent('a'), sent('b')];

  it('agrees, and each message is looked for at the EHR once', async () => {
    const { found, totals, asked, days } = await reconciled({
      vendor: [answer(reading(a), reading(b))],
      ledger: [stored(a), stored(b)],
    });
    expect({ found, asked: asked.length, days: days.length }).toEqual({ found: [], asked: 2, days: 1 });
    expect(totals).toMatchObject({ vendor: 2, ledger: 2, ehr: 2 });
  });

  it('counts the messages of the day alone: the answer holds a minute more on both sides', async () => {
    const outside = [sent('before', midnight - 1), sent('after', midnight + dayMs)];
    const { totals } = await reconciled({
      vendor: [answer(...[a, ...outside].map((record) => reading(record)))],
      ledger: [stored(a)],
    });
    expect(totals).toMatchObject({ vendor: 1, ledger: 1, ehr: 1 });
  });

  it('is read in parts where its answer is as large as the vendor’s answers get, as configured', async () => {
    const { found, source } = await reconciled({
      vendor: [answer(reading(a)), answer(reading(a), reading(b)), answer()],
      ledger: [stored(a), stored(b)],
      rowCap: 1,
    });
    expect(source.asked.length).toBeGreaterThan(2);
    expect(found).not.toContain('vanishedAtVendor 1');
  });

  it('takes a message that comes in two rows for one', async () => {
    const { totals, found } = await reconciled({ vendor: [answer(reading(a), reading(a))], ledger: [stored(a)] });
    expect({ vendor: totals.vendor, found }).toEqual({ vendor: 1, found: [] });
  });

  it('holds the EHR to the links to replies that the ledger knows, not to those that the vendor shows today', async () => {
    const [first, second] = [replyTo('a', 'Yes'), replyTo('a', 'No')];
    const linked = (delivery: Delivery): Held =>
      asDelivered({
        ...delivery,
        resource: {
          ...delivery.resource,
          ...(delivery.key === a.key ? { inResponseTo: [{ reference: `Communication/${first.key}` }] } : {}),
        },
      });
    const shown = { ...a, related: [second.key] };
    const { found } = await reconciled({
      vendor: [answer(reading(shown, second))],
      ledger: [stored(a), stored(first)],
      held: linked,
    });
    expect(found).toEqual(['missingInLedger 1', 'vanishedAtVendor 1']);
  });

  it('finds by key what the ledger has at another time, which is another message to the vendor', async () => {
    const moved = { ...a, contentDigest: 'sent at another time' };
    const { found } = await reconciled({ vendor: [answer(reading(moved))], later: [stored(a)] });
    expect(found).toEqual(['conflicting 1']);
  });

  it('asks the EHR for what the vendor shows no more, where the EHR told its place', async () => {
    const { reference: _, ...nowhere } = stored(b);
    const { found, asked, totals } = await reconciled({
      vendor: [answer()],
      ledger: [stored(a), { ...nowhere, state: 'waiting' }],
      held: () => ({ kind: 'unknown', problem: { code: 'deleted-at-ehr' } }),
    });
    expect(found).toEqual(['vanishedAtVendor 2', 'notDelivered 1', 'missingInEhr 1']);
    expect({ asked, ehr: totals.ehr }).toEqual({ asked: [a.key], ehr: 0 });
  });

  it('tells a message that the EHR keeps under another id than it told', async () => {
    const { totals } = await reconciled({
      vendor: [answer(reading(a))],
      ledger: [stored(a)],
      held: (delivery) => ({ kind: 'there', reference: 'Communication/elsewhere', resource: { ...delivery.resource } }),
    });
    expect(totals.different).toEqual({ count: 1, keys: [a.key], by: { id: 1 } });
  });
});

describe('what tells no time', () => {
  const undated = sent('undated', null);
  const three = { from: midnight, to: midnight + 3 * dayMs };

  it('is counted once, although every answer shows it', async () => {
    const each = answer(reading(undated), unreadable('row'));
    const { totals, days } = await reconciled({ vendor: [each, each, each], later: [stored(undated)], range: three });
    expect(days.map(({ vendor }) => vendor)).toEqual([1, 0, 0]);
    expect(totals).toMatchObject({
      vendor: 1,
      ledger: 1,
      ehr: 1,
      missingInLedger: { count: 1, by: { 'missing-id': 1 } },
    });
  });

  it('is a row that a person must look at, until it is dismissed', async () => {
    const apart: StoredMessage = { ...stored(undated), key: 'row', direction: null, thread: null, state: 'rejected' };
    const vendor = [answer(unreadable('row'))];
    expect((await reconciled({ vendor, later: [apart] })).found).toEqual(['unreadable 1']);
    const dismissed: StoredMessage = { ...apart, state: 'skipped' };
    expect((await reconciled({ vendor: [answer(unreadable('row'))], later: [dismissed] })).found).toEqual([
      'keptOut 1',
    ]);
  });
});

describe('a service that goes on while it is looked at', () => {
  const a = sent('a');
  const absent = (): Held => ({ kind: 'absent' });

  it('has lost nothing when the ledger has moved on since', async () => {
    const moved: StoredMessage = { ...stored(a), changeDigest: 'DELIVERED', takenAt: today, state: 'pending' };
    const { found } = await reconciled({
      vendor: [answer(reading(a))],
      ledger: [stored(a)],
      later: [moved],
      held: absent,
    });
    expect(found).toEqual(['notDelivered 1']);
  });

  it('has lost it when the ledger has not', async () => {
    const { found } = await reconciled({ vendor: [answer(reading(a))], ledger: [stored(a)], held: absent });
    expect(found).toEqual(['missingInEhr 1']);
  });
});

describe('an empty answer', () => {
  const many = Array.from({ length: 10 }, (_, index) => stored(sent(`m${index}`)));

  it('is asked for once more where the ledger knows ten messages', async () => {
    const rows = answer(...Array.from({ length: 10 }, (_, index) => reading(sent(`m${index}`))));
    const { found, source } = await reconciled({ vendor: [answer(), rows], ledger: many });
    expect({ found, asked: source.asked.length }).toEqual({ found: [], asked: 2 });
  });

  it('is believed the second time, and the first time where the ledger knows less', async () => {
    const twice = await reconciled({ vendor: [answer(), answer()], ledger: many });
    expect({ found: twice.found, asked: twice.source.asked.length }).toEqual({
      found: ['vanishedAtVendor 10'],
      asked: 2,
    });
    const once = await reconciled({ vendor: [answer()], ledger: many.slice(1) });
    expect({ found: once.found, asked: once.source.asked.length }).toEqual({ found: ['vanishedAtVendor 9'], asked: 1 });
  });
});

describe('a range of days', () => {
  const days = { from: midnight - dayMs, to: midnight + 2 * dayMs };

  it('goes on after a day that could not be read, and tells which', async () => {
    const fails = () => Promise.resolve({ kind: 'failed', problem: { code: 'source-server-error' }, rows: 0 } as const);
    const { days: told } = await reconciled({ vendor: [answer(), fails, answer()], range: days });
    expect(told.map(({ day: name, unread }) => `${name} ${unread.map(({ problem }) => problem.code).join()}`)).toEqual([
      '2026-03-04 ',
      '2026-03-05 source-server-error',
      '2026-03-06 ',
    ]);
  });

  it('reads a day with very many messages in parts, so that few are in memory at once', async () => {
    const { source } = await reconciled({ vendor: [], known: 40_000 });
    expect(source.asked).toHaveLength(5 * 2);
  });

  it('ends early when it is told to, without the day that was begun', async () => {
    const stop = new AbortController();
    const second: ScriptedSource['script'][number] = (take) => {
      stop.abort();
      return answer()(take, signal);
    };
    const { days: told, source } = await reconciled({ vendor: [answer(), second], range: days, stop });
    expect(told.map(({ day: name }) => name)).toEqual(['2026-03-04']);
    expect(source.asked).toHaveLength(2);
  });

  it('tells how far it has come', async () => {
    const a = sent('a');
    const { progress } = await reconciled({ vendor: [answer(), answer(reading(a))], ledger: [stored(a)], range: days });
    expect(
      progress.map((each) => [each.number, each.days, each.at, 'done' in each ? each.done : ''].join(' ')),
    ).toEqual(['1 3 vendor ', '2 3 vendor ', '2 3 ehr 1', '3 3 vendor ']);
  });
});
