import { tiers as tierNames } from '../exchange/tier.ts';
import { moveJob } from './backfills.ts';
import type { Database, LedgerTransaction } from './database/database.ts';
import type { CoverageRow, TierRow } from './database/tables.ts';
import type { AnswerSize, CoverageMoves, TierState, WindowRead } from './ledger.ts';
import { changePiece, closePieces, openParts } from './pieces.ts';

/** Moves what one read moves, in the transaction that writes the read down. */
export async function writeMoves(
  tx: LedgerTransaction,
  database: Database,
  { source, readAt }: WindowRead,
  { start, frontier, tiers = {}, closes = [], opens = [], changes, size, backfill }: CoverageMoves,
): Promise<void> {
  // The job before its pieces: who stops a job goes the same way, and neither waits for the other in a circle.
  if (backfill !== undefined) await moveJob(tx, backfill, readAt);
  if (closes.length > 0) await closePieces(tx, source, closes);
  if (changes !== undefined) await changePiece(tx, source, changes);
  if (opens.length > 0) await openParts(tx, database, source, opens);
  for (const row of tierRows(source, tiers)) await putTier(tx, row);
  await putCoverage(tx, source, {
    ...(start === undefined ? {} : { start }),
    ...(frontier === undefined ? {} : { frontier }),
    ...(size === undefined ? {} : sizeColumns(size)),
  });
}

const nothing = {
  start: null,
  frontier: null,
  widest_ms: null,
  row_cap: null,
  most_rows: null,
  most_from: null,
  most_to: null,
  whole_rows: null,
  whole_at: null,
} as const satisfies Omit<CoverageRow, 'source'>;

async function putCoverage(tx: LedgerTransaction, source: string, moved: Partial<CoverageRow>): Promise<void> {
  if (Object.keys(moved).length === 0) return;
  await tx
    .insertInto('coverage')
    .values({ source, ...nothing, ...moved })
    .onConflict((conflict) => conflict.column('source').doUpdateSet(moved))
    .execute();
}

/** Where reading begins; a beginning that is there stays. */
export async function putStart(tx: LedgerTransaction, source: string, start: number): Promise<void> {
  await tx
    .insertInto('coverage')
    .values({ source, ...nothing, start })
    .onConflict((conflict) => conflict.column('source').doNothing())
    .execute();
}

function sizeColumns({ widestMs, rowCap, mostRows, mostWindow, wholeRows, wholeAt }: AnswerSize) {
  return {
    widest_ms: widestMs ?? null,
    row_cap: rowCap ?? null,
    most_rows: mostRows ?? null,
    most_from: mostWindow?.from ?? null,
    most_to: mostWindow?.to ?? null,
    whole_rows: wholeRows ?? null,
    whole_at: wholeAt ?? null,
  };
}

function tierRows(source: string, tiers: NonNullable<CoverageMoves['tiers']>): readonly TierRow[] {
  return tierNames.flatMap((tier) => {
    const state = tiers[tier];
    return state === undefined ? [] : [{ source, tier, ...tierColumns(state) }];
  });
}

function tierColumns({ doneEnd, doneAt, position, to, failures, empty }: TierState) {
  return {
    done_end: doneEnd ?? null,
    done_at: doneAt ?? null,
    sweep_position: position ?? null,
    sweep_to: to ?? null,
    failures,
    empty,
  };
}

async function putTier(tx: LedgerTransaction, { source, tier, ...columns }: TierRow): Promise<void> {
  await tx
    .insertInto('tier')
    .values({ source, tier, ...columns })
    .onConflict((conflict) => conflict.columns(['source', 'tier']).doUpdateSet(columns))
    .execute();
}
