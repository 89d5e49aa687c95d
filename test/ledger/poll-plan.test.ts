import { DatabaseSync } from 'node:sqlite';
import type { KyselyPlugin, RootOperationNode } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BodySeal } from '../../src/ledger/body-seal.ts';
import type { Database } from '../../src/ledger/database/database.ts';
import { openSqlite } from '../../src/ledger/database/sqlite.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { ledgerOver } from '../../src/ledger/open-ledger.ts';
import { TestClock } from './contract/place.ts';
import { accepted, message, reply, row, rows, source, windowRead } from './contract/rows.ts';
import { sqlitePlace, type SqlitePlace } from './sqlite-place.ts';

const clock = new TestClock();
const openSeal: BodySeal = { seal: (_, text) => text, open: (_, stored) => stored };
const week = { from: clock.at - 7 * 86_400_000, to: clock.at };
let place: SqlitePlace;
let database: Database;
let ledger: Ledger;
let file: DatabaseSync;
let sent: RootOperationNode[] = [];

/** Keeps every statement on its way to SQLite. */
const listening: KyselyPlugin = {
  transformQuery({ node }) {
    sent.push(node);
    return node;
  },
  transformResult: ({ result }) => Promise.resolve(result),
};

beforeAll(async () => {
  place = await sqlitePlace(clock.now);
  const opened = openSqlite(place.path, 'owner');
  database = { ...opened, kysely: opened.kysely.withPlugin(listening) };
  ledger = await ledgerOver(database, 'owner', openSeal, clock.now);
  file = new DatabaseSync(place.path, { readOnly: true });
});
afterAll(async () => {
  file.close();
  await ledger.close();
  await place.remove();
});

/** The steps, each once, by which SQLite goes about the statements of the work. */
async function stepsOf(work: () => Promise<unknown>): Promise<readonly string[]> {
  sent = [];
  await work();
  const compiled = sent
    .filter(({ kind }) => kind !== 'RawNode')
    .map((node) => database.kysely.getExecutor().compileQuery(node, { queryId: 'plan' }));
  const steps = compiled.flatMap(({ sql, parameters }) =>
    file
      .prepare(`explain query plan ${sql}`)
      .all(...parameters.map((value) => (typeof value === 'number' ? value : String(value))))
      .map(({ detail }) => String(detail)),
  );
  return [...new Set(steps)];
}

/** By its key or thread, or among what is not delivered, or lowered, or due: these are few. */
const isFast =
  /^SEARCH message USING (COVERING )?INDEX (sqlite_autoindex_message_1|message_(reply|state|due|pending|held))\b|^SCAN message USING (COVERING )?INDEX message_(due|pending)$/;

const coverage = () => ledger.coverage;
const part = { tier: 'tail', window: week, state: 'stuck', failures: 0, code: 'source-timeout', dueAt: 0 } as const;

describe('whatever the ledger holds, no message is looked for among all of them', () => {
  it.each<[string, () => Promise<unknown>, string[]]>([
    ['what a plan is made of', () => coverage().state(source), []],
    ['the pieces that are open', () => coverage().pieces(source), []],
    ['what is known of a range', () => coverage().known(source, week), ['message_sent']],
    ['whether ten are', () => coverage().known(source, week, 10), ['message_sent']],
    ['what may still change', () => coverage().unsettled(source, week), ['message_unsettled']],
  ])('to tell %s', async (_, work, indexes) => {
    const steps = (await stepsOf(work)).filter((step) => / message\b/.test(step));
    const range = '(source=? AND occurred_at>? AND occurred_at<?)';
    expect(steps).toEqual(indexes.map((index) => `SEARCH message USING COVERING INDEX ${index} ${range}`));
  });

  it('to read, to deliver and to write down what was read', async () => {
    const read = windowRead(clock.at, week.from, week.to);
    const steps = await stepsOf(async () => {
      await ledger.messages.record(source, clock.at, [
        row(message('a', 'DELIVERED'), reply('a')),
        ...rows(message('b')),
      ]);
      await ledger.messages.record(source, clock.at, rows(message('a', 'SENT')), { resend: true });
      await ledger.messages.forgetLowered(source, clock.at);
      const claims = await ledger.messages.claim({ limit: 100, now: clock.at, leaseMs: 1_000 });
      expect(claims).toHaveLength(3);
      await ledger.messages.settle(
        claims.map(({ record, token }) => ({ ...accepted(record.key), token })),
        clock.at,
      );
      await ledger.messages.makePendingDue(clock.at);
      await ledger.messages.release({}, clock.at);
      await ledger.messages.nextDue();
      await ledger.messages.oldestPending();
      await ledger.messages.counts();
      await coverage().cover(read, { frontier: 1, opens: [part], tiers: { cold: { failures: 0, empty: 0 } } });
      await coverage().failed(read, { code: 'source-timeout' }, { size: { rowCap: 1 } });
      await coverage().acceptGap(source, week, 'ops', clock.at);
    });
    expect(steps.length).toBeGreaterThan(10);
    expect(steps.filter((step) => / message\b/.test(step) && !isFast.test(step))).toEqual([]);
  });
});
