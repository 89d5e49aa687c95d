import type { RecordKey } from '../exchange/record-key.ts';
import type { Reading, SourceRecord } from '../exchange/record.ts';
import type { Instant } from '../exchange/window.ts';
import type { Connection, Database, LedgerTransaction } from './database/database.ts';
import type { MessageRow } from './database/tables.ts';
import { decideRecord } from './record-decision.ts';

/** As much of a message as tells whether a row about it says anything new. */
const columns = [
  'key',
  'content_digest',
  'change_digest',
  'rank',
  'taken_at',
  'held_digest',
  'held_since',
  'link_owed',
  'state',
  'code',
] as const satisfies readonly (keyof MessageRow)[];

type Outline = Pick<MessageRow, (typeof columns)[number]>;

export interface BatchToSort {
  readonly readings: readonly Reading[];
  readonly readAt: Instant;
  /** What is sent once more is due, whether it says anything new or not. */
  readonly resend: boolean | RecordKey;
}

/** The rows of a batch, sorted by whether they say anything new. */
export interface SortedBatch {
  /** Those that have to be looked at. */
  readonly open: readonly Reading[];
  /** What the ledger holds of the messages of those. */
  readonly openKeys: readonly RecordKey[];
  /** How many records the other rows have: each is as it is known, and nothing is to be written of it. */
  readonly unchanged: number;
}

/**
 * Most rows of most answers were read before: a few columns of what is known of them are enough to leave them alone.
 */
export async function sortBatch(
  tx: LedgerTransaction,
  database: Database,
  { readings, readAt, resend }: BatchToSort,
): Promise<SortedBatch> {
  const rows = await outlinesQuery(tx, database, [...keysOf(readings)]).execute();
  const known = new Map<RecordKey, Outline>(rows.map((row) => [row.key, row]));
  const isUnchanged = (record: SourceRecord, repeated: boolean): boolean => {
    const row = known.get(record.key);
    if (resend === true || resend === record.key) return false;
    return row?.held_digest === null && row.link_owed === 0 && decideRecord(row, record, readAt, repeated) === 'known';
  };
  // A new reply makes the message that it belongs to due, with the content of whichever row tells it.
  const moved = new Set<RecordKey>();
  for (const reading of readings) {
    if (reading.kind === 'unreadable') continue;
    for (const record of reading.records) {
      if (!isUnchanged(record, reading.repeated === true)) moved.add(record.thread);
    }
  }
  const open: Reading[] = [];
  let unchanged = 0;
  for (const reading of readings) {
    if (reading.kind === 'unreadable' || reading.records.some(({ thread }) => moved.has(thread))) open.push(reading);
    else unchanged += reading.records.length;
  }
  return { open, openKeys: [...keysOf(open)].filter((key) => known.has(key)), unchanged };
}

export function outlinesQuery(connection: Connection, database: Pick<Database, 'among'>, keys: readonly RecordKey[]) {
  return connection.selectFrom('message').select(columns).where(database.among('key', keys));
}

/** Of a reply also the message it belongs to, which may be due for the link. */
function keysOf(readings: readonly Reading[]): Set<RecordKey> {
  const keys = new Set<RecordKey>();
  for (const reading of readings) {
    if (reading.kind === 'unreadable') keys.add(reading.unreadable.key);
    else for (const { key, thread } of reading.records) keys.add(key).add(thread);
  }
  return keys;
}
