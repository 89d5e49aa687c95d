import type { AuditLog } from '../audit/audit-log.ts';
import type { Destination, DestinationCheck } from '../destinations/destination.ts';
import type { Delivery, DeliveryOutcome, Settlement } from '../exchange/delivery.ts';
import { problemKind, type Problem } from '../exchange/problem.ts';
import { isoInstant, minuteMs, type Instant } from '../exchange/window.ts';
import type { Claim, Ledger } from '../ledger/ledger.ts';
import type { Mapping } from '../mapping/mapping.ts';
import type { Reached } from './reached.ts';
import { backOffMs, longestBackOffMs, settlementOf, wasSetBack, type Random } from './retry-policy.ts';
import type { DeliveryTally } from './tally.ts';

/** Longer than any request may take: a lease that runs out means its process is gone. */
export const leaseMs = 10 * minuteMs;
/** A run waits for back-offs up to this, and leaves longer ones to the schedule. */
export const shortBackOffMs = 2_000;
/** As long as a few of them in a row. */
const shortRetriesMs = 5 * shortBackOffMs;

export interface DeliveryParts {
  readonly ledger: Ledger;
  readonly destination: Destination;
  /**
   * By the name of the source: each console has identifiers of its own. Asked once the EHR was reached, since it may
   * have a say in them; a problem puts delivery off.
   */
  readonly mappings: (signal: AbortSignal) => Promise<Mappings | Problem>;
  readonly audit: AuditLog;
  readonly now: () => Instant;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly random: Random;
  readonly reached: Reached;
  /** Records claimed at once by one worker: one Bundle. */
  readonly batch: number;
  /** Bundles on their way at once. */
  readonly concurrency: number;
  readonly patientMaxWaitMs: number;
}

export interface Mappings {
  /** The dialect they are made in, and why. */
  readonly dialect: string;
  readonly why: string;
  readonly bySource: ReadonlyMap<string, Mapping>;
}

export interface DeliveryState {
  readonly check: DestinationCheck | undefined;
  readonly mappings: Mappings | undefined;
  /** Nothing is sent before then; why is in `problem`. */
  readonly pausedUntil: Instant | undefined;
  readonly problem: Problem | undefined;
}

/**
 * Takes due records out of the ledger, maps them, sends them, and writes down what became of each. One loop for the
 * whole service; runs only wake it and watch.
 */
export interface DeliveryLoop {
  /** Keeps delivering by itself until `stop`: woken by new rows, or when a retry comes due. */
  start(): void;
  wake(): void;
  /** Somebody asks now: back-offs end, but for a pause the EHR asked for. */
  tryNow(): Promise<void>;
  /** Resolves once everything due has been tried once, and short back-offs with it; or when `ended` is aborted. */
  settled(ended?: AbortSignal): Promise<void>;
  /** Counts into `tally` until the function it gives is called. */
  follow(tally: DeliveryTally): () => void;
  state(): DeliveryState;
  /** Lets what is on its way finish for at most `graceMs`, then cuts it off; the ledger knows it as unsure. */
  stop(graceMs: number): Promise<void>;
  /** Rejects when something failed that the loop cannot mend; never resolves. */
  readonly broken: Promise<never>;
}

export function makeDeliveryLoop(parts: DeliveryParts): DeliveryLoop {
  const { ledger, destination, audit, now, sleep, random, reached } = parts;
  const followers = new Set<DeliveryTally>();
  const stopping = new AbortController();
  const cutOff = new AbortController();
  let alarm = new AbortController();
  let check: DestinationCheck | undefined;
  let mappings: Mappings | undefined;
  let paused: { readonly since: Instant; readonly until: Instant; readonly problem: Problem } | undefined;
  let failures = 0;
  let cycle: Promise<void> = Promise.resolve();
  let loop: Promise<void> = Promise.resolve();
  let reportBroken: (error: unknown) => void = () => {};
  const broken = new Promise<never>((_, reject) => {
    reportBroken = reject;
  });
  broken.catch(() => {});

  const isPaused = (): boolean => paused !== undefined && paused.until > now() && !wasSetBack(paused.since, now());

  function pause(problem: Problem): void {
    if (isPaused()) return;
    failures += 1;
    const until = now() + backOffMs(failures, random, problem.retryAfterMs);
    paused = { since: now(), until, problem };
    audit({
      event: 'destination_failed',
      destination: destination.name,
      code: problem.code,
      httpStatus: problem.httpStatus ?? null,
      retryAt: isoInstant(until),
    });
  }

  async function ready(): Promise<boolean> {
    if (check?.kind === 'ready' && mappings !== undefined) return true;
    check = await destination.check(cutOff.signal);
    if (check.kind === 'failed') {
      pause(check.problem);
      return false;
    }
    const made = await parts.mappings(cutOff.signal);
    if ('code' in made) {
      pause(made);
      return false;
    }
    mappings = made;
    const { write, bundle } = check;
    audit({ event: 'destination_ready', destination: destination.name, write, bundle, dialect: made.dialect });
    return true;
  }

  /** Claims and sends until nothing is due. Cycles follow each other: each message is tried once in one. */
  function runCycle(): Promise<void> {
    cycle = cycle
      .catch(() => {})
      .then(async () => {
        if (stopping.signal.aborted || isPaused() || !(await ready())) return;
        const cycleStart = now();
        const workers = Array.from({ length: parts.concurrency }, () => worker(cycleStart));
        // All of them end before the next cycle begins, also when one fails.
        await Promise.allSettled(workers);
        await Promise.all(workers);
      });
    return cycle;
  }

  async function worker(cycleStart: Instant): Promise<void> {
    while (!stopping.signal.aborted && !isPaused()) {
      // Due by the start of the cycle: what is put back during it waits for the next one.
      const claims = await ledger.messages.claim({ limit: parts.batch, now: cycleStart, leaseMs });
      if (claims.length === 0) return;
      reached('claimed');
      await deliver(claims);
    }
  }

  async function deliver(claims: readonly Claim[]): Promise<void> {
    const settlements: Settlement[] = [];
    const deliveries: Delivery[] = [];
    const counts = new Map<string, readonly string[]>();
    for (const claim of claims) {
      const prepared = prepare(claim, mappings?.bySource.get(claim.source), counts);
      if ('resource' in prepared) deliveries.push(prepared);
      else settlements.push(prepared);
    }
    const before = paused;
    const outcomes = deliveries.length === 0 ? [] : await destination.send(deliveries, cutOff.signal);
    reached('sent');
    watchDestination(outcomes, before);
    const byKey = new Map(claims.map((claim) => [claim.record.key, claim]));
    const changes = new Map<string, 'created' | 'updated' | 'unchanged'>();
    for (const outcome of outcomes) {
      const claim = byKey.get(outcome.key);
      if (claim === undefined) continue;
      if (outcome.kind === 'accepted') changes.set(outcome.key, outcome.change);
      settlements.push(settlementOf(outcome, claim, parts.patientMaxWaitMs, now(), random));
    }
    const lost = new Set(await ledger.messages.settle(settlements, now()));
    reached('settled');
    for (const settlement of settlements) {
      const claim = byKey.get(settlement.key);
      if (claim === undefined || lost.has(settlement.key)) continue;
      for (const tally of followers) tally.add(settlement, counts.get(settlement.key));
      record(settlement, claim.attempt, changes.get(settlement.key) ?? 'unchanged');
    }
  }

  /**
   * One problem that concerns the whole EHR pauses the loop; one success ends the count of failures, and the pause
   * that was there before it was sent: another worker may have met a new one meanwhile.
   */
  function watchDestination(outcomes: readonly DeliveryOutcome[], before: typeof paused): void {
    const failed = outcomes.find((outcome) => outcome.kind === 'refused' && concernsAll(outcome.problem));
    if (failed?.kind === 'refused') {
      pause(failed.problem);
    } else if (paused === before && outcomes.some(({ kind }) => kind === 'accepted')) {
      failures = 0;
      paused = undefined;
    }
  }

  function record(settlement: Settlement, attempt: number, change: 'created' | 'updated' | 'unchanged'): void {
    const { key } = settlement;
    if (settlement.state === 'delivered') {
      const { reference, version } = settlement;
      audit({ event: 'record_delivered', key, attempt, change, reference, version: version ?? null });
      return;
    }
    const { code, where, httpStatus, issue } = settlement.problem;
    const answer = { httpStatus: httpStatus ?? null, issue: issue ?? null };
    if (settlement.state === 'pending' || settlement.state === 'waiting') {
      const event = settlement.state === 'pending' ? 'record_pending' : 'record_waiting';
      audit({ event, key, attempt, code, ...answer, dueAt: isoInstant(settlement.dueAt) });
    } else {
      const event = settlement.state === 'rejected' ? 'record_rejected' : 'record_skipped';
      audit({ event, key, attempt, code, where: where ?? null, ...answer });
    }
  }

  /** When there is next something to do by itself. */
  async function nextDue(): Promise<Instant | undefined> {
    const due = await ledger.messages.nextDue();
    if (due === undefined) return undefined;
    return Math.max(due, isPaused() ? (paused?.until ?? 0) : 0);
  }

  async function keepDelivering(): Promise<void> {
    let trouble = 0;
    while (!stopping.signal.aborted) {
      alarm = new AbortController();
      let due: Instant | undefined;
      try {
        await runCycle();
        due = await nextDue();
        trouble = 0;
      } catch (error) {
        if (error instanceof Error && error.name === 'LeaseLost') throw error;
        // A full disk, a lost database connection: nothing was written, so nothing is lost; again after a while.
        trouble += 1;
        due = now() + backOffMs(trouble, random);
        audit({ event: 'service_failed', errorName: nameOf(error), errorCode: codeOf(error) });
      }
      // Never longer: a timer of more than 24 days fires at once, and a clock may be set right.
      const wait = Math.min(longestBackOffMs, Math.max(0, (due ?? Infinity) - now()));
      await sleep(wait, AbortSignal.any([alarm.signal, stopping.signal]));
    }
  }

  return {
    start() {
      loop = keepDelivering().catch(reportBroken);
    },
    wake: () => alarm.abort(),
    async tryNow() {
      if (isPaused() && paused?.problem.retryAfterMs !== undefined) return;
      paused = undefined;
      await ledger.messages.makePendingDue(now());
      alarm.abort();
    },
    async settled(ended = stopping.signal) {
      const over = AbortSignal.any([ended, stopping.signal]);
      const since = now();
      let last = Infinity;
      while (!over.aborted) {
        await runCycle();
        const due = await nextDue();
        const wait = due === undefined ? Infinity : due - now();
        // Of many that wait for their Patient some are due again at any moment: nobody waits for those.
        if (due !== undefined && due > since) last = Math.min(last, now() + shortRetriesMs);
        if (wait > shortBackOffMs || now() > last) return;
        await sleep(Math.max(wait, 1), over);
      }
    },
    follow(tally) {
      followers.add(tally);
      return () => followers.delete(tally);
    },
    state: () => ({
      check,
      mappings,
      pausedUntil: isPaused() ? paused?.until : undefined,
      problem: isPaused() ? paused?.problem : undefined,
    }),
    async stop(graceMs) {
      stopping.abort();
      const grace = new AbortController();
      const inTime = cycle.then(
        () => true,
        () => true,
      );
      const finished = await Promise.race([inTime, sleep(graceMs, grace.signal).then(() => false)]);
      grace.abort();
      if (!finished) cutOff.abort();
      await cycle.catch(() => {});
      await loop;
    },
    broken,
  };
}

/** A delivery, or what becomes of the record without one. What the mapping counts goes into `counts`. */
function prepare(
  claim: Claim,
  mapping: Mapping | undefined,
  counts: Map<string, readonly string[]>,
): Delivery | Settlement {
  const { key } = claim.record;
  if (claim.problem !== undefined) return { state: 'rejected', key, problem: claim.problem };
  if (mapping === undefined) return { state: 'rejected', key, problem: { code: 'source-not-configured' } };
  const mapped = mapping.map(claim.record);
  if (mapped.kind !== 'communication') return { state: mapped.kind, key, problem: mapped.problem };
  if (mapped.counts.length > 0) counts.set(key, mapped.counts);
  return {
    key,
    resource: mapped.resource,
    unsure: claim.unsure,
    ...(claim.knownReference === undefined ? {} : { knownReference: claim.knownReference }),
  };
}

const concernsAll = (problem: Problem): boolean => problemKind(problem.code).scope === 'destination';

export const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);

export function codeOf(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : null;
}
