import type { Compilable } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dueQuery, nextDueQuery, repliesQuery } from '../../src/ledger/claim.ts';
import type { Database } from '../../src/ledger/database/database.ts';
import { openPostgres } from '../../src/ledger/database/postgres.ts';
import { loweredQuery } from '../../src/ledger/lowered.ts';
import { oldestPendingQuery, oldestWaitingQuery } from '../../src/ledger/messages.ts';
import { knownQuery, unsettledQuery } from '../../src/ledger/sent-messages.ts';
import { byKeyQuery, claimedQuery } from '../../src/ledger/stored-messages.ts';
import { TestClock } from '../ledger/contract/place.ts';
import { keyOf, source } from '../ledger/contract/rows.ts';
import { postgresPlace, type PostgresPlace } from './postgres-place.ts';

const messages = 40_000;
const minuteMs = 60_000;
const hour = { from: 1_000 * minuteMs, to: 1_060 * minuteMs };
let place: PostgresPlace;
let database: Database;

/** Messages that were delivered, a minute apart; every fifth is a reply, of a hundred one is not final. */
const fill = `insert into message (key, source, direction, thread, related, occurred_at, rank, final, content_digest,
    change_digest, taken_at, link_owed, state, revision, attempts, unsure, first_read_at)
  select n::text, '${source}', case n % 5 when 4 then 'incoming' else 'outgoing' end, (n - n % 5)::text,
    case n % 5 when 4 then '[]' end, n::bigint * ${minuteMs}, 3, case n % 100 when 0 then 0 else 1 end, n::text, 'd', 0, 0,
    'delivered', 1, 1, 0, 0
  from generate_series(0, ${messages - 1}) as n`;

beforeAll(async () => {
  place = await postgresPlace(new TestClock().now);
  await (await place.open('owner')).close();
  await place.query(fill);
  await place.query('analyze message');
  database = await openPostgres(place.url, 'reader');
});
afterAll(async () => {
  await database.close();
  await place.remove();
});

/** How PostgreSQL would go about the query, by what it knows of the rows. */
async function plan(query: Compilable): Promise<string> {
  const { sql, parameters } = query.compile();
  const lines = await place.query<Record<'QUERY PLAN', string>>(`explain ${sql}`, parameters);
  return lines.map((line) => line['QUERY PLAN']).join('\n');
}

describe('however much was delivered, on PostgreSQL', () => {
  it.each<[string, () => Compilable, string]>([
    ['claiming', () => dueQuery(database.kysely, database, 1, 100), 'message_due'],
    ['the next due', () => nextDueQuery(database.kysely), 'message_due'],
    ['the replies to messages', () => repliesQuery(database.kysely, database, [keyOf('a')]), 'message_reply'],
    ['messages by their keys', () => byKeyQuery(database.kysely, database, [keyOf('a')]), 'message_key_key'],
    ['settling', () => claimedQuery(database.kysely, database, 1, [keyOf('a')]), 'message_key_key'],
    ['the oldest pending', () => oldestPendingQuery(database.kysely), 'message_pending'],
    ['the oldest that waits', () => oldestWaitingQuery(database.kysely), 'message_state'],
    ['what is known of a range', () => knownQuery(database.kysely, source, hour), 'message_sent'],
    ['whether ten are known of it', () => knownQuery(database.kysely, source, hour, 10), 'message_sent'],
    ['what may still change', () => unsettledQuery(database.kysely, source, hour), 'message_unsettled'],
    ['statuses lowered in a read', () => loweredQuery(database.kysely, database, source, 1), 'message_held'],
  ])('%s goes by an index', async (_, query, index) => {
    const steps = await plan(query());
    expect(steps).toMatch(new RegExp(`(Index|Bitmap Index|Index Only) Scan.* (using|on) ${index}\\b`));
    expect(steps).not.toContain('Seq Scan');
  });
});
