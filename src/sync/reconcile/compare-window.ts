import type { Communication } from 'fhir/r4.js';
import type { Delivery, Held } from '../../exchange/delivery.ts';
import { conflictKey, type RecordKey } from '../../exchange/record-key.ts';
import type { SourceRecord, UnreadableRecord } from '../../exchange/record.ts';
import type { Ledger, StoredMessage } from '../../ledger/ledger.ts';
import type { Mapping } from '../../mapping/mapping.ts';
import type { EhrReader } from './ehr-reader.ts';
import { elementDifferences } from './element-differences.ts';
import { readLedgerSide, type LedgerSide } from './ledger-side.ts';
import {
  hasMoved,
  judge,
  mayBeInMotion,
  type AtEhr,
  type AtVendor,
  type Finding,
  type JudgeFacts,
} from './reconcile.ts';
import type { ReconcileTally } from './reconcile-report.ts';
import type { WindowAnswer } from './vendor-reader.ts';

export interface CompareParts {
  /** The name of the source. */
  readonly source: string;
  readonly messages: Pick<Ledger['messages'], 'sentIn' | 'byKeys'>;
  readonly mapping: Mapping;
  /** The vendor's fields that change no message by themselves. */
  readonly travelling: readonly string[];
  readonly ehr: EhrReader;
  /** Told after each message that was looked for at the EHR. */
  readonly compared: (done: number, of: number) => void;
}

/** What tells no time of its own, and may stand in every answer: it is counted where the answer before did not show it. */
export type Timeless = ReadonlySet<RecordKey>;

/** A message as vendor and ledger know it, and how it is looked for at the EHR. */
interface Sought {
  readonly key: RecordKey;
  readonly record?: SourceRecord;
  readonly vendor?: AtVendor;
  readonly ledger?: StoredMessage;
  /** What would be written; without it the EHR tells only whether it is there. */
  readonly ours?: Communication;
  readonly delivery?: Delivery;
}

/**
 * Holds one answer of the vendor against ledger and EHR, and adds what it finds to the tally. The ledger is read after
 * the vendor, the EHR after both: what the service has done meanwhile is told by its time.
 * @param before what tells no time in the answer before; gives the same of this one
 */
export async function compareWindow(
  parts: CompareParts,
  { window, readAt, answer }: Extract<WindowAnswer, { kind: 'rows' }>,
  facts: Pick<JudgeFacts, 'coveredUntil'>,
  before: Timeless,
  tally: ReconcileTally,
  signal: AbortSignal,
): Promise<Timeless> {
  const records = answer
    .messages()
    .filter(({ key, occurredAt: at }) => (at === null ? !before.has(key) : at >= window.from && at < window.to));
  const rows = new Map(answer.unreadable().map((row) => [row.key, row]));
  const unreadable = [...rows.values()].filter(({ key }) => !before.has(key));
  const ledger = await readLedgerSide(parts.messages, parts.source, window, { records, unreadable });
  const sought = [...shown(parts, records, ledger), ...notShown(records, ledger)];
  const ehr = await atEhr(parts, sought, signal);
  const there = [...ehr.values()].filter(({ kind }) => kind === 'there' || kind === 'doubled');
  const undated = records.filter(({ occurredAt, key }) => occurredAt === null && ledger.get(key) !== undefined);
  tally.count('vendor', records.length);
  tally.count('ledger', ledger.inWindow.size + undated.length);
  tally.count('ehr', there.length);
  tally.add(await findingsOf(parts, sought, ehr, { ...facts, readAt }));
  tally.add(unreadable.map((row) => findingOfRow(row, ledger)));
  return new Set(
    [...answer.messages().filter(({ occurredAt }) => occurredAt === null), ...rows.values()].map(({ key }) => key),
  );
}

/** What the vendor shows. */
function shown(
  { mapping, source }: CompareParts,
  records: readonly SourceRecord[],
  ledger: LedgerSide,
): readonly Sought[] {
  return records.map((read): Sought => {
    const { key } = read;
    const stored = ledger.get(key);
    // As delivery sends it: with the replies that the ledger knows, whichever of them the vendor shows today.
    const related =
      stored !== undefined && read.direction === 'outgoing' ? (ledger.replies.get(key) ?? []) : read.related;
    const record = { ...read, related };
    const mapped = mapping.map(record);
    const vendor = atVendor(record, mapped.kind === 'communication', source, ledger);
    const known = { key, record, vendor, ...(stored === undefined ? {} : { ledger: stored }) };
    if (mapped.kind !== 'communication') return { ...known, ...lookedFor(stored) };
    const { resource } = mapped;
    return { ...known, ours: resource, delivery: deliveryOf(key, resource, stored) };
  });
}

/** What the ledger alone has. Its content is gone: whether the EHR has it is told by where the EHR keeps it. */
function notShown(records: readonly SourceRecord[], { inWindow }: LedgerSide): readonly Sought[] {
  const keys = new Set(records.map(({ key }) => key));
  return [...inWindow.values()]
    .filter(({ key }) => !keys.has(key))
    .map((stored) => ({ key: stored.key, ledger: stored, ...lookedFor(stored) }));
}

function lookedFor(stored: StoredMessage | undefined): Pick<Sought, 'delivery'> {
  if (stored?.reference === undefined) return {};
  return { delivery: deliveryOf(stored.key, { resourceType: 'Communication', status: 'unknown' }, stored) };
}

const deliveryOf = (key: RecordKey, resource: Communication, stored: StoredMessage | undefined): Delivery => ({
  key,
  resource,
  unsure: false,
  ...(stored?.reference === undefined ? {} : { knownReference: stored.reference }),
});

function atVendor(record: SourceRecord, mapped: boolean, source: string, ledger: LedgerSide): AtVendor {
  const { contentDigest, changeDigest, occurredAt } = record;
  const key = conflictKey(source, record);
  const conflict = { key, dismissed: ledger.get(key)?.state === 'skipped' };
  return { contentDigest, changeDigest, occurredAt, mapped, conflict };
}

async function atEhr(
  { ehr, mapping, travelling, compared }: CompareParts,
  sought: readonly Sought[],
  signal: AbortSignal,
): Promise<ReadonlyMap<RecordKey, AtEhr>> {
  const byKey = new Map(sought.map((each) => [each.key, each]));
  const deliveries = sought.flatMap(({ delivery }) => delivery ?? []);
  const found = new Map<RecordKey, AtEhr>();
  await ehr.read(
    deliveries,
    ({ key }, held) => {
      const { record, ours, ledger } = byKey.get(key) ?? {};
      const differing = (resource: Readonly<Record<string, unknown>>) =>
        ours === undefined || record === undefined
          ? []
          : elementDifferences(ours, resource, { record, mapping, travelling });
      found.set(key, asFound(held, differing, ledger?.reference));
      compared(found.size, deliveries.length);
    },
    signal,
  );
  return found;
}

function asFound(
  held: Held,
  differing: (resource: Readonly<Record<string, unknown>>) => Extract<AtEhr, { kind: 'there' }>['differences'],
  reference: string | undefined,
): AtEhr {
  switch (held.kind) {
    case 'absent':
      return held;
    case 'there': {
      const elsewhere = reference !== undefined && reference !== held.reference;
      return {
        kind: 'there',
        differences: [...(elsewhere ? [{ element: 'id', travels: false }] : []), ...differing(held.resource)],
      };
    }
    case 'unknown':
      if (held.problem.code === 'deleted-at-ehr') return { kind: 'absent' };
      if (held.problem.code === 'multiple-matches') return { kind: 'doubled' };
      return held;
  }
}

/** What may come of the service having gone on meanwhile is told only where it has not. */
async function findingsOf(
  { messages }: CompareParts,
  sought: readonly Sought[],
  ehr: ReadonlyMap<RecordKey, AtEhr>,
  facts: JudgeFacts,
): Promise<readonly Finding[]> {
  const notAsked: AtEhr = { kind: 'not-asked' };
  const judged = sought.map((each) => ({ each, found: judge({ ...each, ehr: ehr.get(each.key) ?? notAsked }, facts) }));
  const inQuestion = judged.filter(({ found }) => found.some(mayBeInMotion)).map(({ each }) => each.key);
  const now = await messages.byKeys(inQuestion);
  return judged.flatMap(({ each, found }) => {
    if (each.ledger === undefined || !found.some(mayBeInMotion)) return found;
    const latest = now.get(each.key);
    if (!hasMoved(each.ledger, latest)) return found;
    return judge({ ...each, ...(latest === undefined ? {} : { ledger: latest }), ehr: notAsked }, facts);
  });
}

function findingOfRow({ key, problem }: UnreadableRecord, ledger: LedgerSide): Finding {
  const stored = ledger.get(key);
  const kind = stored === undefined ? 'missingInLedger' : stored.state === 'skipped' ? 'keptOut' : 'unreadable';
  return { kind, key, by: [problem.code] };
}
