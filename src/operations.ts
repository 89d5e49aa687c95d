import type { AuditLog } from './audit/audit-log.ts';
import type { Config } from './config/config.ts';
import type { Destination } from './destinations/destination.ts';
import type { Instant } from './exchange/window.ts';
import type { Operations } from './http/operations.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { Mapping } from './mapping/mapping.ts';
import type { DeliveryLoop } from './sync/delivery.ts';
import type { BackfillLoop } from './sync/backfill.ts';
import { statusReport } from './sync/status.ts';
import type { Runs } from './sync/sync-run.ts';
import type { WakeUps } from './sync/wake-ups/wake-ups.ts';
import { makeTranslator } from './translator.ts';
import { version } from './version.ts';

export interface RunningParts {
  readonly ledger: Ledger;
  readonly delivery: DeliveryLoop;
  readonly runs: Runs;
  readonly backfills: BackfillLoop;
  readonly wakeUps: WakeUps;
  readonly destination: Destination;
  /** Of the first source: it translates what HTTP sends. */
  readonly mapping: Mapping | undefined;
  readonly audit: AuditLog;
  readonly now: () => Instant;
  readonly failed: (error: unknown) => void;
  /** Undefined beside another process that owns the ledger. */
  readonly startedAt: Instant | undefined;
  readonly stopping: () => boolean;
}

/** What HTTP and the commands may ask. */
export function operationsOf(config: Config, parts: RunningParts): Operations {
  const { ledger, delivery, runs, wakeUps, destination, audit, now, failed, startedAt } = parts;
  const translate = makeTranslator(config, parts.mapping);
  const live =
    startedAt === undefined
      ? {}
      : {
          live: {
            startedAt,
            runningId: runs.runningId,
            pauseOf: runs.pauseOf,
            nextRun: wakeUps.next,
            delivery: delivery.state,
          },
        };
  return {
    live: () => true,
    async ready() {
      if (parts.stopping()) return false;
      return ledger.ping().then(
        () => true,
        () => false,
      );
    },
    status: () =>
      statusReport({ version, ledger, now, sources: config.sources, destination: destination.name, ...live }),
    async startRun({ from, to, ...request }, asker) {
      const range = from === undefined || to === undefined ? {} : { range: { from, to } };
      const started = await runs.start({ trigger: 'api', ...request, ...range, ...asker });
      // Only the schedule is left out in a pause.
      if (started.kind === 'paused') throw new Error('a run that somebody asked for was left out');
      if (started.kind !== 'started') return started;
      started.finished.catch(failed);
      return { kind: 'started', id: started.id };
    },
    run: ledger.runs.get,
    runs: ledger.runs.list,
    records: ledger.messages.list,
    async record(key) {
      return (await ledger.messages.list({ key }, { limit: 1 })).items[0];
    },
    async release(filter, { user, requestId }) {
      const count = await ledger.messages.release(filter, now());
      audit({ event: 'records_released', count, code: filter.code ?? null, user, requestId });
      delivery.wake();
      return count;
    },
    windows: ledger.coverage.windows,
    translate: (body) => translate([Buffer.from(body)]),
  };
}
