import type { AuditLog } from '../audit/audit-log.ts';
import type { Destination, DestinationCheck } from '../destinations/destination.ts';
import type { Problem } from '../exchange/problem.ts';
import { isoInstant, type Instant } from '../exchange/window.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { claimsAhead } from './claims-ahead.ts';
import { deliverBatch, type BatchParts } from './deliver-batch.ts';
import { makeDestinationOffer, type MakeMappings, type Mappings } from './destination-offer.ts';
import { deliverBy, type Deliver } from './final-only.ts';
import { prepareDeliveries, type PrepareRules } from './prepare-deliveries.ts';
import { makePressure } from './pressure.ts';
import { makeReadBack } from './read-back.ts';
import type { Reached } from './reached.ts';
import { backOffMs, longestBackOffMs, type Random } from './retry-policy.ts';
import { settleTogether } from './settle-together.ts';
import type { DeliveryTally } from './tally.ts';
import { workThrough } from './work-through.ts';

/** So many Bundles are settled in one transaction at most. */
const bundlesTogether = 16;
/** A run waits for back-offs up to this, and leaves longer ones to the schedule. */
export const shortBackOffMs = 2_000;
/** As long as a few of them in a row. */
const shortRetriesMs = 5 * shortBackOffMs;

export interface DeliveryParts extends PrepareRules {
  readonly ledger: Ledger;
  readonly destination: Destination;
  readonly mappings: MakeMappings;
  readonly audit: AuditLog;
  readonly now: () => Instant;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly random: Random;
  readonly reached: Reached;
  /** Records claimed at once: one Bundle. */
  readonly batch: number;
  /** Bundles on their way at once, at most. */
  readonly concurrency: number;
  readonly patientMaxWaitMs: number;
  /** What became of a Bundle is written down together with others that come so soon after; at once when not said. */
  readonly settleWithinMs?: number;
  /** One message in so long is read back, and compared; none when not said. */
  readonly readBackEveryMs?: number;
}

export interface DeliveryState {
  readonly check: DestinationCheck | undefined;
  readonly mappings: Mappings | undefined;
  /** Which messages are sent. */
  readonly deliver?: Deliver;
  /** Nothing is sent before then; why is in `problem`. */
  readonly pausedUntil: Instant | undefined;
  readonly problem: Problem | undefined;
  /** A pause is over: a few messages go first, alone. */
  readonly probing: boolean;
  /** Bundles that may be on their way at once now, by what the EHR answered, and at most. */
  readonly concurrency: { readonly now: number; readonly most: number };
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
  let cycle: Promise<void> = Promise.resolve();
  let loop: Promise<void> = Promise.resolve();
  let reportBroken: (error: unknown) => void = () => {};
  const broken = new Promise<never>((_, reject) => {
    reportBroken = reject;
  });
  broken.catch(() => {});

  const offer = makeDestinationOffer(destination, parts.mappings, audit);
  const pressure = makePressure({
    now,
    random,
    batch: parts.batch,
    most: parts.concurrency,
    paused({ code, where = null, httpStatus = null }, until) {
      if (code === 'ehr-unsuitable') offer.forget();
      const retryAt = isoInstant(until);
      audit({ event: 'destination_failed', destination: destination.name, code, where, httpStatus, retryAt });
    },
  });

  const settling = settleTogether({
    async settle(settlements) {
      const lost = await ledger.messages.settle(settlements, now());
      reached('settled');
      return lost;
    },
    sleep,
    withinMs: parts.settleWithinMs ?? 0,
    most: parts.batch * bundlesTogether,
  });

  const { readBackEveryMs: everyMs } = parts;
  const batchParts: BatchParts = {
    ...(everyMs === undefined ? {} : { readBack: makeReadBack({ destination, audit, now, random, everyMs }) }),
    destination,
    pressure,
    settling,
    audit,
    now,
    random,
    reached,
    followers,
    batch: parts.batch,
    prepare: (claims) =>
      prepareDeliveries(claims, offer.mappings()?.bySource ?? new Map(), offer.check(), parts, now()),
    waitMs(source) {
      const policy = parts.patients?.get(source);
      return policy?.missing === 'reject' ? 0 : (policy?.maxWaitMs ?? parts.patientMaxWaitMs);
    },
  };

  const isPaused = (): boolean => pressure.circuit().kind === 'open';

  /** Claims and sends until nothing is due. Cycles follow each other: each message is tried once in one. */
  function runCycle(): Promise<void> {
    cycle = cycle
      .catch(() => {})
      .then(async () => {
        if (stopping.signal.aborted || isPaused()) return;
        const problem = await offer.ask(cutOff.signal);
        if (problem === undefined) await deliverDue(now());
        else pressure.failed(problem);
      });
    return cycle;
  }

  /** What is due by the start of the cycle: what is put back during it waits for the next one. */
  async function deliverDue(cycleStart: Instant): Promise<void> {
    const { batch } = parts;
    const claims = claimsAhead(ledger.messages, { dueBy: cycleStart, batch, now });
    try {
      await workThrough({
        room: () => (stopping.signal.aborted || settling.hasFailed() ? 0 : pressure.room()),
        async take(limit) {
          const taken = await claims.take(limit);
          if (taken !== undefined) reached('claimed');
          return taken;
        },
        work: (taken) => deliverBatch(taken, batchParts, cutOff.signal),
      });
    } finally {
      try {
        await claims.end();
      } finally {
        await settling.done();
      }
    }
  }

  /** When there is next something to do by itself. */
  async function nextDue(): Promise<Instant | undefined> {
    const due = await ledger.messages.nextDue();
    if (due === undefined) return undefined;
    const circuit = pressure.circuit();
    return circuit.kind === 'open' ? Math.max(due, circuit.until) : due;
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
      pressure.askedNow();
      if (isPaused()) return;
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
    state() {
      const circuit = pressure.circuit();
      const check = offer.check();
      return {
        check,
        mappings: offer.mappings(),
        ...(check?.kind === 'ready' ? { deliver: deliverBy(parts.deliver, check) } : {}),
        pausedUntil: circuit.kind === 'open' ? circuit.until : undefined,
        problem: circuit.kind === 'open' ? circuit.problem : undefined,
        probing: circuit.kind === 'half-open',
        concurrency: { now: pressure.atOnce(), most: parts.concurrency },
      };
    },
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

export const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);

export function codeOf(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : null;
}
