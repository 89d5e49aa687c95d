import type { ProblemCode } from '../exchange/problem.ts';
import type { WindowView } from '../exchange/reports.ts';
import { isoInstant } from '../exchange/window.ts';
import { putStart, writeMoves } from './coverage-moves.ts';
import { readState } from './coverage-state.ts';
import type { Database } from './database/database.ts';
import type { WindowRow } from './database/tables.ts';
import type { Lease } from './lease.ts';
import type { Coverage, CoverageMoves, WindowRead } from './ledger.ts';
import { pageOf, positionOf } from './paging.ts';
import { acceptStuck, listPieces } from './pieces.ts';
import { knownMessages, unsettledRange } from './sent-messages.ts';

/** How far was read: the frontier, the sweeps under way, what is left open, and what became of each window. */
export function makeCoverage(database: Database, lease: Lease): Coverage {
  const { kysely } = database;
  const writeDown = (read: WindowRead, code: ProblemCode | null, moves: CoverageMoves): Promise<void> =>
    lease.write(async (tx) => {
      await tx.insertInto('window_read').values(windowRow(read, code)).execute();
      await writeMoves(tx, database, read, moves);
    });
  return {
    state: (source) => readState(kysely, source),
    begin: (source, start) => lease.write((tx) => putStart(tx, source, start)),
    cover: (read, moves) => writeDown(read, null, moves),
    failed: (read, { code }, moves) => writeDown(read, code, moves),
    async windows({ source, from, to }, page) {
      const position = positionOf('windows', page.cursor);
      let query = kysely
        .selectFrom('window_read')
        .selectAll()
        .orderBy('position', 'desc')
        .limit(page.limit + 1);
      if (source !== undefined) query = query.where('source', '=', source);
      if (from !== undefined) query = query.where('to_at', '>', from);
      if (to !== undefined) query = query.where('from_at', '<', to);
      if (position !== undefined) query = query.where('position', '<', position);
      return pageOf('windows', await query.execute(), page, viewOf);
    },
    pieces: (source) => listPieces(kysely, source),
    acceptGap: (source, range, by, now) => lease.write((tx) => acceptStuck(tx, source, range, by, now)),
    known: (source, range, limit) => knownMessages(kysely, source, range, limit),
    unsettled: (source, range) => unsettledRange(kysely, source, range),
  };
}

function windowRow({ source, window, readAt, rows }: WindowRead, code: ProblemCode | null): WindowRow {
  const state = code === null ? 'complete' : 'failed';
  return { source, from_at: window.from, to_at: window.to, state, read_at: readAt, rows, code };
}

function viewOf(row: WindowRow): WindowView {
  return {
    source: row.source,
    from: isoInstant(row.from_at),
    to: isoInstant(row.to_at),
    state: row.state,
    readAt: isoInstant(row.read_at),
    rows: row.rows,
    code: row.code,
  };
}
