import type { Instant } from '../exchange/window.ts';
import type { Connection, Database, LedgerTransaction } from './database/database.ts';
import type { BackfillRow } from './database/tables.ts';
import type { Lease } from './lease.ts';
import type { BackfillJob, Backfills, CoverageMoves, NewBackfill } from './ledger.ts';
import { pageOf, positionOf } from './paging.ts';

type JobState = BackfillJob['state'];

/** From which states a person may move a job there. */
const mayBecome: Readonly<Record<'running' | 'paused' | 'stopped', readonly JobState[]>> = {
  running: ['paused'],
  paused: ['running'],
  stopped: ['running', 'paused'],
};

/** Jobs that read past ranges: begun, paused and stopped by people, moved on by what is read. */
export function makeBackfills({ kysely }: Database, lease: Lease): Backfills {
  return {
    begin: (job) =>
      lease.write(async (tx) => {
        await tx
          .insertInto('backfill')
          .values(rowOf(job))
          .onConflict((conflict) => conflict.doNothing())
          .execute();
        return jobOf(await sameQuery(tx, job).executeTakeFirstOrThrow());
      }),
    get: (id) => jobById(kysely, id),
    async list(page) {
      const position = positionOf('backfills', page.cursor);
      const query = kysely
        .selectFrom('backfill')
        .selectAll()
        .orderBy('position', 'desc')
        .limit(page.limit + 1);
      const rows = await (position === undefined ? query : query.where('position', '<', position)).execute();
      return pageOf('backfills', rows, page, jobOf);
    },
    unfinished: async (source) => (await unfinishedQuery(kysely, source).execute()).map(jobOf),
    move: (id, to, now) =>
      lease.write(async (tx) => {
        const { numUpdatedRows } = await tx
          .updateTable('backfill')
          .set({ state: to, finished_at: to === 'stopped' ? now : null })
          .where('id', '=', id)
          .where('state', 'in', mayBecome[to])
          .executeTakeFirstOrThrow();
        // Nobody reads them any more.
        if (to === 'stopped' && numUpdatedRows > 0n) {
          await tx.deleteFrom('piece').where('backfill', '=', id).where('accepted_at', 'is', null).execute();
        }
        return jobById(tx, id);
      }),
  };
}

/** The job of a source that is running and began first. */
export async function runningBackfill(connection: Connection, source: string): Promise<BackfillJob | undefined> {
  const row = await runningQuery(connection, source).executeTakeFirst();
  return row === undefined ? undefined : jobOf(row);
}

export const runningQuery = (connection: Connection, source: string) =>
  unfinishedQuery(connection, source).where('state', '=', 'running').limit(1);

const unfinishedQuery = (connection: Connection, source: string) =>
  connection
    .selectFrom('backfill')
    .selectAll()
    .where('source', '=', source)
    .where('finished_at', 'is', null)
    .orderBy('started_at')
    .orderBy('position');

/**
 * What a read moves of its job. That it goes on says nothing of its state: somebody may have paused or stopped it while
 * the window was being read. That it has come to its end finishes it, unless it was stopped before.
 */
export async function moveJob(
  tx: LedgerTransaction,
  { id, position, windows, rows, state, order }: NonNullable<CoverageMoves['backfill']>,
  readAt: Instant,
): Promise<void> {
  if (order !== undefined && (await isThereOtherwise(tx, id, order))) {
    // Another job reads the same that way round: this one has come to the end of what the vendor keeps.
    return finishJob(tx, id, 'retention', readAt);
  }
  const turned = order === undefined ? {} : { newest_first: order === 'newest-first' ? 1 : 0 };
  await tx
    .updateTable('backfill')
    .set({ read_position: position, windows, rows, ...turned })
    .where('id', '=', id)
    .execute();
  if (state !== 'running' && state !== 'paused') await finishJob(tx, id, state, readAt);
}

async function finishJob(tx: LedgerTransaction, id: string, state: JobState, at: Instant): Promise<void> {
  await tx
    .updateTable('backfill')
    .set({ state, finished_at: at })
    .where('id', '=', id)
    .where('finished_at', 'is', null)
    .execute();
}

async function isThereOtherwise(tx: LedgerTransaction, id: string, order: BackfillJob['order']): Promise<boolean> {
  const job = await jobById(tx, id);
  if (job === undefined) return false;
  const other = await sameQuery(tx, { ...job, order }).executeTakeFirst();
  return other !== undefined && other.id !== id;
}

/** Which of the jobs were stopped. None of the others is, on PostgreSQL, before this transaction ends. */
export async function stoppedJobs(
  tx: LedgerTransaction,
  { engine }: Database,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const query = tx.selectFrom('backfill').select(['id', 'state']).where('id', 'in', ids);
  const jobs = await (engine === 'postgres' ? query.forShare() : query).execute();
  return new Set(jobs.filter(({ state }) => state === 'stopped').map(({ id }) => id));
}

async function jobById(connection: Connection, id: string): Promise<BackfillJob | undefined> {
  const row = await connection.selectFrom('backfill').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : jobOf(row);
}

/** The unfinished job that reads the same; the index lets there be one. */
const sameQuery = (
  connection: Connection,
  { source, range, order, resend }: Pick<BackfillJob, 'source' | 'range' | 'order' | 'resend'>,
) =>
  connection
    .selectFrom('backfill')
    .selectAll()
    .where('source', '=', source)
    .where('from_at', '=', range.from)
    .where('to_at', '=', range.to)
    .where('newest_first', '=', order === 'newest-first' ? 1 : 0)
    .where('resend', '=', resend ? 1 : 0)
    .where('finished_at', 'is', null);

function rowOf({ id, source, range, order, resend, startedAt }: NewBackfill): BackfillRow {
  const newestFirst = order === 'newest-first';
  return {
    id,
    source,
    from_at: range.from,
    to_at: range.to,
    newest_first: newestFirst ? 1 : 0,
    resend: resend ? 1 : 0,
    state: 'running',
    read_position: newestFirst ? range.to : range.from,
    windows: 0,
    rows: 0,
    started_at: startedAt,
    finished_at: null,
  };
}

function jobOf(row: BackfillRow): BackfillJob {
  return {
    id: row.id,
    source: row.source,
    range: { from: row.from_at, to: row.to_at },
    order: row.newest_first === 1 ? 'newest-first' : 'oldest-first',
    resend: row.resend === 1,
    state: row.state,
    position: row.read_position,
    windows: row.windows,
    rows: row.rows,
    startedAt: row.started_at,
    ...(row.finished_at === null ? {} : { finishedAt: row.finished_at }),
  };
}
