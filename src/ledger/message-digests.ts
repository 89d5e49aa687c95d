import { sql } from 'kysely';
import type { RecordKey } from '../exchange/record-key.ts';
import type { Instant, TimeWindow } from '../exchange/window.ts';
import type { Connection, Database } from './database/database.ts';
import type { MessageRow } from './database/tables.ts';
import type { StoredMessage } from './ledger.ts';

/** What the ledger is held against: messages by their time or their keys, without their content. */

/** Rows of one query. */
const batchSize = 1_000;

const storedColumns = [
  'key',
  'direction',
  'thread',
  'state',
  'link_owed',
  'content_digest',
  'change_digest',
  'first_read_at',
  'taken_at',
  'reference',
  'version',
] as const satisfies readonly (keyof MessageRow)[];

type StoredRow = Pick<MessageRow, (typeof storedColumns)[number]>;

/** The last row of the batch before. */
interface Place {
  readonly at: Instant;
  readonly position: number;
}

/** Each batch is a query of its own: nobody who writes is held up, however long the range. */
export async function* messagesIn(
  database: Database,
  source: string,
  range: TimeWindow,
): AsyncGenerator<readonly StoredMessage[]> {
  const { kysely } = database;
  let after: Place = { at: range.from, position: 0 };
  for (;;) {
    const sent = await sentQuery(kysely, source, range.to, after).execute();
    const last = sent.at(-1);
    if (last?.occurred_at === undefined || last.occurred_at === null) return;
    const threads = sent.map(({ key }) => key);
    const replies = await replyRowsQuery(kysely, database, threads).execute();
    yield [...sent, ...replies].map(storedMessage);
    if (sent.length < batchSize) return;
    after = { at: last.occurred_at, position: last.position };
  }
}

/** The condition of the index is written out: with a parameter in its place the index would not be taken. */
export function sentQuery(connection: Connection, source: string, to: Instant, after: Place) {
  return connection
    .selectFrom('message')
    .select(['position', 'occurred_at', ...storedColumns])
    .where('source', '=', source)
    .where('direction', '=', sql.lit('outgoing'))
    .where(sql<boolean>`(occurred_at, position) > (${after.at}, ${after.position})`)
    .where('occurred_at', '<', to)
    .orderBy('occurred_at')
    .orderBy('position')
    .limit(batchSize);
}

export function replyRowsQuery(
  connection: Connection,
  { among }: Pick<Database, 'among'>,
  threads: readonly RecordKey[],
) {
  return connection
    .selectFrom('message')
    .select(storedColumns)
    .where('related', 'is not', null)
    .where(among('thread', threads));
}

export async function storedByKeys(
  database: Database,
  keys: readonly RecordKey[],
): Promise<ReadonlyMap<RecordKey, StoredMessage>> {
  const found = new Map<RecordKey, StoredMessage>();
  for (let from = 0; from < keys.length; from += batchSize) {
    const rows = await storedQuery(database.kysely, database, keys.slice(from, from + batchSize)).execute();
    for (const row of rows) found.set(row.key, storedMessage(row));
  }
  return found;
}

export function storedQuery(connection: Connection, { among }: Pick<Database, 'among'>, keys: readonly RecordKey[]) {
  return connection.selectFrom('message').select(storedColumns).where(among('key', keys));
}

function storedMessage(row: StoredRow): StoredMessage {
  return {
    key: row.key,
    direction: row.direction,
    thread: row.thread,
    state: row.state,
    owed: row.link_owed === 1,
    contentDigest: row.content_digest,
    changeDigest: row.change_digest,
    firstReadAt: row.first_read_at,
    takenAt: row.taken_at,
    ...(row.reference === null ? {} : { reference: row.reference }),
    ...(row.version === null ? {} : { version: row.version }),
  };
}
