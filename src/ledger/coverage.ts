import type { Problem, ProblemCode } from '../exchange/problem.ts';
import type { WindowView } from '../exchange/reports.ts';
import { isoInstant } from '../exchange/window.ts';
import type { Database } from './database/database.ts';
import type { CoverageRow, WindowRow } from './database/tables.ts';
import type { Lease } from './lease.ts';
import type { Coverage, CoverageState, SweepState, WindowRead } from './ledger.ts';
import { pageOf, positionOf } from './paging.ts';

/** How far was read: the frontier, the sweep under way, and what became of each window. */
export function makeCoverage({ kysely }: Database, lease: Lease): Coverage {
  return {
    async state(source) {
      const row = await kysely.selectFrom('coverage').selectAll().where('source', '=', source).executeTakeFirst();
      return row === undefined ? { sweep: {} } : stateOf(row);
    },
    async begin(source, start) {
      await lease.write((tx) =>
        tx
          .insertInto('coverage')
          .values({ source, start, frontier: null, ...sweepColumns({}) })
          .onConflict((conflict) => conflict.column('source').doNothing())
          .execute(),
      );
    },
    async cover(read, { start, frontier, sweep }) {
      const moved = {
        ...(start === undefined ? {} : { start }),
        ...(frontier === undefined ? {} : { frontier }),
        ...(sweep === undefined ? {} : sweepColumns(sweep)),
      };
      await lease.write(async (tx) => {
        await tx
          .insertInto('window_read')
          .values(windowRow(read, 'complete', null))
          .execute();
        if (Object.keys(moved).length === 0) return;
        await tx
          .insertInto('coverage')
          .values({ source: read.source, start: null, frontier: null, ...sweepColumns({}), ...moved })
          .onConflict((conflict) => conflict.column('source').doUpdateSet(moved))
          .execute();
      });
    },
    async failed(read, { code }: Problem) {
      await lease.write((tx) =>
        tx
          .insertInto('window_read')
          .values(windowRow(read, 'failed', code))
          .execute(),
      );
    },
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
  };
}

function windowRow(
  { source, window, readAt, rows }: WindowRead,
  state: WindowRow['state'],
  code: ProblemCode | null,
): WindowRow {
  return { source, from_at: window.from, to_at: window.to, state, read_at: readAt, rows, code };
}

function sweepColumns({ doneEnd, doneAt, position, to }: SweepState) {
  return {
    sweep_done_end: doneEnd ?? null,
    sweep_done_at: doneAt ?? null,
    sweep_position: position ?? null,
    sweep_to: to ?? null,
  };
}

function stateOf(row: CoverageRow): CoverageState {
  return {
    ...(row.start === null ? {} : { start: row.start }),
    ...(row.frontier === null ? {} : { frontier: row.frontier }),
    sweep: {
      ...(row.sweep_done_end === null ? {} : { doneEnd: row.sweep_done_end }),
      ...(row.sweep_done_at === null ? {} : { doneAt: row.sweep_done_at }),
      ...(row.sweep_position === null ? {} : { position: row.sweep_position }),
      ...(row.sweep_to === null ? {} : { to: row.sweep_to }),
    },
  };
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
