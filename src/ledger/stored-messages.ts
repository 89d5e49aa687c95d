import type { RecordKey } from '../exchange/record-key.ts';
import type { Connection, Database, LedgerTransaction } from './database/database.ts';
import { messageColumns, settledColumns, type MessageRow, type SettledRow } from './database/tables.ts';
import { CountMoves } from './message-counts.ts';
import type { ClaimedRow } from './message-states.ts';

/**
 * Messages taken out of the ledger to be written again in the same transaction. On PostgreSQL nobody else writes them
 * meanwhile, and they are locked in one order, so that two transactions never wait in a circle.
 */
export async function messagesByKey(
  tx: LedgerTransaction,
  database: Database,
  keys: readonly RecordKey[],
): Promise<Map<RecordKey, MessageRow>> {
  if (keys.length === 0) return new Map();
  const query = byKeyQuery(tx, database, keys);
  const rows = await (database.engine === 'postgres' ? query.orderBy('key').forUpdate() : query).execute();
  return new Map(rows.map((row) => [row.key, row]));
}

export function byKeyQuery(connection: Connection, database: Pick<Database, 'among'>, keys: readonly RecordKey[]) {
  return connection.selectFrom('message').select(messageColumns).where(database.among('key', keys));
}

/** Writes rows down, and counts how they moved. `before` holds those that were there. */
export async function putBack(
  tx: LedgerTransaction,
  database: Database,
  before: ReadonlyMap<RecordKey, MessageRow>,
  rows: readonly MessageRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await database.putMessages(tx, rows);
  await countMoves(tx, before, rows);
}

/** Claimed messages, to be settled in the same transaction. */
export async function claimedMessages(
  tx: LedgerTransaction,
  database: Database,
  epoch: number,
  keys: readonly RecordKey[],
): Promise<Map<RecordKey, ClaimedRow>> {
  const query = claimedQuery(tx, database, epoch, keys);
  const rows = await (database.engine === 'postgres' ? query.orderBy('key').forUpdate() : query).execute();
  return new Map(rows.map((row) => [row.key, row]));
}

/** Only what is on its way has an epoch. The state is not asked for: SQLite would go by its index, and see all of them. */
export function claimedQuery(
  connection: Connection,
  database: Pick<Database, 'among'>,
  epoch: number,
  keys: readonly RecordKey[],
) {
  return connection
    .selectFrom('message')
    .select(['key', 'revision', 'claims', ...settledColumns])
    .where(database.among('key', keys))
    .where('claim_epoch', '=', epoch);
}

export async function putSettled(
  tx: LedgerTransaction,
  database: Database,
  before: ReadonlyMap<RecordKey, ClaimedRow>,
  rows: readonly SettledRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await database.settleMessages(tx, rows);
  await countMoves(tx, before, rows);
}

async function countMoves(
  tx: LedgerTransaction,
  before: ReadonlyMap<RecordKey, Pick<MessageRow, 'state'>>,
  rows: readonly Pick<MessageRow, 'key' | 'state'>[],
): Promise<void> {
  const moves = new CountMoves();
  for (const { key, state } of rows) moves.moved(before.get(key)?.state, state);
  await moves.write(tx);
}
