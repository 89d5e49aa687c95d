import type { AuditEvent } from '../../src/audit/audit-event.ts';
import type { Destination } from '../../src/destinations/destination.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import type { Source } from '../../src/sources/source.ts';
import { makeBackfillLoop, type BackfillLoop } from '../../src/sync/backfill.ts';
import { makeDeliveryLoop, type DeliveryLoop } from '../../src/sync/delivery.ts';
import type { Judge, Planner } from '../../src/sync/intake.ts';
import { makeRuns, type Runs, type StartRun } from '../../src/sync/sync-run.ts';
import { dayMs, minuteMs, type Instant } from '../../src/exchange/window.ts';
import type { VirtualClock } from './clock.ts';
import { dice } from './dice.ts';
import { simulatedMapping } from './ehr.ts';
import { mortal, type Mortal } from './mortal.ts';
import type { Scenario } from './scenario.ts';
import { sourceName } from './source.ts';
import { aheadAt } from './vendor.ts';

export const patientMaxWaitMs = 30 * dayMs;

/** One life of the service, from its start until it is stopped or killed. */
export interface Life {
  readonly mortal: Mortal;
  readonly runs: Runs;
  readonly delivery: DeliveryLoop;
  readonly backfills: BackfillLoop;
  /** As the service has it: what is asked of it after death is never answered. */
  readonly ledger: Ledger;
  start(request: StartRun): void;
  /** As on SIGTERM. */
  stop(): Promise<void>;
  /** After a kill: the file is let go. */
  bury(): Promise<void>;
}

export interface LifeParts {
  readonly scenario: Scenario;
  readonly clock: VirtualClock;
  readonly ledgerUrl: string;
  /** Which one it is, from 0. */
  readonly number: number;
  readonly killedAfter: number;
  readonly onDeath: () => void;
  readonly audit: (event: AuditEvent) => void;
  /** What failed that nothing should have made fail. */
  readonly onFailure: (error: unknown) => void;
  readonly makeSource: (ledger: Ledger, now: () => Instant) => Source;
  readonly makeDestination: () => Destination;
  /** A ledger to watch, or to spoil. */
  readonly wrapLedger: (ledger: Ledger) => Ledger;
  readonly plan?: Planner;
  readonly judge?: Judge;
}

/** Put together as `service.ts` does it, with other sides and another clock. */
export async function beginLife(parts: LifeParts): Promise<Life> {
  const { scenario, clock, number, audit, onFailure, plan, judge } = parts;
  const random = dice(scenario.seed, `life ${number}`).next;
  const life = mortal(parts.killedAfter, parts.onDeath);
  const now = (): Instant => clock.now() + aheadAt(scenario.ourClock, clock.now());
  const sleep = (ms: number, signal: AbortSignal): Promise<void> => life.pass(() => clock.sleep(ms, signal));
  const file = await openLedger({ url: parts.ledgerUrl, access: 'owner', now });
  const ledger = life.passing(parts.wrapLedger(file));
  await file.runs.closeInterrupted(now());
  const { reached } = life;
  const said = (event: AuditEvent): void => {
    if (!life.isDead()) audit(event);
  };
  const delivery = makeDeliveryLoop({
    ledger,
    destination: passingDestination(life, parts.makeDestination()),
    mappings: () =>
      Promise.resolve({ dialect: 'r4', why: 'simulated', bySource: new Map([[sourceName, simulatedMapping]]) }),
    audit: said,
    now,
    sleep,
    random,
    reached,
    batch: 25,
    concurrency: 2,
    patientMaxWaitMs,
  });
  const source = parts.makeSource(ledger, now);
  const read: Source['read'] = (window, take, signal, share) =>
    life.pass(() => source.read(window, (...batch) => life.pass(() => take(...batch)), signal, share));
  let ids = 0;
  const runs = makeRuns({
    ledger,
    sources: [{ source: { ...source, read }, limits: scenario.limits }],
    delivery,
    audit: said,
    now,
    newId: () => `run-${number}-${(ids += 1)}`,
    random,
    reached,
    ...(plan === undefined ? {} : { plan }),
    ...(judge === undefined ? {} : { judge }),
  });
  const backfills = makeBackfillLoop({
    ledger,
    sources: [sourceName],
    readOne: runs.readBackfill,
    heldUntil: (name) => runs.pauseOf(name)?.until,
    now,
    // Nobody begins a job without waking it: looking for one every minute would be most of the work.
    sleep: (ms, signal) => sleep(ms < minuteMs ? ms : 20 * minuteMs, signal),
    random,
  });
  const failed = (error: unknown): void => {
    if (!life.isDead()) onFailure(error);
  };
  delivery.broken.catch(failed);
  backfills.broken.catch(failed);
  delivery.start();
  backfills.start();
  return {
    mortal: life,
    runs,
    delivery,
    backfills,
    ledger,
    start(request) {
      runs
        .start(request)
        .then((started) => (started.kind === 'started' ? started.finished : undefined))
        .catch(failed);
    },
    async stop() {
      const reading = Promise.all([runs.stop(), backfills.stop()]);
      await delivery.stop(20_000);
      await reading;
      await file.close();
    },
    bury: () => file.close(),
  };
}

/** What it sends is at the EHR, whatever becomes of the sender. */
function passingDestination(life: Mortal, destination: Destination): Destination {
  return {
    ...destination,
    check: (signal) => life.pass(() => destination.check(signal)),
    send: (deliveries, signal) => life.pass(() => destination.send(deliveries, signal)),
  };
}
