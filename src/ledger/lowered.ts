import type { Instant } from '../exchange/window.ts';
import type { Connection, Database, LedgerTransaction } from './database/database.ts';

/** What `Messages.forgetLowered` promises: the next read starts anew, as if that one had not been. */
export async function forgetLowered(
  tx: LedgerTransaction,
  database: Database,
  source: string,
  readAt: Instant,
): Promise<void> {
  await tx
    .updateTable('message')
    .set({ held_digest: null, held_since: null })
    .where('key', 'in', loweredQuery(tx, database, source, readAt))
    .execute();
}

export function loweredQuery(
  connection: Connection,
  { engine }: Pick<Database, 'engine'>,
  source: string,
  readAt: Instant,
) {
  const lowered = connection
    .selectFrom('message')
    .select('key')
    .where('source', '=', source)
    .where('held_since', '=', readAt)
    .where('held_digest', 'is not', null);
  return engine === 'postgres' ? lowered.orderBy('key').forUpdate() : lowered;
}
