import type { Settlement } from '../exchange/delivery.ts';
import type { RecordKey } from '../exchange/record-key.ts';
import type { Instant } from '../exchange/window.ts';
import type { Database, LedgerTransaction } from './database/database.ts';
import type { MessageRow } from './database/tables.ts';
import type { Lease } from './lease.ts';
import { CountMoves } from './message-counts.ts';
import { settled } from './message-states.ts';
import { messagesByKey, putBack } from './stored-messages.ts';

/** Writes down what became of claimed messages. Gives the keys that this process no longer had on their way. */
export async function settleAll(
  tx: LedgerTransaction,
  database: Database,
  epoch: number,
  settlements: readonly Settlement[],
  now: Instant,
): Promise<readonly RecordKey[]> {
  const before = await messagesByKey(
    tx,
    database,
    settlements.map(({ key }) => key),
  );
  const rows: MessageRow[] = [];
  const lost: RecordKey[] = [];
  for (const settlement of settlements) {
    const row = before.get(settlement.key);
    if (row?.state === 'delivering' && row.claim_epoch === epoch) rows.push(settled(row, settlement, now));
    else lost.push(settlement.key);
  }
  await putBack(tx, database, before, rows);
  return lost;
}

/** What was on its way when a process died: the EHR may have it, so it is looked for first. */
export async function takeBack(lease: Lease, now: Instant): Promise<void> {
  await lease.write(async (tx) => {
    const { numUpdatedRows } = await tx
      .updateTable('message')
      .set((each) => ({
        state: 'pending',
        due_at: now,
        pending_since: each.fn.coalesce('pending_since', each.val(now)),
        unsure: 1,
        claim_epoch: null,
        claim_revision: null,
      }))
      .where('state', '=', 'delivering')
      .executeTakeFirstOrThrow();
    const moves = new CountMoves();
    moves.moved('delivering', 'pending', Number(numUpdatedRows));
    await moves.write(tx);
  });
}
