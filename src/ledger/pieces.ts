import type { PieceView } from '../exchange/reports.ts';
import { isoInstant, type Instant, type TimeWindow } from '../exchange/window.ts';
import { stoppedJobs } from './backfills.ts';
import type { Connection, Database, LedgerTransaction } from './database/database.ts';
import type { PieceRow } from './database/tables.ts';
import type { CoverageMoves, NewPiece, OpenPiece } from './ledger.ts';

/** The pieces of a source that are still to be read, ascending. */
export async function openPieces(connection: Connection, source: string): Promise<readonly OpenPiece[]> {
  const rows = await openPiecesQuery(connection, source).execute();
  return rows.flatMap(({ id, tier, from_at: from, to_at: to, state, failures, code, due_at: dueAt, backfill }) =>
    state === 'accepted'
      ? []
      : [{ id, tier, window: { from, to }, state, failures, code, dueAt, ...(backfill === null ? {} : { backfill }) }],
  );
}

export const openPiecesQuery = (connection: Connection, source: string) =>
  connection
    .selectFrom('piece')
    .selectAll()
    .where('source', '=', source)
    .where('accepted_at', 'is', null)
    .orderBy('from_at')
    .orderBy('id');

/** What persons gave up, ascending. */
export async function acceptedGaps(connection: Connection, source: string): Promise<readonly TimeWindow[]> {
  const rows = await acceptedGapsQuery(connection, source).execute();
  return rows.map(({ from_at: from, to_at: to }) => ({ from, to }));
}

export const acceptedGapsQuery = (connection: Connection, source: string) =>
  connection
    .selectFrom('piece')
    .select(['from_at', 'to_at'])
    .where('source', '=', source)
    .where('accepted_at', 'is not', null)
    .orderBy('from_at')
    .orderBy('id');

/** All that were not read, the accepted ones too. */
export async function listPieces(connection: Connection, source: string | undefined): Promise<readonly PieceView[]> {
  const query = connection.selectFrom('piece').selectAll().orderBy('from_at').orderBy('id');
  const rows = await (source === undefined ? query : query.where('source', '=', source)).execute();
  return rows.map(viewOf);
}

/** Gives up what is stuck within the range. What is queued is read by itself, and nobody's to give up. */
export async function acceptStuck(
  tx: LedgerTransaction,
  source: string,
  { from, to }: TimeWindow,
  by: string,
  now: Instant,
): Promise<readonly TimeWindow[]> {
  const accepted = await tx
    .updateTable('piece')
    .set({ state: 'accepted', accepted_by: by, accepted_at: now })
    .where('source', '=', source)
    .where('state', '=', 'stuck')
    .where('from_at', '>=', from)
    .where('to_at', '<=', to)
    .returning(['from_at', 'to_at'])
    .execute();
  return accepted.map((row) => ({ from: row.from_at, to: row.to_at })).toSorted((a, b) => a.from - b.from);
}

/** Also one that was accepted while it was being read: it was read after all. */
export async function closePieces(tx: LedgerTransaction, source: string, ids: readonly number[]): Promise<void> {
  await tx.deleteFrom('piece').where('id', 'in', ids).where('source', '=', source).execute();
}

/** One that was accepted meanwhile stays so. */
export async function changePiece(
  tx: LedgerTransaction,
  source: string,
  { id, state, failures, code, dueAt }: NonNullable<CoverageMoves['changes']>,
): Promise<void> {
  await tx
    .updateTable('piece')
    .set({ state, failures, code, due_at: dueAt })
    .where('id', '=', id)
    .where('source', '=', source)
    .where('accepted_at', 'is', null)
    .execute();
}

/** A job that was stopped while a window of it was being read leaves nothing open. */
export async function openParts(
  tx: LedgerTransaction,
  database: Database,
  source: string,
  parts: readonly NewPiece[],
): Promise<void> {
  const jobs = parts.flatMap(({ backfill }) => (backfill === undefined ? [] : [backfill]));
  const stopped = await stoppedJobs(tx, database, jobs);
  const rows = parts.filter(({ backfill = '' }) => !stopped.has(backfill)).map((part) => rowOf(source, part));
  if (rows.length > 0) await tx.insertInto('piece').values(rows).execute();
}

function rowOf(source: string, { tier, window, state, failures, code, dueAt, backfill }: NewPiece): PieceRow {
  return {
    source,
    tier,
    from_at: window.from,
    to_at: window.to,
    state,
    failures,
    code,
    due_at: dueAt,
    backfill: backfill ?? null,
    accepted_by: null,
    accepted_at: null,
  };
}

function viewOf(row: PieceRow): PieceView {
  return {
    source: row.source,
    tier: row.tier,
    from: isoInstant(row.from_at),
    to: isoInstant(row.to_at),
    state: row.state,
    failures: row.failures,
    code: row.code,
    acceptedBy: row.accepted_by,
    acceptedAt: row.accepted_at === null ? null : isoInstant(row.accepted_at),
  };
}
