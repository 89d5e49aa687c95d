import type { Config, SourceConfig } from './config/config.ts';
import type { Destination, DestinationCheck } from './destinations/destination.ts';
import type { Delivery, Held } from './exchange/delivery.ts';
import type { Problem } from './exchange/problem.ts';
import type { RecordKey } from './exchange/record-key.ts';
import type { SourceRecord } from './exchange/record.ts';
import type { Instant, TimeWindow } from './exchange/window.ts';
import { dialectToShow } from './dialect.ts';
import { ledgerBeside, unbooked } from './ledger-beside.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { Mapping } from './mapping/mapping.ts';
import { loadedMapping, makeDestination, makeSource } from './parts.ts';
import { siteValidator } from './site-validation.ts';
import { gatherMessages, type Gathering } from './sync/gathering.ts';
import { previewReport, previewWindow, type Looked, type PreviewReport } from './sync/preview.ts';

export interface PreviewRequest {
  readonly source: SourceConfig;
  /** The newest hour that is settled, when not said. */
  readonly range?: TimeWindow;
  /** The most messages that are looked at. */
  readonly limit: number;
  /** Whether to tell what made each element. */
  readonly explain: boolean;
}

export interface PreviewSurroundings {
  readonly now: () => Instant;
  /** Ends it early, as if the vendor or the EHR did not answer. */
  readonly signal: AbortSignal;
}

export type Preview =
  | { readonly kind: 'report'; readonly report: PreviewReport }
  /** The vendor answers for no more at once. */
  | { readonly kind: 'too-wide'; readonly longestWindowMs: number }
  | { readonly kind: 'not-read'; readonly problem: Problem };

/**
 * Reads one window from the vendor (one request, booked in the budget), maps its messages in the dialect that the EHR
 * wants, validates them in full, and asks the EHR what it holds of them. Writes nothing to the EHR and no message to the
 * ledger; works beside a running service and without a ledger. Throws `Refused` for a mapping that cannot be loaded,
 * `LedgerRefused` for a ledger that cannot be opened.
 */
export async function makePreview(
  config: Config,
  { source: section, range, limit, explain }: PreviewRequest,
  { now, signal }: PreviewSurroundings,
): Promise<Preview> {
  // Mistakes are told before anybody is asked. How far a message has come is the same in every dialect.
  const plain = loadedMapping(config, section);
  const window = previewWindow(range, now(), section.settleDelay);
  const { canonicalBase } = config.mapping;
  const keySecret = config.mapping.keySecret.reveal();
  const ledger = await ledgerBeside(config, now);
  const destination = makeDestination(config, now);
  try {
    const budget = ledger?.budget ?? unbooked;
    const source = makeSource(section, { mapping: plain, canonicalBase, keySecret, budget, now });
    const { longestWindowMs } = source;
    if (window.to - window.from > longestWindowMs) return { kind: 'too-wide', longestWindowMs };
    const answer = gatherMessages(limit);
    const take = (...batch: Parameters<Gathering['take']>): Promise<void> => Promise.resolve(answer.take(...batch));
    const outcome = await source.read(window, take, signal);
    if (outcome.kind === 'failed') return { kind: 'not-read', problem: outcome.problem };
    const ehr = await destination.check(signal);
    const dialect = await dialectToShow(config, destination, ehr, signal);
    const mapping = loadedMapping(config, section, dialect.name);
    const looked = await lookAt(answer.messages(), {
      mapping,
      canonicalBase,
      explain,
      ledger,
      destination,
      ehr,
      signal,
    });
    return { kind: 'report', report: previewReport({ source: section.name, window, dialect, ehr }, answer, looked) };
  } finally {
    await destination.close();
    await ledger?.close();
  }
}

interface LookParts {
  readonly mapping: Mapping;
  readonly canonicalBase: string;
  readonly explain: boolean;
  readonly ledger: Ledger | undefined;
  readonly destination: Destination;
  readonly ehr: DestinationCheck;
  readonly signal: AbortSignal;
}

async function lookAt(records: readonly SourceRecord[], parts: LookParts): Promise<readonly Looked[]> {
  const { mapping, canonicalBase, explain, ledger } = parts;
  const validate = await siteValidator(canonicalBase);
  const made = records.map((record) => ({ record, mapped: mapping.map(record) }));
  const deliveries: Delivery[] = [];
  for (const { record, mapped } of made) {
    if (mapped.kind !== 'communication') continue;
    const { key } = record;
    deliveries.push({ key, resource: mapped.resource, unsure: false, ...(await knownOf(ledger, key)) });
  }
  const held = await heldOf(deliveries, parts);
  return made.map(({ record, mapped }): Looked => {
    const about = { record, ...(explain ? { explanation: mapping.explain(record) } : {}) };
    if (mapped.kind !== 'communication') return { ...about, mapped };
    const itsHeld = held.get(record.key) ?? { kind: 'unknown', problem: { code: 'outcome-unknown' } };
    return { ...about, mapped, findings: validate(mapped.resource), held: itsHeld };
  });
}

/**
 * Where the EHR keeps it, and in which version of ours, if it was delivered before: what was deleted or changed there is
 * told from what never was there, or is as we left it.
 */
async function knownOf(
  ledger: Ledger | undefined,
  key: RecordKey,
): Promise<Pick<Delivery, 'knownReference' | 'knownVersion'>> {
  const stored = (await ledger?.messages.byKeys([key]))?.get(key);
  const { reference, version } = stored ?? {};
  return {
    ...(reference === undefined ? {} : { knownReference: reference }),
    ...(version === undefined ? {} : { knownVersion: version }),
  };
}

async function heldOf(
  deliveries: readonly Delivery[],
  { destination, ehr, signal }: LookParts,
): Promise<ReadonlyMap<RecordKey, Held>> {
  const held: readonly Held[] =
    ehr.kind === 'failed'
      ? deliveries.map(() => ({ kind: 'unknown', problem: ehr.problem }))
      : await destination.held(deliveries, signal);
  return new Map(held.map((each, index) => [deliveries[index]?.key ?? '', each]));
}
