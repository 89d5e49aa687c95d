import type { AuditLog } from '../audit/audit-log.ts';
import type { Problem } from '../exchange/problem.ts';
import type { RunReport, RunTrigger, SourceRunReport } from '../exchange/reports.ts';
import { isoInstant, type Instant, type TimeWindow } from '../exchange/window.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Source } from '../sources/source.ts';
import type { DeliveryLoop } from './delivery.ts';
import { takeIn, type Reached } from './intake.ts';
import type { Random } from './retry-policy.ts';
import { mayRead, pauseAfter, type SourcePause } from './source-pause.ts';
import { DeliveryTally, ProblemTally } from './tally.ts';
import type { PlanLimits } from './window-plan.ts';

/** A source and what its reading goes by. */
export interface ScheduledSource {
  readonly source: Source;
  readonly limits: PlanLimits;
}

export interface RunParts {
  readonly ledger: Ledger;
  readonly sources: readonly ScheduledSource[];
  readonly delivery: DeliveryLoop;
  readonly audit: AuditLog;
  readonly now: () => Instant;
  readonly newId: () => string;
  readonly random: Random;
  readonly reached: Reached;
}

export interface StartRun {
  readonly trigger: RunTrigger;
  /** One source by name; all of them without it. */
  readonly source?: string;
  readonly range?: TimeWindow;
  readonly idempotencyKey?: string;
  readonly user?: string;
  readonly requestId?: string;
}

export type StartedRun =
  | { readonly kind: 'started'; readonly id: string; readonly finished: Promise<RunReport> }
  | { readonly kind: 'repeated'; readonly id: string }
  | { readonly kind: 'already-running'; readonly id: string }
  | { readonly kind: 'unknown-source'; readonly known: readonly string[] }
  | { readonly kind: 'paused' }
  | { readonly kind: 'stopping' };

/** Runs: intake of each source, delivery until everything due was tried, a report. One at a time per source. */
export interface Runs {
  /** The one way in: schedule, start-up, HTTP and command line all come here. */
  start(request: StartRun): Promise<StartedRun>;
  runningId(source: string): string | undefined;
  pauseOf(source: string): SourcePause | undefined;
  /** Breaks off reading, waits for the runs to end. What was recorded stays; the window is read again. */
  stop(): Promise<void>;
}

export function makeRuns(parts: RunParts): Runs {
  const { ledger, delivery, audit, now, reached } = parts;
  const running = new Map<string, string>();
  const pauses = new Map<string, SourcePause>();
  const open = new Set<Promise<RunReport>>();
  /** Of runs under way: the same request may come twice before the first is written down. */
  const keysUnderWay = new Map<string, string>();
  const stopping = new AbortController();

  async function start(request: StartRun): Promise<StartedRun> {
    const known = parts.sources.map(({ source }) => source.name);
    if (stopping.signal.aborted) return { kind: 'stopping' };
    if (request.source !== undefined && !known.includes(request.source)) return { kind: 'unknown-source', known };
    if (request.idempotencyKey !== undefined) {
      const written = await ledger.runs.recall(request.idempotencyKey);
      const earlier = written ?? keysUnderWay.get(request.idempotencyKey);
      if (earlier !== undefined) return { kind: 'repeated', id: earlier };
    }
    const wanted = parts.sources.filter(({ source }) => request.source === undefined || source.name === request.source);
    const busy = wanted.map(({ source }) => running.get(source.name)).find((id) => id !== undefined);
    if (busy !== undefined) return leftOut(request, wanted, 'already-running', { kind: 'already-running', id: busy });
    const byPerson = request.trigger === 'api' || request.trigger === 'command';
    const ready = wanted.filter(({ source }) => mayRead(pauses.get(source.name), byPerson, now()));
    if (ready.length === 0 && !byPerson) return leftOut(request, wanted, 'paused', { kind: 'paused' });
    // From here to the first await nothing else can start a run for these sources.
    const id = parts.newId();
    for (const { source } of ready) running.set(source.name, id);
    const key = request.idempotencyKey;
    if (key !== undefined) keysUnderWay.set(key, id);
    const free = (): void => {
      for (const { source } of ready) running.delete(source.name);
      if (key !== undefined) keysUnderWay.delete(key);
    };
    const startedAt = now();
    const begun: RunReport = {
      id,
      trigger: request.trigger,
      state: 'running',
      startedAt: isoInstant(startedAt),
      finishedAt: null,
      sources: wanted.map(({ source }) => nothingRead(source.name)),
      delivery: new DeliveryTally().report(0),
    };
    try {
      await ledger.runs.begin(begun, request.idempotencyKey);
    } catch (error) {
      free();
      throw error;
    }
    const held = wanted.filter((each) => !ready.includes(each));
    const finished = run(begun, startedAt, request, ready, held).finally(free);
    open.add(finished);
    void finished.then(
      () => open.delete(finished),
      () => open.delete(finished),
    );
    return { kind: 'started', id, finished };
  }

  function leftOut(
    request: StartRun,
    wanted: readonly ScheduledSource[],
    why: 'already-running' | 'paused',
    answer: StartedRun,
  ): StartedRun {
    if (request.trigger === 'schedule') {
      for (const { source } of wanted) {
        const stopped = pauses.get(source.name)?.until === Infinity;
        audit({ event: 'run_skipped', source: source.name, why: why === 'paused' && stopped ? 'stopped' : why });
      }
    }
    return answer;
  }

  async function run(
    begun: RunReport,
    startedAt: Instant,
    request: StartRun,
    ready: readonly ScheduledSource[],
    held: readonly ScheduledSource[],
  ): Promise<RunReport> {
    const { id, trigger } = begun;
    const tally = new DeliveryTally();
    const { user = null, requestId = null } = request;
    audit({ event: 'run_triggered', runId: id, trigger, user, requestId });
    audit({ event: 'run_started', runId: id, trigger, sources: ready.map(({ source }) => source.name) });
    const unfollow = delivery.follow(tally);
    let failed: Error | undefined;
    let sources: readonly SourceRunReport[] = begun.sources;
    let complete = held.length === 0;
    try {
      if (trigger === 'api' || trigger === 'command') await delivery.tryNow();
      const reading = ready.map((each) => readOne(id, each, request.range));
      // A source is free again only when nothing reads it: one that fails waits for the others.
      await Promise.allSettled(reading);
      const read = await Promise.all(reading);
      complete &&= read.every(({ problem }) => problem === undefined);
      sources = [...read.map(({ report }) => report), ...held.map(heldReport)];
      await delivery.settled();
    } catch (error) {
      failed = error instanceof Error ? error : new Error('not an Error', { cause: error });
    } finally {
      unfollow();
    }
    const counts = failed === undefined ? await ledger.messages.counts() : undefined;
    const report: RunReport = {
      ...begun,
      state: failed === undefined && complete && !stopping.signal.aborted ? 'done' : 'failed',
      finishedAt: isoInstant(now()),
      sources,
      delivery: tally.report((counts?.pending ?? 0) + (counts?.delivering ?? 0), delivery.state().problem?.code),
    };
    finish(report, startedAt);
    const stored = ledger.runs.update(report);
    if (failed === undefined) await stored;
    else {
      // The first failure is the one to tell; a report that cannot be stored is closed at the next start.
      await stored.catch(() => {});
      throw failed;
    }
    return report;
  }

  async function readOne(runId: string, { source, limits }: ScheduledSource, range: TimeWindow | undefined) {
    const result = await takeIn(
      { ledger, audit, now, recorded: delivery.wake, reached },
      { runId, source, limits, signal: stopping.signal, ...(range === undefined ? {} : { range }) },
    );
    if (!stopping.signal.aborted) {
      const pause = pauseAfter(result.problem, pauses.get(source.name), now(), parts.random);
      if (pause === undefined) pauses.delete(source.name);
      else pauses.set(source.name, pause);
    }
    return result;
  }

  /** A source that asked for a pause: the report says so; no request was made. */
  function heldReport({ source }: ScheduledSource): SourceRunReport {
    const problems = new ProblemTally();
    const pause: Problem | undefined = pauses.get(source.name)?.problem;
    if (pause !== undefined) problems.add(pause.code);
    return { ...nothingRead(source.name), problems: problems.counts() };
  }

  function finish(report: RunReport, startedAt: Instant): void {
    const sum = (field: 'read' | 'new' | 'changed'): number =>
      report.sources.reduce((total, source) => total + source[field], 0);
    const { delivered, pending, waiting, rejected } = report.delivery;
    audit({
      event: 'run_finished',
      runId: report.id,
      state: report.state === 'done' ? 'done' : 'failed',
      durationMs: now() - startedAt,
      read: sum('read'),
      added: sum('new'),
      changed: sum('changed'),
      delivered,
      pending,
      waiting,
      rejected,
    });
  }

  return {
    start,
    runningId: (source) => running.get(source),
    pauseOf: (source) => pauses.get(source),
    async stop() {
      stopping.abort();
      await Promise.allSettled(open);
    },
  };
}

function nothingRead(name: string): SourceRunReport {
  return { name, windows: 0, read: 0, new: 0, changed: 0, unchanged: 0, unreadable: 0, problems: {} };
}
