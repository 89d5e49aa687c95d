import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Config, SourceConfig } from './config/config.ts';
import { dialectToShow } from './dialect.ts';
import { floorToGrain, isoInstant, type Instant, type TimeWindow } from './exchange/window.ts';
import type { Ledger } from './ledger/ledger.ts';
import { openLedger } from './ledger/open-ledger.ts';
import { lookAtKeySecret, refuseOtherBase } from './own-ledger.ts';
import { loadedMapping, makeDestination, makeSource } from './parts.ts';
import { sourceKinds } from './sources/registry.ts';
import { makeEhrReader, nobodyToAsk } from './sync/reconcile/ehr-reader.ts';
import { reconcileSource, type ReconcileProgress } from './sync/reconcile/reconcile-source.ts';
import { verdictOn, type ReconcileReport, type SourceReconciliation } from './sync/reconcile/reconcile-report.ts';
import { settledEnd } from './sync/window-plan.ts';

export interface ReconcileRequest {
  readonly sources: readonly SourceConfig[];
  readonly range: TimeWindow;
  /** The most keys of each kind that are named, for each day. */
  readonly limit: number;
}

export interface ReconcileSurroundings {
  readonly now: () => Instant;
  /** Ends it early: the days that are done are told. */
  readonly signal: AbortSignal;
  readonly progress: (progress: ReconcileProgress) => void;
}

/** Looking is lighter than writing Bundles: so many at once for each of `destination.concurrency`. */
const looksForEachWrite = 4;

/**
 * Holds vendor, ledger and EHR against each other. Writes nothing to the EHR and no message to the ledger; its requests
 * to the vendor are booked. Works beside a running service. Throws `Refused` for a mapping that cannot be loaded,
 * `LedgerRefused` for a ledger that is not there, cannot be opened, or has other keys.
 * @returns undefined where nothing of the range is settled yet
 */
export async function reconcile(
  config: Config,
  { sources, range, limit }: ReconcileRequest,
  { now, signal, progress }: ReconcileSurroundings,
): Promise<ReconcileReport | undefined> {
  const settled = (section: SourceConfig): TimeWindow => ({
    from: floorToGrain(range.from),
    to: Math.min(range.to, settledEnd(now(), { settleDelayMs: section.settleDelay })),
  });
  const ranges = sources.map((section) => ({ section, range: settled(section) }));
  if (ranges.some(({ range: { from, to } }) => from >= to)) return undefined;
  // Mistakes are told before anybody is asked. How far a message has come is the same in every dialect.
  const plain = new Map(sources.map((section) => [section.name, loadedMapping(config, section)]));
  const ledger = await openedLedger(config, now);
  const destination = makeDestination(config, now);
  try {
    const ehr = await destination.check(signal);
    const dialect = await dialectToShow(config, destination, ehr, signal);
    const reader =
      ehr.kind === 'ready' && ehr.cannotBeAsked
        ? nobodyToAsk
        : makeEhrReader({
            destination,
            atOnce: looksForEachWrite * config.destination.concurrency,
            sleep,
            random: Math.random,
            down: ehr.kind === 'failed' ? ehr.problem : undefined,
          });
    const done: SourceReconciliation[] = [];
    for (const { section, range: ofSource } of ranges) {
      const mapping = loadedMapping(config, section, dialect.name);
      const { canonicalBase, keySecret } = config.mapping;
      const source = makeSource(section, {
        mapping: plain.get(section.name) ?? mapping,
        canonicalBase,
        keySecret: keySecret.reveal(),
        budget: ledger.budget,
        now,
      });
      const { requestsPerHour, rowCap = Infinity } = section;
      const { travelling } = sourceKinds[section.kind];
      const answers = { requestsPerHour, rowCap };
      const parts = { source, mapping, travelling, ledger, ehr: reader, ...answers, limit, now, sleep, progress };
      done.push(await reconcileSource(parts, ofSource, signal));
    }
    const verdict = signal.aborted ? 'incomplete' : verdictOn(done.flatMap(({ days }) => days));
    const to = Math.max(...ranges.map(({ range: { to: end } }) => end));
    return { from: isoInstant(floorToGrain(range.from)), to: isoInstant(to), verdict, ehr, dialect, sources: done };
  } finally {
    await destination.close();
    await ledger.close();
  }
}

async function openedLedger(config: Config, now: () => Instant): Promise<Ledger> {
  const { url, encryptionKey } = config.ledger;
  const options = { url: url.reveal(), encryptionKey: encryptionKey.reveal(), now };
  const ledger = await openLedger({ ...options, access: 'visitor' });
  try {
    await refuseOtherBase(ledger, config.mapping.canonicalBase);
    await lookAtKeySecret(ledger, config.mapping.keySecret.reveal());
    return ledger;
  } catch (error) {
    await ledger.close();
    throw error;
  }
}

/** Ends early, without an error, when it is told to. */
const sleep = (ms: number, signal: AbortSignal): Promise<void> => sleepFor(ms, undefined, { signal }).catch(() => {});
