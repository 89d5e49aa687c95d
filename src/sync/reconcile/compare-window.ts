import { conflictKey, type RecordKey } from '../../exchange/record-key.ts';
import type { SourceRecord, UnreadableRecord } from '../../exchange/record.ts';
import type { Ledger, StoredMessage } from '../../ledger/ledger.ts';
import { readEhrSide, type EhrSide, type EhrSideParts, type Sought } from './ehr-side.ts';
import { contradicts, readLedgerSide, type LedgerSide } from './ledger-side.ts';
import {
  hasMoved,
  judge,
  mayBeInMotion,
  type AtVendor,
  type Finding,
  type JudgeFacts,
  type OnThreeSides,
} from './reconcile.ts';
import type { ReconcileTally } from './reconcile-report.ts';
import type { WindowAnswer } from './vendor-reader.ts';

export interface CompareParts extends EhrSideParts {
  /** The name of the source. */
  readonly source: string;
  readonly messages: Pick<Ledger['messages'], 'sentIn' | 'byKeys'>;
}

/** What tells no time of its own, and may stand in every answer: it is counted where the answer before did not show it. */
export type Timeless = ReadonlySet<RecordKey>;

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
  const { source, messages } = parts;
  const records = answer
    .messages()
    .filter(({ key, occurredAt: at }) => (at === null ? !before.has(key) : at >= window.from && at < window.to));
  const rows = new Map(answer.unreadable().map((row) => [row.key, row]));
  const unreadable = [...rows.values()].filter(({ key }) => !before.has(key));
  const ledger = await readLedgerSide(messages, source, window, { records, unreadable });
  const sought = soughtOf(records, ledger);
  const ehr = await readEhrSide(parts, sought, signal);
  const undated = records.filter(({ occurredAt, key }) => occurredAt === null && ledger.get(key) !== undefined);
  tally.count('vendor', records.length);
  tally.count('ledger', ledger.inWindow.size + undated.length);
  tally.count('ehr', [...ehr.at.values()].filter(({ kind }) => kind === 'there' || kind === 'doubled').length);
  const sides = sought.map((each) => onThreeSides(each, source, ledger, ehr));
  tally.add(await findingsOf(messages, sides, { ...facts, readAt }));
  tally.add(unreadable.map((row) => findingOfRow(row, ledger)));
  const undatedShown = answer.messages().filter(({ occurredAt }) => occurredAt === null);
  return new Set([...undatedShown, ...rows.values()].map(({ key }) => key));
}

/** What the vendor shows, and what the ledger alone has. */
function soughtOf(records: readonly SourceRecord[], ledger: LedgerSide): readonly Sought[] {
  const shown = new Set(records.map(({ key }) => key));
  return [
    ...records.map((record): Sought => {
      const stored = ledger.get(record.key);
      if (stored === undefined) return { key: record.key, record };
      return { key: record.key, record: asDelivered(record, ledger), ledger: stored };
    }),
    ...[...ledger.inWindow.values()]
      .filter(({ key }) => !shown.has(key))
      .map((stored) => ({ key: stored.key, ledger: stored })),
  ];
}

/** With the replies that the ledger knows, whichever of them the vendor shows today. */
function asDelivered(record: SourceRecord, { replies }: LedgerSide): SourceRecord {
  return record.direction === 'outgoing' ? { ...record, related: replies.get(record.key) ?? [] } : record;
}

function onThreeSides(
  { key, record, ledger: stored }: Sought,
  source: string,
  ledger: LedgerSide,
  ehr: EhrSide,
): OnThreeSides {
  return {
    key,
    ...(record === undefined ? {} : { vendor: atVendor(record, source, ledger, !ehr.unmapped.has(key)) }),
    ...(stored === undefined ? {} : { ledger: stored }),
    ehr: ehr.at.get(key) ?? { kind: 'not-asked' },
  };
}

function atVendor(record: SourceRecord, source: string, ledger: LedgerSide, mapped: boolean): AtVendor {
  const { contentDigest, changeDigest, occurredAt } = record;
  const shown = { contentDigest, changeDigest, occurredAt, mapped };
  if (!contradicts(record, ledger.get(record.key))) return shown;
  const key = conflictKey(source, record);
  return { ...shown, conflict: { key, dismissed: ledger.get(key)?.state === 'skipped' } };
}

/** What may come of the service having gone on meanwhile is told only where it has not. */
async function findingsOf(
  messages: CompareParts['messages'],
  sides: readonly OnThreeSides[],
  facts: JudgeFacts,
): Promise<readonly Finding[]> {
  const judged = sides.map((each) => ({ each, found: judge(each, facts) }));
  const inQuestion = judged.filter(({ found }) => found.some(mayBeInMotion)).map(({ each }) => each.key);
  const now = await messages.byKeys(inQuestion);
  return judged.flatMap(({ each, found }) => {
    if (each.ledger === undefined || !found.some(mayBeInMotion)) return found;
    const latest = now.get(each.key);
    return hasMoved(each.ledger, latest) ? judge(movedOn(each, latest), facts) : found;
  });
}

function movedOn(each: OnThreeSides, latest: StoredMessage | undefined): OnThreeSides {
  return { ...each, ...(latest === undefined ? {} : { ledger: latest }), ehr: { kind: 'not-asked' } };
}

function findingOfRow({ key, problem }: UnreadableRecord, ledger: LedgerSide): Finding {
  const stored = ledger.get(key);
  const kind = stored === undefined ? 'missingInLedger' : stored.state === 'skipped' ? 'keptOut' : 'unreadable';
  return { kind, key, by: [problem.code] };
}
