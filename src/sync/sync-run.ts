import { once } from 'node:events';
import type { AuditLog } from '../audit/audit-log.ts';
import { problemKind, type Problem } from '../exchange/problem.ts';
import type { RecordKey } from '../exchange/record-key.ts';
import type { RunReport, RunTrigger, SourceRunReport } from '../exchange/reports.ts';
import { isoInstant, type Instant, type TimeWindow } from '../exchange/window.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Source } from '../sources/source.ts';
import type { DeliveryLoop } from './delivery.ts';
import type { BackfillStep } from './backfill.ts';
import { backlogOf } from './backlog.ts';
import {
  takeIn,
  takeInBackfill,
  type IntakeParts,
  type IntakeRequest,
  type IntakeResult,
  type Judge,
  type Planner,
} from './intake.ts';
import type { Reached } from './reached.ts';
import type { Random } from './retry-policy.ts';
import { nothingRead, sumOf } from './source-report.ts';
import { mayRead, pauseAfter, pauseWith, type SourcePause } from './source-pause.ts';
import { DeliveryTally, ProblemTally } from './tally.ts';
import type { PlanLimits } from './tiers.ts';
import { makeTurns, type Turns } from './turns.ts';

/** A source and what its reading goes by. */
export interface ScheduledSource {
  readonly source: Source;
  readonly limits: PlanLimits;
  /** Tells one login from another: it changes when the secret does. Without it, it never does. */
  readonly login?: () => string;
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
  /** As in `IntakeParts`. */
  readonly maxBacklog?: number;
  readonly plan?: Planner;
  readonly judge?: Judge;
}

export interface StartRun {
  readonly trigger: RunTrigger;
  /** One source by name; all of them without it. */
  readonly source?: string;
  readonly range?: TimeWindow;
  /** With a range: every message in it is sent again, also where nothing has changed; or the one with this key. */
  readonly resend?: boolean | RecordKey;
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
  /** Reads one window of the backfill that is running, when it is its turn. */
  readBackfill(source: string, signal: AbortSignal): Promise<BackfillStep>;
  /** Breaks off reading, waits for the runs to end. What was recorded stays; the window is read again. */
  stop(): Promise<void>;
}

export function makeRuns(parts: RunParts): Runs {
  const { ledger, delivery, audit, now, reached } = parts;
  const running = new Map<string, string>();
  const pauses = new Map<string, SourcePause>();
  /** Of each source: a run waits for the one window that a backfill is reading. */
  const turns = new Map<string, Turns>(parts.sources.map(({ source }) => [source.name, makeTurns()]));
  const open = new Set<Promise<RunReport>>();
  /** Of runs that have read everything and wait for what is being delivered: ends the waiting. */
  const delivering = new Map<string, AbortController>();
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
    if (request.trigger === 'schedule') for (const { source } of wanted) endWaiting(source.name);
    const busy = wanted.map(({ source }) => running.get(source.name)).find((id) => id !== undefined);
    if (busy !== undefined) return leftOut(request, wanted, 'already-running', { kind: 'already-running', id: busy });
    const byPerson = isByPerson(request);
    const ready = wanted.filter(({ source }) => mayRead(pauseOf(source.name), byPerson, now()));
    if (ready.length === 0 && !byPerson) return leftOut(request, wanted, 'paused', { kind: 'paused' });
    // From here to the first await nothing else can start a run for these sources.
    const id = parts.newId();
    for (const { source } of ready) running.set(source.name, id);
    const key = request.idempotencyKey;
    if (key !== undefined) keysUnderWay.set(key, id);
    const free = (): void => {
      for (const { source } of ready) setFree(source.name, id);
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

  /** However much there is to deliver, of whichever source: what is new is read when the schedule says so. */
  function endWaiting(source: string): void {
    const id = running.get(source) ?? '';
    const waiting = delivering.get(id);
    if (waiting === undefined) return;
    waiting.abort();
    setFree(source, id);
  }

  /** Another run may have begun to read it meanwhile. */
  function setFree(source: string, id: string): void {
    if (running.get(source) === id) running.delete(source);
  }

  function leftOut(
    request: StartRun,
    wanted: readonly ScheduledSource[],
    why: 'already-running' | 'paused',
    answer: StartedRun,
  ): StartedRun {
    if (request.trigger === 'schedule') {
      for (const { source } of wanted) {
        const stopped = pauseOf(source.name)?.until === Infinity;
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
    audit({ event: 'run_triggered', runId: id, trigger, ...askedFor(request), user, requestId });
    audit({ event: 'run_started', runId: id, trigger, sources: ready.map(({ source }) => source.name) });
    const unfollow = delivery.follow(tally);
    let failed: Error | undefined;
    let sources: readonly SourceRunReport[] = begun.sources;
    let complete = held.length === 0;
    try {
      if (isByPerson(request)) await delivery.tryNow();
      const reading = ready.map(async (each) => {
        try {
          return await readOne(id, each, request);
        } finally {
          // Of several, one that hangs keeps no other from its schedule.
          if (ready.length > 1) setFree(each.source.name, id);
        }
      });
      // A run is over only when it reads nothing any more: one that fails waits for the others.
      await Promise.allSettled(reading);
      const read = await Promise.all(reading);
      complete &&= read.every(({ problem }) => problem === undefined);
      sources = [...read.map(({ report }) => report), ...held.map(heldReport)];
      const ended = new AbortController();
      delivering.set(id, ended);
      await Promise.race([delivery.settled(ended.signal), once(ended.signal, 'abort')]);
    } catch (error) {
      failed = error instanceof Error ? error : new Error('not an Error', { cause: error });
    } finally {
      delivering.delete(id);
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

  const { plan, judge, maxBacklog } = parts;
  const intake: IntakeParts = {
    ledger,
    audit,
    now,
    recorded: delivery.wake,
    reached,
    ...(maxBacklog === undefined ? {} : { maxBacklog }),
    ...(plan === undefined ? {} : { plan }),
    ...(judge === undefined ? {} : { judge }),
  };

  function readOne(runId: string, each: ScheduledSource, request: StartRun): Promise<IntakeResult> {
    const { source, limits, login } = each;
    const { range, resend = false } = request;
    const asked = { runId, source, limits, signal: stopping.signal, resend, ...(range === undefined ? {} : { range }) };
    return inTurn(source.name, async () => {
      // The backfill whose turn it was may have been refused meanwhile.
      const pause = pauseOf(source.name);
      if (pause !== undefined && !mayRead(pause, isByPerson(request), now())) {
        return { report: heldReport(each), problem: pause.problem };
      }
      // Asked before the reading: a login that comes while it is under way has not been refused.
      const shown = login?.();
      const result = await readOn(asked);
      remember(source.name, result.problem, shown);
      return result;
    });
  }

  /** Reads, and reads on once the EHR has taken what was in the way. What takes longer is left to the schedule. */
  async function readOn(asked: IntakeRequest): Promise<IntakeResult> {
    let result = await takeIn(intake, asked);
    // A range is read from its beginning again: that is for whoever asked for it to decide.
    while (result.problem?.code === 'backlog-full' && asked.range === undefined && !stopping.signal.aborted) {
      await delivery.settled();
      if (backlogOf(await ledger.messages.counts()) >= (maxBacklog ?? Infinity)) break;
      const more = await takeIn(intake, asked);
      result = { ...more, report: sumOf(result.report, more.report) };
    }
    return result;
  }

  function inTurn<T>(source: string, work: () => Promise<T>): Promise<T> {
    return turns.get(source)?.take(work) ?? work();
  }

  function pauseOf(name: string): SourcePause | undefined {
    const { login } = parts.sources.find(({ source }) => source.name === name) ?? {};
    return pauseWith(pauses.get(name), login?.(), now());
  }

  function remember(source: string, problem: Problem | undefined, login: string | undefined): void {
    if (stopping.signal.aborted) return;
    const pause = pauseAfter(problem, pauses.get(source), now(), parts.random, login);
    if (pause === undefined) pauses.delete(source);
    else pauses.set(source, pause);
  }

  /** A job has no report of a run: its progress stands in the ledger. */
  async function readBackfill(name: string, signal: AbortSignal): Promise<BackfillStep> {
    const each = parts.sources.find(({ source }) => source.name === name);
    if (each === undefined || stopping.signal.aborted) return { kind: 'nothing' };
    const { source, limits, login } = each;
    const asked = { runId: 'backfill', source, limits, signal: AbortSignal.any([signal, stopping.signal]) };
    return inTurn(name, async () => {
      // The run whose turn it was may have been refused meanwhile.
      if (!mayRead(pauseOf(name), false, now())) return { kind: 'nothing' };
      const shown = login?.();
      const result = await takeInBackfill(intake, asked);
      if (result === undefined) return { kind: 'nothing' };
      const { report, problem } = result;
      await tellEnd(result.job);
      if (problem === undefined) return { kind: 'read', report };
      // A refused login and what the vendor asks for hold for everybody.
      if (problemKind(problem.code).class === 'permanent' || problem.code === 'source-throttled') {
        remember(name, problem, shown);
      }
      return { kind: 'failed', report, problem };
    });
  }

  async function tellEnd(id: string): Promise<void> {
    const job = await ledger.backfills.get(id);
    if (job?.state !== 'done' && job?.state !== 'retention') return;
    const { source, state, windows, rows } = job;
    audit({ event: 'backfill_finished', backfillId: id, source, state, windows, rows });
  }

  /** A source that asked for a pause: the report says so; no request was made. */
  function heldReport({ source }: ScheduledSource): SourceRunReport {
    const problems = new ProblemTally();
    const pause: Problem | undefined = pauseOf(source.name)?.problem;
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
    pauseOf,
    readBackfill,
    async stop() {
      stopping.abort();
      await Promise.allSettled(open);
    },
  };
}

const isByPerson = ({ trigger }: StartRun): boolean => trigger === 'api' || trigger === 'command';

/** For the log. */
function askedFor({ range, resend = false }: StartRun) {
  return {
    from: range === undefined ? null : isoInstant(range.from),
    to: range === undefined ? null : isoInstant(range.to),
    resend: resend !== false,
    key: typeof resend === 'string' ? resend : null,
  };
}
