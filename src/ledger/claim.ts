import type { RecordKey } from '../exchange/record-key.ts';
import type { VendorRow } from '../exchange/record.ts';
import { dayMs, hourMs, type Instant } from '../exchange/window.ts';
import type { BodySeal } from './body-seal.ts';
import type { Connection, Database, LedgerTransaction } from './database/database.ts';
import type { MessageRow } from './database/tables.ts';
import type { Claim, ClaimRequest } from './ledger.ts';
import { CountMoves } from './message-counts.ts';

/** What makes a claim. */
const dueColumns = [
  'key',
  'source',
  'direction',
  'thread',
  'related',
  'occurred_at',
  'rank',
  'final',
  'content_digest',
  'change_digest',
  'state',
  'attempts',
  'claims',
  'unsure',
  'sent_digests',
  'reference',
  'version',
  'first_read_at',
  'body',
] as const;

type DueRow = Pick<MessageRow, (typeof dueColumns)[number]>;

/** What is due, the oldest first; also what is on its way under a lease that ran out. */
export function dueQuery(connection: Connection, { engine }: Pick<Database, 'engine'>, now: Instant, limit: number) {
  const query = connection
    .selectFrom('message')
    .select(dueColumns)
    .where('due_at', '<=', now)
    .orderBy('due_at')
    .orderBy('position')
    .limit(limit);
  // Several workers may claim at once; SQLite lets one transaction write at a time.
  return engine === 'postgres' ? query.forUpdate().skipLocked() : query;
}

/** Nothing is put off for so long: a clock that was wrong then has done it. What is on its way is not among it. */
const longestPutOffMs = dayMs + hourMs;

export function putOffQuery(connection: Connection, database: Pick<Database, 'engine'>, now: Instant, limit: number) {
  return dueQuery(connection, database, Number.MAX_SAFE_INTEGER, limit)
    .where('due_at', '>', now + longestPutOffMs)
    .where('state', '<>', 'delivering');
}

export function repliesQuery(
  connection: Connection,
  { among }: Pick<Database, 'among'>,
  threads: readonly RecordKey[],
) {
  return connection
    .selectFrom('message')
    .select(['thread', 'key'])
    .where('related', 'is not', null)
    .where(among('thread', threads));
}

export function nextDueQuery(connection: Connection) {
  return connection
    .selectFrom('message')
    .select('due_at')
    .where('due_at', 'is not', null)
    .orderBy('due_at')
    .orderBy('position')
    .limit(1);
}

/** Takes the oldest due messages, and those whose lease ran out: the EHR may have these already. */
export async function claimDue(
  tx: LedgerTransaction,
  database: Database,
  seal: BodySeal,
  epoch: number,
  { limit, now, leaseMs }: ClaimRequest,
): Promise<readonly Claim[]> {
  const first = await dueQuery(tx, database, now, limit).execute();
  const due = first.length > 0 ? first : await putOffQuery(tx, database, now, limit).execute();
  if (due.length === 0) return [];
  await takeAll(tx, database, due, epoch, now + leaseMs);
  const replies = await repliesTo(tx, database, due);
  return due.map((row) => {
    const body = row.body === null ? undefined : seal.open(row.key, row.body);
    return claimOf(row, body, replies.get(row.key) ?? []);
  });
}

async function takeAll(
  tx: LedgerTransaction,
  database: Database,
  rows: readonly DueRow[],
  epoch: number,
  leaseEnd: Instant,
): Promise<void> {
  await tx
    .updateTable('message')
    .set((each) => ({
      state: 'delivering',
      due_at: leaseEnd,
      claim_epoch: epoch,
      claim_revision: each.ref('revision'),
      claims: each('claims', '+', 1),
      unsure: each.case().when('state', '=', 'delivering').then(1).else(each.ref('unsure')).end(),
    }))
    .where(
      database.among(
        'key',
        rows.map(({ key }) => key),
      ),
    )
    .execute();
  const moves = new CountMoves();
  for (const { state } of rows) moves.moved(state, 'delivering');
  await moves.write(tx);
}

/** The replies known to each outgoing message, sorted: the same links whatever the order they came in. */
async function repliesTo(
  tx: LedgerTransaction,
  database: Database,
  rows: readonly DueRow[],
): Promise<ReadonlyMap<RecordKey, readonly RecordKey[]>> {
  const messages = rows.filter(({ direction }) => direction === 'outgoing').map(({ key }) => key);
  if (messages.length === 0) return new Map();
  const found = await repliesQuery(tx, database, messages).execute();
  const replies = new Map<RecordKey, RecordKey[]>();
  for (const { thread, key } of found) {
    if (thread === null) continue;
    const known = replies.get(thread);
    if (known === undefined) replies.set(thread, [key]);
    else known.push(key);
  }
  for (const known of replies.values()) known.sort();
  return replies;
}

function claimOf(row: DueRow, stored: string | undefined, replies: readonly RecordKey[]): Claim {
  const { key, source, thread, direction } = row;
  const body: VendorRow = stored === undefined ? {} : JSON.parse(stored);
  const related: readonly RecordKey[] = row.related === null ? replies : JSON.parse(row.related);
  if (direction === null || thread === null) throw new Error('a row that was set apart is never due');
  return {
    source,
    record: {
      key,
      direction,
      thread,
      related,
      occurredAt: row.occurred_at,
      stage: { rank: row.rank, final: row.final === 1 },
      contentDigest: row.content_digest,
      changeDigest: row.change_digest,
      body,
    },
    attempt: row.attempts + 1,
    firstReadAt: row.first_read_at,
    token: row.claims + 1,
    unsure: row.unsure === 1 || row.state === 'delivering',
    ...(row.sent_digests === null ? {} : { sentDigests: JSON.parse(row.sent_digests) }),
    ...(row.reference === null ? {} : { knownReference: row.reference }),
    ...(row.version === null ? {} : { knownVersion: row.version }),
    ...(stored === undefined ? { problem: { code: 'body-sealed' } } : {}),
  };
}
