import type { Database } from './database/database.ts';
import type { CoverageTable, WindowReadTable } from './database/schema.ts';
import type { Lease } from './lease.ts';
import { pageOf, positionOf } from './paging.ts';
import type { Coverage, CoverageState, SweepState, WindowRead } from './ledger.ts';
import { isProblemCode } from '../exchange/problem.ts';
import type { WindowView } from '../exchange/reports.ts';
import { isoInstant } from '../exchange/window.ts';

/** How far was read: the frontier, the sweep under way, and what became of each window. */
export function makeCoverage({ db }: Database, lease: Lease): Coverage {
  return {
    async state(source) {
      const row = await db.selectFrom('coverage').selectAll().where('source', '=', source).executeTakeFirst();
      return row === undefined ? { sweep: {} } : stateOf(row);
    },
    async cover(read, { start, frontier, sweep }) {
      const moved = {
        ...(start === undefined ? {} : { start_at: start }),
        ...(frontier === undefined ? {} : { frontier }),
        ...(sweep === undefined ? {} : sweepColumns(sweep)),
      };
      await lease.write(async (tx) => {
        await tx
          .insertInto('window_read')
          .values({ ...windowRow(read), state: 'complete', code: null })
          .execute();
        if (Object.keys(moved).length === 0) return;
        const fresh = { start_at: null, frontier: null, ...sweepColumns({}), ...moved };
        await tx
          .insertInto('coverage')
          .values({ source: read.source, ...fresh })
          .onConflict((conflict) => conflict.column('source').doUpdateSet(moved))
          .execute();
      });
    },
    async failed(read, problem) {
      await lease.write(async (tx) => {
        await tx
          .insertInto('window_read')
          .values({ ...windowRow(read), state: 'failed', code: problem.code })
          .execute();
      });
    },
    async windows({ source, from, to }, page) {
      const position = positionOf(page.cursor);
      let query = db
        .selectFrom('window_read')
        .selectAll()
        .orderBy('seq', 'desc')
        .limit(page.limit + 1);
      if (source !== undefined) query = query.where('source', '=', source);
      if (from !== undefined) query = query.where('to_at', '>', from);
      if (to !== undefined) query = query.where('from_at', '<', to);
      if (position !== undefined) query = query.where('seq', '<', position);
      return pageOf(await query.execute(), page, viewOf);
    },
  };
}

function windowRow({ source, window, readAt, rows }: WindowRead) {
  return { source, from_at: window.from, to_at: window.to, read_at: readAt, row_count: rows };
}

function sweepColumns({ doneEnd, doneAt, position, to }: SweepState) {
  return {
    sweep_done_end: doneEnd ?? null,
    sweep_done_at: doneAt ?? null,
    sweep_position: position ?? null,
    sweep_to: to ?? null,
  };
}

function stateOf(row: CoverageTable): CoverageState {
  return {
    ...(row.start_at === null ? {} : { start: row.start_at }),
    ...(row.frontier === null ? {} : { frontier: row.frontier }),
    sweep: {
      ...(row.sweep_done_end === null ? {} : { doneEnd: row.sweep_done_end }),
      ...(row.sweep_done_at === null ? {} : { doneAt: row.sweep_done_at }),
      ...(row.sweep_position === null ? {} : { position: row.sweep_position }),
      ...(row.sweep_to === null ? {} : { to: row.sweep_to }),
    },
  };
}

function viewOf(row: Omit<WindowReadTable, 'seq'>): WindowView {
  return {
    source: row.source,
    from: isoInstant(row.from_at),
    to: isoInstant(row.to_at),
    state: row.state,
    readAt: isoInstant(row.read_at),
    rows: row.row_count,
    code: row.code !== null && isProblemCode(row.code) ? row.code : null,
  };
}
