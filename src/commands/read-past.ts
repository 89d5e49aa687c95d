import { setTimeout as sleepFor } from 'node:timers/promises';
import { problemSentence } from '../exchange/problem.ts';
import type { BackfillView, DeliveryReport, SourceRunReport } from '../exchange/reports.ts';
import { openService, type Service } from '../service.ts';
import type { BackfillRequest } from '../sync/backfill-jobs.ts';
import { readToEnd, type BackfillEnd } from '../sync/read-to-end.ts';
import { DeliveryTally } from '../sync/tally.ts';
import { asker } from './asker.ts';
import { backfillProgressOn, forecastText } from './backfill-progress.ts';
import { exit, printJson, printLine, type CommandIo, type ExitCode } from './command.ts';
import { openConfig } from './open-config.ts';
import { sourcesOf } from './sources-of.ts';
import { deliveryLines, sourceLines } from './run-text.ts';

export interface PastRequest extends Pick<BackfillRequest, 'range' | 'order' | 'resend'> {
  /** One source by name; all of them without it. */
  readonly source?: string;
}

/** What `--json` prints. */
interface PastReport {
  readonly backfills: readonly BackfillView[];
  readonly sources: readonly SourceRunReport[];
  readonly delivery: DeliveryReport;
}

/**
 * Begins the jobs of a past range, or goes on with them where they were, and reads them to their end in a service of
 * its own, which must be alone with the ledger. SIGTERM ends it in order; the same command goes on from there.
 */
export async function readPast(
  io: CommandIo,
  options: { readonly config?: string; readonly json?: boolean },
  request: PastRequest,
): Promise<ExitCode> {
  const config = openConfig(io, options.config);
  const names = sourcesOf(config, request.source).map(({ name }) => name);
  const service = await openService(config, { ...io, access: 'owner', log: 'stderr' });
  try {
    await service.checkDestination();
    const jobs = [];
    for (const source of names) jobs.push(await jobOf(service, { ...request, source }));
    const { ends, delivery } = await read(service, io, jobs);
    const report: PastReport = {
      backfills: ends.map(({ job }) => job),
      sources: ends.map((end) => end.read),
      delivery,
    };
    if (options.json === true) printJson(io.stdout, report);
    else for (const end of ends) for (const line of endLines(end)) printLine(io.stdout, line);
    if (options.json !== true) for (const line of deliveryLines(delivery)) printLine(io.stdout, line);
    return exitOf(ends, report);
  } finally {
    await service.stop();
  }
}

async function jobOf(service: Service, request: BackfillRequest): Promise<BackfillView> {
  const begun = await service.jobs.begin(request, asker);
  switch (begun.kind) {
    case 'begun':
    case 'there': {
      if (begun.job.state !== 'paused') return begun.job;
      const resumed = await service.jobs.move(begun.job.id, 'running', asker);
      return resumed.kind === 'not-there' ? begun.job : resumed.job;
    }
    case 'unknown-source':
    case 'not-past':
      throw new Error(`the job was refused although it was looked at before: ${begun.kind}`);
  }
}

/** All sources at once: one that has to wait keeps no other waiting. */
async function read(
  service: Service,
  io: CommandIo,
  jobs: readonly BackfillView[],
): Promise<{ readonly ends: readonly BackfillEnd[]; readonly delivery: DeliveryReport }> {
  const { delivery, runs, ledger } = service;
  const stopping = new AbortController();
  void io.stopped.then(() => stopping.abort());
  const tally = new DeliveryTally();
  const unfollow = delivery.follow(tally);
  const progress = backfillProgressOn(io);
  delivery.start();
  try {
    const reading = jobs.map(({ id, source }) =>
      readToEnd(
        {
          async job() {
            const job = await service.jobs.get(id);
            if (job === undefined) throw new Error('a backfill has gone');
            return job;
          },
          readOne: (signal) => runs.readBackfill(source, signal),
          pause: () => runs.pauseOf(source),
          now: io.now,
          sleep,
          random: Math.random,
          told: progress.show,
        },
        stopping.signal,
      ),
    );
    const ends = await Promise.race([Promise.all(reading), delivery.broken]);
    // What is not delivered when it is told to stop is delivered by the next run.
    if (!stopping.signal.aborted) await Promise.race([delivery.settled(), delivery.broken, io.stopped]);
    const { pending, delivering } = await ledger.messages.counts();
    return { ends, delivery: tally.report(pending + delivering, delivery.state().problem?.code) };
  } finally {
    unfollow();
    progress.end();
  }
}

const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  // Ends early, without an error, when it is told to.
  sleepFor(ms, undefined, { signal }).catch(() => {});

function exitOf(ends: readonly BackfillEnd[], { backfills, sources, delivery }: PastReport): ExitCode {
  if (ends.some(({ kind }) => kind === 'broken-off')) return exit.failed;
  const unread = backfills.reduce((sum, { state, stuck }) => sum + stuck + (state === 'done' ? 0 : 1), 0);
  const unreadable = sources.reduce((sum, source) => sum + source.unreadable, 0);
  const { pending, waiting, rejected } = delivery;
  return unread + unreadable + pending + waiting + rejected === 0 ? exit.done : exit.incomplete;
}

function endLines(end: BackfillEnd): readonly string[] {
  const { job, read: source } = end;
  return [`backfill ${job.id}, ${job.from} to ${job.to}: ${endText(end)}`, ...sourceLines(source), ...stuckLines(job)];
}

function endText(end: BackfillEnd): string {
  const { job } = end;
  if (end.kind === 'broken-off') {
    const why = end.problem === undefined ? 'stopped.' : `stopped: ${problemSentence(end.problem)}`;
    const left = job.forecast === null ? '' : ` (${forecastText(job.forecast)} left)`;
    return `${job.percent} %, ${why} The same command goes on from there${left}.`;
  }
  switch (job.state) {
    case 'done':
      return 'done';
    case 'retention':
      return `ended at ${job.position}: Dialog Health keeps nothing beyond that.`;
    case 'paused':
    case 'running':
    case 'stopped':
      return `${job.percent} %, ${job.state} by somebody else`;
  }
}

function stuckLines({ stuck }: BackfillView): readonly string[] {
  return stuck === 0 ? [] : [`    ${stuck} windows could not be read: see "windows --stuck".`];
}
