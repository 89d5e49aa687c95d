import type { DeliveryReport, RunReport } from '../exchange/reports.ts';
import { isoInstant } from '../exchange/window.ts';
import type { Database } from './database/database.ts';
import type { Lease } from './lease.ts';
import type { Runs } from './ledger.ts';
import { pageOf, positionOf } from './paging.ts';

/** The history of runs: their reports, newest first. */
export function makeRunHistory({ kysely }: Database, lease: Lease): Runs {
  return {
    async begin(report, idempotencyKey) {
      await lease.write(async (tx) => {
        const { position } = await tx
          .insertInto('run')
          .values({
            id: report.id,
            state: report.state,
            started_at: Date.parse(report.startedAt),
            report: JSON.stringify(report),
            idempotency_key: idempotencyKey ?? null,
          })
          .returning('position')
          .executeTakeFirstOrThrow();
        const sources = report.sources.map(({ name }) => ({ source: name, position }));
        if (sources.length > 0) await tx.insertInto('run_source').values(sources).execute();
      });
    },
    async update(report) {
      await lease.write((tx) =>
        tx
          .updateTable('run')
          .set({ state: report.state, report: JSON.stringify(report) })
          .where('id', '=', report.id)
          .execute(),
      );
    },
    async get(id) {
      const row = await kysely.selectFrom('run').select('report').where('id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : reportOf(row);
    },
    async list(page) {
      const position = positionOf('runs', page.cursor);
      let query = kysely
        .selectFrom('run')
        .select(['position', 'report'])
        .orderBy('position', 'desc')
        .limit(page.limit + 1);
      if (position !== undefined) query = query.where('position', '<', position);
      return pageOf('runs', await query.execute(), page, reportOf);
    },
    async last(source) {
      const row = await kysely
        .selectFrom('run_source')
        .innerJoin('run', 'run.position', 'run_source.position')
        .select('report')
        .where('run_source.source', '=', source)
        .orderBy('run_source.position', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row === undefined ? undefined : reportOf(row);
    },
    async recall(idempotencyKey) {
      const query = kysely.selectFrom('run').select('id').where('idempotency_key', '=', idempotencyKey);
      return (await query.executeTakeFirst())?.id;
    },
    closeInterrupted: (now) =>
      lease.write(async (tx) => {
        const open = await tx.selectFrom('run').select('report').where('state', '=', 'running').execute();
        for (const row of open) {
          const report: RunReport = { ...reportOf(row), state: 'failed', finishedAt: isoInstant(now) };
          await tx
            .updateTable('run')
            .set({ state: report.state, report: JSON.stringify(report) })
            .where('id', '=', report.id)
            .execute();
        }
        return open.length;
      }),
  };
}

/** 0.1.0 stored no `counts`. */
interface StoredReport extends Omit<RunReport, 'delivery'> {
  readonly delivery: Omit<DeliveryReport, 'counts'> & Partial<Pick<DeliveryReport, 'counts'>>;
}

function reportOf(row: { readonly report: string }): RunReport {
  const report: StoredReport = JSON.parse(row.report);
  const { counts = {}, ...delivery } = report.delivery;
  return { ...report, delivery: { ...delivery, counts } };
}
