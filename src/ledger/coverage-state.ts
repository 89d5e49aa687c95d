import type { Tier } from '../exchange/tier.ts';
import { runningBackfill } from './backfills.ts';
import type { Connection } from './database/database.ts';
import type { CoverageRow, TierRow } from './database/tables.ts';
import type { AnswerSize, CoverageState, TierState } from './ledger.ts';
import { acceptedGaps, openPieces } from './pieces.ts';

/**
 * What `Coverage.state` promises, in a few queries. The frontier first: a piece that is opened or closed meanwhile then
 * only makes the coverage look smaller than it is.
 */
export async function readState(connection: Connection, source: string): Promise<CoverageState> {
  const row = await coverageQuery(connection, source).executeTakeFirst();
  const tiers = await tiersQuery(connection, source).execute();
  const pieces = await openPieces(connection, source);
  const gaps = await acceptedGaps(connection, source);
  const backfill = await runningBackfill(connection, source);
  return {
    ...(row === undefined ? { size: {} } : stateOf(row)),
    tiers: tiersOf(tiers),
    pieces,
    ...(gaps.length === 0 ? {} : { gaps }),
    ...(backfill === undefined ? {} : { backfill }),
  };
}

const coverageQuery = (connection: Connection, source: string) =>
  connection.selectFrom('coverage').selectAll().where('source', '=', source);

const tiersQuery = (connection: Connection, source: string) =>
  connection.selectFrom('tier').selectAll().where('source', '=', source);

function stateOf(row: CoverageRow): Pick<CoverageState, 'start' | 'frontier' | 'size'> {
  return {
    ...(row.start === null ? {} : { start: row.start }),
    ...(row.frontier === null ? {} : { frontier: row.frontier }),
    size: sizeOf(row),
  };
}

function sizeOf(row: CoverageRow): AnswerSize {
  const { most_from: from, most_to: to } = row;
  return {
    ...(row.widest_ms === null ? {} : { widestMs: row.widest_ms }),
    ...(row.row_cap === null ? {} : { rowCap: row.row_cap }),
    ...(row.most_rows === null ? {} : { mostRows: row.most_rows }),
    ...(from === null || to === null ? {} : { mostWindow: { from, to } }),
    ...(row.whole_rows === null ? {} : { wholeRows: row.whole_rows }),
    ...(row.whole_at === null ? {} : { wholeAt: row.whole_at }),
  };
}

function tiersOf(rows: readonly TierRow[]): CoverageState['tiers'] {
  const tiers: { [tier in Tier]?: TierState } = {};
  for (const row of rows) tiers[row.tier] = tierOf(row);
  return tiers;
}

function tierOf(row: TierRow): TierState {
  return {
    ...(row.done_end === null ? {} : { doneEnd: row.done_end }),
    ...(row.done_at === null ? {} : { doneAt: row.done_at }),
    ...(row.sweep_position === null ? {} : { position: row.sweep_position }),
    ...(row.sweep_to === null ? {} : { to: row.sweep_to }),
    failures: row.failures,
    empty: row.empty,
  };
}
