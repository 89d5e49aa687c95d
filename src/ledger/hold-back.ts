import type { RecordKey } from '../exchange/record-key.ts';
import type { RecordState } from '../exchange/reports.ts';
import type { Instant } from '../exchange/window.ts';
import type { Database, LedgerTransaction } from './database/database.ts';
import type { RecordFilter } from './ledger.ts';
import { CountMoves } from './message-counts.ts';
import { inState, matches } from './record-filter.ts';
import { messagesByKey, putBack } from './stored-messages.ts';

/** Makes what is held back pending again: `Messages.release` says what. */
export async function releaseAll(
  tx: LedgerTransaction,
  { engine }: Database,
  filter: RecordFilter,
  now: Instant,
): Promise<number> {
  const moves = new CountMoves();
  let released = 0;
  // Whoever releases what was deleted at the EHR wants it there anew: nothing is looked for.
  await tx
    .updateTable('message')
    .set({ reference: null, version: null, unsure: 0, sent_digests: null })
    .where(inState('rejected'))
    .where('code', '=', 'deleted-at-ehr')
    .where(matches(filter))
    .execute();
  // Whoever releases what somebody changed wants it overwritten: whose version it is no longer counts. It is looked at
  // once more all the same: a mark as entered in error, or another Patient, still does.
  await tx
    .updateTable('message')
    .set({ version: null, unsure: 1, sent_digests: null })
    .where(inState('rejected'))
    .where('code', '=', 'changed-at-ehr')
    .where(matches(filter))
    .execute();
  // Whoever names what the EHR may have has looked for it there, and found nothing.
  if (filter.key !== undefined || filter.code === 'outcome-unknown') {
    await tx
      .updateTable('message')
      .set({ unsure: 0, sent_digests: null })
      .where(inState('rejected'))
      .where('code', '=', 'outcome-unknown')
      .where(matches(filter))
      .execute();
  }
  for (const state of releasedBy(filter)) {
    const held = tx
      .selectFrom('message')
      .select('key')
      .where(inState(state))
      .where(matches(filter))
      .where('direction', 'is not', null)
      .where('body', 'is not', null);
    const { numUpdatedRows } = await tx
      .updateTable('message')
      .set({ state: 'pending', due_at: now, pending_since: now, attempts: 0, code: null, problem: null })
      .where('key', 'in', engine === 'postgres' ? held.orderBy('key').forUpdate() : held)
      .executeTakeFirstOrThrow();
    const count = Number(numUpdatedRows);
    moves.moved(state, 'pending', count);
    released += count;
  }
  await moves.write(tx);
  return released;
}

/** What the mapping keeps out of the chart is many, and right: it comes back only when it is named. */
function releasedBy({ state, code, key }: RecordFilter): readonly RecordState[] {
  const held: readonly RecordState[] =
    code === undefined && key === undefined && state === undefined
      ? ['rejected', 'waiting']
      : ['rejected', 'waiting', 'skipped'];
  return state === undefined ? held : held.filter((one) => one === state);
}

/** Sets a rejected record aside; its content goes. */
export async function dismissOne(tx: LedgerTransaction, database: Database, key: RecordKey): Promise<number> {
  const before = await messagesByKey(tx, database, [key]);
  const row = before.get(key);
  if (row?.state !== 'rejected') return 0;
  await putBack(tx, database, before, [{ ...row, state: 'skipped', body: null }]);
  return 1;
}

/** Ends every back-off of what is pending. */
export async function makeAllPendingDue(tx: LedgerTransaction, { engine }: Database, now: Instant): Promise<void> {
  const later = tx.selectFrom('message').select('key').where(inState('pending')).where('due_at', '>', now);
  await tx
    .updateTable('message')
    .set({ due_at: now })
    .where('key', 'in', engine === 'postgres' ? later.orderBy('key').forUpdate() : later)
    .execute();
}
