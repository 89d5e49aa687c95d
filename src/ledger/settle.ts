import type { Settlement } from '../exchange/delivery.ts';
import type { RecordKey } from '../exchange/record-key.ts';
import type { Instant } from '../exchange/window.ts';
import type { Database, LedgerTransaction } from './database/database.ts';
import type { SettledRow } from './database/tables.ts';
import type { Claim } from './ledger.ts';
import type { Lease } from './lease.ts';
import { CountMoves } from './message-counts.ts';
import { handedBack, settled } from './message-states.ts';
import { inState } from './record-filter.ts';
import { claimedMessages, putSettled } from './stored-messages.ts';

/** Writes down what became of claimed messages. Gives the keys that this process no longer had on their way. */
export async function settleAll(
  tx: LedgerTransaction,
  database: Database,
  epoch: number,
  settlements: readonly Settlement[],
  now: Instant,
): Promise<readonly RecordKey[]> {
  const written = await settleDelivered(tx, database, epoch, settlements, now);
  const others = settlements.filter(({ key }) => !written.has(key));
  if (others.length === 0) return [];
  const before = await claimedMessages(
    tx,
    database,
    epoch,
    others.map(({ key }) => key),
  );
  const rows: SettledRow[] = [];
  const lost: RecordKey[] = [];
  for (const settlement of others) {
    const row = before.get(settlement.key);
    // Claimed once more since: what comes late says nothing of the later try.
    if (row?.claims !== settlement.token) lost.push(settlement.key);
    else rows.push(settled(row, settlement, now));
  }
  await putSettled(tx, database, before, rows);
  return lost;
}

/** Those of which nothing need be known but that they are as they were claimed. */
async function settleDelivered(
  tx: LedgerTransaction,
  database: Database,
  epoch: number,
  settlements: readonly Settlement[],
  now: Instant,
): Promise<ReadonlySet<RecordKey>> {
  const delivered = settlements.filter((settlement) => settlement.state === 'delivered');
  const written = database.settleDelivered?.(tx, epoch, delivered, now) ?? new Set();
  if (written.size === 0) return written;
  const moves = new CountMoves();
  // Only where one transaction writes at a time: that others follow in this one keeps nobody waiting in a circle.
  moves.moved('delivering', 'delivered', written.size);
  await moves.write(tx);
  return written;
}

/** Claimed, and not sent. What this process no longer has on its way is left as it is. */
export async function handBackAll(
  tx: LedgerTransaction,
  database: Database,
  epoch: number,
  claims: readonly Claim[],
  now: Instant,
): Promise<void> {
  const keys = claims.map(({ record: { key } }) => key);
  const before = await claimedMessages(tx, database, epoch, keys);
  const rows = claims.flatMap(({ record: { key }, token }) => {
    const row = before.get(key);
    return row?.claims === token ? [handedBack(row, now)] : [];
  });
  await putSettled(tx, database, before, rows);
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
      .where(inState('delivering'))
      .executeTakeFirstOrThrow();
    const moves = new CountMoves();
    moves.moved('delivering', 'pending', Number(numUpdatedRows));
    await moves.write(tx);
  });
}
