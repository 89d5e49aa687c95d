import type { VendorRow } from '../exchange/record.ts';
import type { BodySeal } from './body-seal.ts';
import type { Database, Tx } from './database/database.ts';
import type { MessageTable } from './database/schema.ts';
import type { Claim, ClaimRequest } from './ledger.ts';
import { problemColumns } from './messages.ts';

type Row = { readonly [column in keyof Omit<MessageTable, 'seq'>]: MessageTable[column] };

/** Takes the oldest due messages, and those whose lease ran out: the EHR may have these already. */
export async function claimDue(
  tx: Tx,
  { engine }: Pick<Database, 'engine'>,
  seal: BodySeal,
  epoch: number,
  { limit, now, leaseMs }: ClaimRequest,
): Promise<readonly Claim[]> {
  let query = tx
    .selectFrom('message')
    .selectAll()
    .where('due_at', '<=', now)
    .orderBy('due_at')
    .orderBy('seq')
    .limit(limit);
  // Several workers may claim at once; SQLite lets one transaction write at a time.
  if (engine === 'postgres') query = query.forUpdate().skipLocked();
  const due = await query.execute();
  if (due.length === 0) return [];
  await tx
    .updateTable('message')
    .set((each) => ({
      state: 'delivering',
      due_at: now + leaseMs,
      claimed_revision: each.ref('revision'),
      lease_epoch: epoch,
      unsure: each.case().when('state', '=', 'delivering').then(1).else(each.ref('unsure')).end(),
    }))
    .where(
      'key',
      'in',
      due.map(({ key }) => key),
    )
    .execute();
  const replies = await repliesOf(tx, due);
  const claims: Claim[] = [];
  for (const row of due) {
    const body = row.body === null ? undefined : seal.open(row.key, row.body);
    if (body === undefined) await cannotOpen(tx, row.key);
    else claims.push(claimOf(row, JSON.parse(body) as VendorRow, replies.get(row.key) ?? []));
  }
  return claims;
}

/** The replies known to each outgoing message, sorted: the same links whatever the order they came in. */
async function repliesOf(tx: Tx, due: readonly Row[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const threads = due.filter(({ direction }) => direction === 'outgoing').map(({ thread }) => thread);
  if (threads.length === 0) return new Map();
  const rows = await tx
    .selectFrom('message')
    .select(['thread', 'key'])
    .where('direction', '=', 'incoming')
    .where('thread', 'in', threads)
    .orderBy('key')
    .execute();
  const byThread = Map.groupBy(rows, ({ thread }) => thread);
  return new Map([...byThread].map(([thread, replies]) => [thread, replies.map(({ key }) => key)]));
}

async function cannotOpen(tx: Tx, key: string): Promise<void> {
  await tx
    .updateTable('message')
    .set({
      state: 'rejected',
      due_at: null,
      lease_epoch: null,
      claimed_revision: null,
      ...problemColumns({ code: 'body-sealed' }),
    })
    .where('key', '=', key)
    .execute();
}

function claimOf(row: Row, body: VendorRow, replies: readonly string[]): Claim {
  const { key, source, thread, direction } = row;
  if (direction === null) throw new Error('a row that was set apart is never due');
  return {
    source,
    record: {
      key,
      direction,
      thread,
      related: direction === 'outgoing' ? replies : [thread],
      occurredAt: row.occurred_at,
      stage: { rank: row.rank, final: row.final === 1 },
      contentDigest: row.content_digest,
      changeDigest: row.change_digest,
      body,
    },
    attempt: row.attempts + 1,
    firstReadAt: row.first_read_at,
    unsure: row.unsure === 1 || row.state === 'delivering',
    ...(row.reference === null ? {} : { knownReference: row.reference }),
  };
}
