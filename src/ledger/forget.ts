import type { Instant } from '../exchange/window.ts';
import type { LedgerTransaction } from './database/database.ts';
import type { Lease } from './lease.ts';
import { inState } from './record-filter.ts';

/** Rows removed in one transaction: intake and delivery go on in between. */
const slice = 500;

/**
 * Removes run reports and windows read before then, and the content of messages kept out of the chart that were first
 * read before then; of each source the newest run stays. Gives how many they were.
 */
export async function forgetBefore(lease: Lease, before: Instant): Promise<number> {
  let forgotten = 0;
  for (const kind of [forgetWindows, forgetRuns, forgetSkippedContents]) {
    forgotten += await inSlices(lease, kind, before);
  }
  return forgotten;
}

async function inSlices(
  lease: Lease,
  forgetSlice: (tx: LedgerTransaction, before: Instant) => Promise<number>,
  before: Instant,
): Promise<number> {
  let forgotten = 0;
  for (;;) {
    const count = await lease.write((tx) => forgetSlice(tx, before));
    forgotten += count;
    if (count < slice) return forgotten;
  }
}

async function forgetWindows(tx: LedgerTransaction, before: Instant): Promise<number> {
  const old = tx
    .selectFrom('window_read')
    .select('position')
    .where('read_at', '<', before)
    .orderBy('read_at')
    .limit(slice);
  const { numDeletedRows } = await tx.deleteFrom('window_read').where('position', 'in', old).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

async function forgetRuns(tx: LedgerTransaction, before: Instant): Promise<number> {
  const newest = tx
    .selectFrom('run_source')
    .select(({ fn }) => fn.max('position').as('position'))
    .groupBy('source');
  const old = await tx
    .selectFrom('run')
    .select('position')
    .where('started_at', '<', before)
    .where('state', '<>', 'running')
    .where('position', 'not in', newest)
    .orderBy('started_at')
    .limit(slice)
    .execute();
  if (old.length === 0) return 0;
  const positions = old.map(({ position }) => position);
  await tx.deleteFrom('run_source').where('position', 'in', positions).execute();
  await tx.deleteFrom('run').where('position', 'in', positions).execute();
  return positions.length;
}

/** Nobody has wanted it in the chart for all that time. Its key stays, and so does its state. */
async function forgetSkippedContents(tx: LedgerTransaction, before: Instant): Promise<number> {
  const old = tx
    .selectFrom('message')
    .select('position')
    .where(inState('skipped'))
    .where('body', 'is not', null)
    .where('first_read_at', '<', before)
    .orderBy('position')
    .limit(slice);
  const { numUpdatedRows } = await tx
    .updateTable('message')
    .set({ body: null })
    .where('position', 'in', old)
    .executeTakeFirstOrThrow();
  return Number(numUpdatedRows);
}
