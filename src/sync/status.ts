import { problemSentence, type Problem } from '../exchange/problem.ts';
import type { DestinationStatus, SourceStatus, StatusReport, SweepStatus } from '../exchange/reports.ts';
import type { SweepTier } from '../exchange/tier.ts';
import { isoInstant, type Instant } from '../exchange/window.ts';
import type { CoverageState, Ledger } from '../ledger/ledger.ts';
import { backfillView } from './backfill-view.ts';
import { coveredUntil } from './covered-until.ts';
import type { DeliveryState } from './delivery.ts';
import type { SourcePause } from './source-pause.ts';
import { stuckRanges } from './stuck-ranges.ts';
import type { PlanLimits } from './tiers.ts';
import { tierState } from './window-plan.ts';

/** The parts that only a running service has; the `status` command beside it sees the ledger alone. */
export interface LiveParts {
  readonly startedAt: Instant;
  readonly runningId: (source: string) => string | undefined;
  readonly pauseOf: (source: string) => SourcePause | undefined;
  readonly nextRun: (source: string) => Instant | undefined;
  /** How far the vendor's clock is ahead, in milliseconds. */
  readonly clockOffset: (source: string) => number | undefined;
  readonly delivery: () => DeliveryState;
}

export interface StatusParts {
  readonly version: string;
  readonly ledger: Ledger;
  readonly now: () => Instant;
  readonly sources: readonly { readonly name: string; readonly limits: PlanLimits }[];
  readonly destination: string;
  readonly live?: LiveParts;
}

export async function statusReport(parts: StatusParts): Promise<StatusReport> {
  return {
    version: parts.version,
    startedAt: timeOrNull(parts.live?.startedAt),
    sources: await Promise.all(parts.sources.map((source) => sourceStatus(parts, source))),
    destinations: [await destinationStatus(parts)],
  };
}

async function sourceStatus(
  { ledger, now, live }: StatusParts,
  { name, limits }: StatusParts['sources'][number],
): Promise<SourceStatus> {
  const at = now();
  const { requestsPerHour } = limits;
  const state = await ledger.coverage.state(name);
  const perHour = await ledger.budget.learned(name, requestsPerHour, at);
  const backfills = await ledger.backfills.unfinished(name);
  const covered = coveredUntil(state);
  const last = await ledger.runs.last(name);
  const pause = live?.pauseOf(name);
  const held = pause !== undefined && pause.until > at ? pause : undefined;
  const clockOffset = live?.clockOffset(name);
  return {
    name,
    state: stateOf(live?.runningId(name), held),
    coveredUntil: timeOrNull(covered),
    lagSeconds: covered === undefined ? null : Math.max(0, Math.round((at - covered) / 1000)),
    unread: unreadOf(state),
    sweeps: sweepsOf(state),
    backfills: backfills.map((job) => backfillView(job, { state, limits, perHour }, at)),
    lastRun: last === undefined ? null : { id: last.id, state: last.state, finishedAt: last.finishedAt },
    nextRunAt: timeOrNull(live?.nextRun(name)),
    budget: { requestsPerHour, learned: perHour, usedLastHour: await ledger.budget.used(name, at) },
    clockOffsetSeconds: clockOffset === undefined ? null : Math.round(clockOffset / 1000),
    ...problemFields(pause?.problem),
  };
}

/** More of them than anybody reads; `GET /windows` has all. */
const rangesShown = 20;

function unreadOf({ pieces }: CoverageState): SourceStatus['unread'] {
  const stuck = pieces.filter(({ state }) => state === 'stuck');
  return {
    queued: pieces.length - stuck.length,
    stuck: stuck.length,
    stuckRanges: stuckRanges(stuck).slice(0, rangesShown),
  };
}

function sweepsOf(state: CoverageState): SourceStatus['sweeps'] {
  const of = (tier: SweepTier): SweepStatus => {
    const { doneEnd, doneAt } = tierState(state, tier);
    return { doneUntil: timeOrNull(doneEnd), doneAt: timeOrNull(doneAt) };
  };
  return { open: of('open'), warm: of('warm'), cold: of('cold'), deep: of('deep') };
}

function stateOf(runningId: string | undefined, held: SourcePause | undefined): SourceStatus['state'] {
  if (runningId !== undefined) return 'running';
  if (held === undefined) return 'idle';
  return held.until === Infinity ? 'stopped' : 'paused';
}

async function destinationStatus({ ledger, now, destination, live }: StatusParts): Promise<DestinationStatus> {
  const counts = await ledger.messages.counts();
  const oldest = await ledger.messages.oldestPending();
  const oldestWaiting = await ledger.messages.oldestWaiting();
  const delivery = live?.delivery();
  const check = delivery?.check;
  const chosen = check?.kind === 'ready' ? check : undefined;
  return {
    name: destination,
    state: destinationState(delivery, chosen !== undefined),
    write: chosen?.write ?? null,
    bundle: chosen?.bundle ?? null,
    why: check?.why ?? null,
    deliver: delivery?.deliver ?? null,
    dialect: delivery?.mappings?.dialect ?? null,
    whyDialect: delivery?.mappings?.why ?? null,
    ...counts,
    concurrency: delivery?.concurrency ?? null,
    oldestPendingSeconds: secondsSince(oldest, now()),
    oldestWaitingSeconds: secondsSince(oldestWaiting, now()),
    ...problemFields(delivery?.problem),
  };
}

function destinationState(delivery: DeliveryState | undefined, isChosen: boolean): DestinationStatus['state'] {
  if (delivery?.pausedUntil !== undefined) return 'paused';
  if (!isChosen) return 'unchecked';
  return delivery?.probing === true ? 'probing' : 'ready';
}

const secondsSince = (since: Instant | undefined, now: Instant): number | null =>
  since === undefined ? null : Math.max(0, Math.round((now - since) / 1000));

function problemFields(problem: Problem | undefined): Pick<SourceStatus, 'code' | 'problem'> {
  return { code: problem?.code ?? null, problem: problem === undefined ? null : problemSentence(problem) };
}

const timeOrNull = (at: Instant | undefined): string | null => (at === undefined ? null : isoInstant(at));
