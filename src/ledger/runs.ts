import type { RunReport } from '../exchange/reports.ts';
import { isoInstant } from '../exchange/window.ts';
import type { Database } from './database/database.ts';
import type { Lease } from './lease.ts';
import type { Runs } from './ledger.ts';
import { pageOf, positionOf } from './paging.ts';

/** The history of runs: their reports, newest first. */
export function makeRunHistory({ db }: Database, lease: Lease): Runs {
  return {
    async begin(report, idempotencyKey) {
      await lease.write(async (tx) => {
        await tx
          .insertInto('run')
          .values({
            id: report.id,
            state: report.state,
            idempotency_key: idempotencyKey ?? null,
            report: JSON.stringify(report),
          })
          .execute();
        const sources = report.sources.map(({ name }) => ({ run_id: report.id, source: name }));
        if (sources.length > 0) await tx.insertInto('run_source').values(sources).execute();
      });
    },
    async update(report) {
      await lease.write(async (tx) => {
        await tx
          .updateTable('run')
          .set({ state: report.state, report: JSON.stringify(report) })
          .where('id', '=', report.id)
          .execute();
      });
    },
    async get(id) {
      const row = await db.selectFrom('run').select('report').where('id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : reportOf(row);
    },
    async list(page) {
      const position = positionOf(page.cursor);
      let query = db
        .selectFrom('run')
        .select(['seq', 'report'])
        .orderBy('seq', 'desc')
        .limit(page.limit + 1);
      if (position !== undefined) query = query.where('seq', '<', position);
      return pageOf(await query.execute(), page, reportOf);
    },
    async last(source) {
      const row = await db
        .selectFrom('run')
        .innerJoin('run_source', 'run_source.run_id', 'run.id')
        .select('report')
        .where('run_source.source', '=', source)
        .orderBy('run.seq', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row === undefined ? undefined : reportOf(row);
    },
    async recall(idempotencyKey) {
      const query = db.selectFrom('run').select('id').where('idempotency_key', '=', idempotencyKey);
      return (await query.executeTakeFirst())?.id;
    },
    closeInterrupted: (now) =>
      lease.write(async (tx) => {
        const open = await tx.selectFrom('run').select('report').where('state', '=', 'running').execute();
        for (const row of open) {
          const report: RunReport = { ...reportOf(row), state: 'failed', finishedAt: isoInstant(now) };
          await tx
            .updateTable('run')
            .set({ state: 'failed', report: JSON.stringify(report) })
            .where('id', '=', report.id)
            .execute();
        }
        return open.length;
      }),
  };
}

const reportOf = ({ report }: { readonly report: string }): RunReport => JSON.parse(report) as RunReport;
