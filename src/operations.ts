import type { AuditLog } from './audit/audit-log.ts';
import type { Config } from './config/config.ts';
import type { Destination } from './destinations/destination.ts';
import type { Instant } from './exchange/window.ts';
import type { PieceView } from './exchange/reports.ts';
import type { Operations, RunRequest } from './http/operations.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { Mapping } from './mapping/mapping.ts';
import type { DeliveryLoop } from './sync/delivery.ts';
import type { BackfillJobs } from './sync/backfill-jobs.ts';
import { resendOf } from './sync/resend.ts';
import { statusReport } from './sync/status.ts';
import type { Runs, ScheduledSource, StartRun } from './sync/sync-run.ts';
import type { VendorClocks } from './sync/vendor-clock.ts';
import type { WakeUps } from './sync/wake-ups/wake-ups.ts';
import { makeTranslator } from './translator.ts';
import { version } from './version.ts';

export interface RunningParts {
  readonly ledger: Ledger;
  readonly delivery: DeliveryLoop;
  readonly runs: Runs;
  readonly jobs: BackfillJobs;
  readonly sources: readonly ScheduledSource[];
  readonly clocks: VendorClocks;
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
  const { ledger, delivery, runs, jobs, wakeUps, destination, audit, now, failed, startedAt } = parts;
  const sources = parts.sources.map(({ source, limits }) => ({ name: source.name, limits }));
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
            clockOffset: parts.clocks.offsetMs,
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
    status: () => statusReport({ version, ledger, now, sources, destination: destination.name, ...live }),
    async startRun(asked, asker) {
      if (asked.from !== undefined && asked.from >= now()) return { kind: 'not-past' };
      const request = await runOf(ledger, asked);
      if ('kind' in request) return request;
      const started = await runs.start({ ...request, trigger: 'api', ...asker });
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
    async windows(filter, page) {
      const unread = await ledger.coverage.pieces(filter.source);
      return { ...(await ledger.coverage.windows(filter, page)), unread: unread.filter(overlaps(filter)) };
    },
    beginBackfill: ({ from, to, ...request }, asker) => jobs.begin({ ...request, range: { from, to } }, asker),
    backfill: jobs.get,
    backfills: jobs.list,
    moveBackfill: jobs.move,
    translate: (body) => translate([Buffer.from(body)]),
  };
}

/** A message to send again names its source, and the minute in which it was sent. */
async function runOf(
  { messages }: Pick<Ledger, 'messages'>,
  { from, to, resend = false, key, ...request }: RunRequest,
): Promise<Omit<StartRun, 'trigger'> | { readonly kind: 'unknown-record' | 'no-time' }> {
  const range = from === undefined || to === undefined ? undefined : { from, to };
  if (key === undefined) return { ...request, resend, ...(range === undefined ? {} : { range }) };
  const found = await resendOf(messages, key, range);
  if (found.kind !== 'found') return found;
  if (request.source !== undefined && request.source !== found.source) return { kind: 'unknown-record' };
  return { ...request, source: found.source, range: found.range, resend: key };
}

const overlaps =
  ({ from = -Infinity, to = Infinity }: { readonly from?: Instant; readonly to?: Instant }) =>
  (piece: PieceView): boolean =>
    Date.parse(piece.to) > from && Date.parse(piece.from) < to;
