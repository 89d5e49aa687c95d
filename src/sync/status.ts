import { problemSentence, type Problem } from '../exchange/problem.ts';
import type { DestinationStatus, SourceStatus, StatusReport } from '../exchange/reports.ts';
import { isoInstant, type Instant } from '../exchange/window.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { DeliveryState } from './delivery.ts';
import type { SourcePause } from './source-pause.ts';

/** The parts that only a running service has; the `status` command beside it sees the ledger alone. */
export interface LiveParts {
  readonly startedAt: Instant;
  readonly runningId: (source: string) => string | undefined;
  readonly pauseOf: (source: string) => SourcePause | undefined;
  readonly nextRun: (source: string) => Instant | undefined;
  readonly delivery: () => DeliveryState;
}

export interface StatusParts {
  readonly version: string;
  readonly ledger: Ledger;
  readonly now: () => Instant;
  readonly sources: readonly { readonly name: string; readonly requestsPerHour: number }[];
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
  { name, requestsPerHour }: StatusParts['sources'][number],
): Promise<SourceStatus> {
  const { frontier } = await ledger.coverage.state(name);
  const last = await ledger.runs.last(name);
  const pause = live?.pauseOf(name);
  const held = pause !== undefined && pause.until > now() ? pause : undefined;
  return {
    name,
    state: stateOf(live?.runningId(name), held),
    coveredUntil: timeOrNull(frontier),
    lagSeconds: frontier === undefined ? null : Math.max(0, Math.round((now() - frontier) / 1000)),
    lastRun: last === undefined ? null : { id: last.id, state: last.state, finishedAt: last.finishedAt },
    nextRunAt: timeOrNull(live?.nextRun(name)),
    budget: { requestsPerHour, usedLastHour: await ledger.budget.used(name, now()) },
    ...problemFields(pause?.problem),
  };
}

function stateOf(runningId: string | undefined, held: SourcePause | undefined): SourceStatus['state'] {
  if (runningId !== undefined) return 'running';
  if (held === undefined) return 'idle';
  return held.until === Infinity ? 'stopped' : 'paused';
}

async function destinationStatus({ ledger, now, destination, live }: StatusParts): Promise<DestinationStatus> {
  const counts = await ledger.messages.counts();
  const oldest = await ledger.messages.oldestPending();
  const delivery = live?.delivery();
  const check = delivery?.check;
  const chosen = check?.kind === 'ready' ? check : undefined;
  return {
    name: destination,
    state: delivery?.pausedUntil !== undefined ? 'paused' : chosen === undefined ? 'unchecked' : 'ready',
    write: chosen?.write ?? null,
    bundle: chosen?.bundle ?? null,
    why: check?.why ?? null,
    dialect: delivery?.mappings?.dialect ?? null,
    whyDialect: delivery?.mappings?.why ?? null,
    ...counts,
    oldestPendingSeconds: oldest === undefined ? null : Math.max(0, Math.round((now() - oldest) / 1000)),
    ...problemFields(delivery?.problem),
  };
}

function problemFields(problem: Problem | undefined): Pick<SourceStatus, 'code' | 'problem'> {
  return { code: problem?.code ?? null, problem: problem === undefined ? null : problemSentence(problem) };
}

const timeOrNull = (at: Instant | undefined): string | null => (at === undefined ? null : isoInstant(at));
