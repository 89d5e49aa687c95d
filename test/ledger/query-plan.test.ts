import { DatabaseSync } from 'node:sqlite';
import type { Compilable } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dueQuery, nextDueQuery, putOffQuery, repliesQuery } from '../../src/ledger/claim.ts';
import type { Database } from '../../src/ledger/database/database.ts';
import { openSqlite } from '../../src/ledger/database/sqlite.ts';
import { outlinesQuery } from '../../src/ledger/known-messages.ts';
import { loweredQuery } from '../../src/ledger/lowered.ts';
import { countsQuery } from '../../src/ledger/message-counts.ts';
import { replyRowsQuery, sentQuery, storedQuery } from '../../src/ledger/message-digests.ts';
import { oldestPendingQuery, oldestWaitingQuery } from '../../src/ledger/messages.ts';
import { listQuery } from '../../src/ledger/record-list.ts';
import { knownQuery, unsettledQuery } from '../../src/ledger/sent-messages.ts';
import { byKeyQuery, claimedQuery } from '../../src/ledger/stored-messages.ts';
import { TestClock } from './contract/place.ts';
import { keyOf, source } from './contract/rows.ts';
import { sqlitePlace, type SqlitePlace } from './sqlite-place.ts';

let place: SqlitePlace;
let database: Database;
let file: DatabaseSync;

beforeAll(async () => {
  const clock = new TestClock();
  place = await sqlitePlace(clock.now);
  await (await place.open('owner')).close();
  database = openSqlite(place.path, 'reader');
  file = new DatabaseSync(place.path, { readOnly: true });
});
afterAll(async () => {
  file.close();
  await database.close();
  await place.remove();
});

/** How SQLite would go about the query. */
function plan(query: Compilable): string {
  const { sql, parameters } = query.compile();
  const values = parameters.map((value) => (typeof value === 'number' ? value : String(value)));
  return file
    .prepare(`explain query plan ${sql}`)
    .all(...values)
    .map(({ detail }) => String(detail))
    .join('\n');
}

const page = { limit: 100 };
const day = { from: Date.parse('2026-03-05T00:00:00Z'), to: Date.parse('2026-03-06T00:00:00Z') };
const cursor = Buffer.from('messages 5000').toString('base64url');

describe('however much was delivered', () => {
  it.each<[string, () => Compilable, string]>([
    ['claiming', () => dueQuery(database.kysely, database, 1, 100), 'message_due'],
    ['claiming what a wrong clock put off', () => putOffQuery(database.kysely, database, 1, 100), 'message_due'],
    ['the next due', () => nextDueQuery(database.kysely), 'message_due'],
    ['the replies to messages', () => repliesQuery(database.kysely, database, [keyOf('a')]), 'message_reply'],
    ['messages by their keys', () => byKeyQuery(database.kysely, database, [keyOf('a')]), 'sqlite_autoindex_message_1'],
    [
      'what is known of the messages of a batch',
      () => outlinesQuery(database.kysely, database, [keyOf('a')]),
      'sqlite_autoindex_message_1',
    ],
    ['settling', () => claimedQuery(database.kysely, database, 1, [keyOf('a')]), 'sqlite_autoindex_message_1'],
    ['the oldest pending', () => oldestPendingQuery(database.kysely), 'message_pending'],
    ['the oldest that waits', () => oldestWaitingQuery(database.kysely), 'message_state'],
    ['a list by state', () => listQuery(database.kysely, { state: 'rejected' }, { ...page, cursor }), 'message_state'],
    ['a list by code', () => listQuery(database.kysely, { code: 'resource-refused' }, page), 'message_code'],
    ['what is known of a range', () => knownQuery(database.kysely, source, day), 'message_sent'],
    [
      'messages by their time',
      () => sentQuery(database.kysely, source, day.to, { at: day.from, position: 7 }),
      'message_sent',
    ],
    ['all of the replies to messages', () => replyRowsQuery(database.kysely, database, [keyOf('a')]), 'message_reply'],
    ['digests by their keys', () => storedQuery(database.kysely, database, [keyOf('a')]), 'sqlite_autoindex_message_1'],
    ['whether ten are known of it', () => knownQuery(database.kysely, source, day, 10), 'message_sent'],
    ['what may still change', () => unsettledQuery(database.kysely, source, day), 'message_unsettled'],
    ['statuses lowered in a read', () => loweredQuery(database.kysely, database, source, 1), 'message_held'],
    ['one record', () => listQuery(database.kysely, { key: keyOf('a') }, page), 'sqlite_autoindex_message_1'],
  ])('%s goes by an index alone, and sorts nothing', (_, query, index) => {
    const steps = plan(query());
    expect(steps).toMatch(new RegExp(`(SEARCH|SCAN) message USING (COVERING )?INDEX ${index}\\b`));
    expect(steps).not.toMatch(/SCAN message$|USE TEMP B-TREE/m);
  });

  it.each([{}, { state: 'delivered' }] as const)('the list of %j, which is long, goes by position', (filter) => {
    expect(plan(listQuery(database.kysely, filter, { ...page, cursor }))).toBe(
      'SEARCH message USING INTEGER PRIMARY KEY (rowid>?)',
    );
  });

  it('counting looks at no message', () => {
    expect(plan(countsQuery(database.kysely))).toBe('SCAN message_count');
  });
});
