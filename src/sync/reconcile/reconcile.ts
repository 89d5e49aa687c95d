import { problemKind, type Problem } from '../../exchange/problem.ts';
import type { RecordKey } from '../../exchange/record-key.ts';
import type { SourceRecord } from '../../exchange/record.ts';
import type { Instant } from '../../exchange/window.ts';
import type { StoredMessage } from '../../ledger/ledger.ts';
import type { ElementDifference } from './element-differences.ts';

/** What can be found of a message when vendor, ledger and EHR are held against each other. */
export const findingKinds = [
  /** The vendor shows it, the ledger does not have it. */
  'missingInLedger',
  /** Likewise, of a time that has not been read yet. */
  'notYetRead',
  /** The vendor shows another status than the ledger has. */
  'changedAtVendor',
  /** The vendor shows another text, time or person under its id. */
  'conflicting',
  /** The ledger has it, the vendor does not show it. */
  'vanishedAtVendor',
  /** A row of the vendor's that is no message, and that nobody has dismissed. */
  'unreadable',
  /** The ledger has not brought it to the EHR; by its state. */
  'notDelivered',
  /** The ledger has brought it to the EHR, and it is not there. */
  'missingInEhr',
  /** The EHR has it otherwise than it would be written; by element. */
  'different',
  /** Likewise, since somebody else changed it there: it is not written over; by the reason and the element. */
  'changedAtEhr',
  /** The EHR has more than one. */
  'doubled',
  /** What the EHR has of it cannot be told; by code. */
  'unknownAtEhr',
  /** No difference: only what travels along with the next change is otherwise at the EHR; by element. */
  'travelsAlong',
  /** No difference: kept out of the chart by the mapping, or by a person. */
  'keptOut',
] as const;

export type FindingKind = (typeof findingKinds)[number];

/** Found, and as it is to be. */
export const noDifference: readonly FindingKind[] = ['travelsAlong', 'keptOut'];

export interface Finding {
  readonly kind: FindingKind;
  readonly key: RecordKey;
  /** States, elements or codes: never a value. */
  readonly by: readonly string[];
}

/** What the vendor's answer says of a message. */
export interface AtVendor extends Pick<SourceRecord, 'contentDigest' | 'changeDigest' | 'occurredAt'> {
  /** Whether the mapping makes a Communication of it. */
  readonly mapped: boolean;
  /** Under which name the ledger sets it apart where it contradicts what was read before, and whether that was dismissed. */
  readonly conflict?: { readonly key: RecordKey; readonly dismissed: boolean };
}

/** What the EHR holds of a message. */
export type AtEhr =
  | { readonly kind: 'absent' }
  /** `foreign`: why it is not written over. */
  | { readonly kind: 'there'; readonly differences: readonly ElementDifference[]; readonly foreign?: Problem }
  | { readonly kind: 'doubled' }
  | { readonly kind: 'unknown'; readonly problem: Problem }
  /** The mapping makes nothing of it that it could be found by. */
  | { readonly kind: 'not-asked' };

/** One message on the three sides. */
export interface OnThreeSides {
  readonly key: RecordKey;
  readonly vendor?: AtVendor;
  readonly ledger?: StoredMessage;
  readonly ehr: AtEhr;
}

export interface JudgeFacts {
  /** When the vendor was asked. What the ledger has learned since is newer than the answer. */
  readonly readAt: Instant;
  /** Everything before this has been read by the service at least once; undefined: nothing yet. */
  readonly coveredUntil: Instant | undefined;
}

/** What is to be told of one message. None: the three sides agree. Pure. */
export function judge(message: OnThreeSides, facts: JudgeFacts): readonly Finding[] {
  return [...vendorAgainstLedger(message, facts), ...ledgerAgainstEhr(message, facts)];
}

function vendorAgainstLedger({ key, vendor, ledger }: OnThreeSides, facts: JudgeFacts): readonly Finding[] {
  if (ledger === undefined) return vendor === undefined ? [] : [finding(unknownKind(vendor, facts), key)];
  if (vendor === undefined) return ledger.firstReadAt < facts.readAt ? [finding('vanishedAtVendor', key)] : [];
  if (vendor.contentDigest !== ledger.contentDigest) {
    const { conflict } = vendor;
    return conflict?.dismissed === true ? [] : [finding('conflicting', conflict?.key ?? key)];
  }
  const isNews = vendor.changeDigest !== ledger.changeDigest && ledger.takenAt < facts.readAt;
  return isNews ? [finding('changedAtVendor', key)] : [];
}

function unknownKind({ occurredAt }: AtVendor, { coveredUntil }: JudgeFacts): FindingKind {
  return occurredAt !== null && occurredAt >= (coveredUntil ?? -Infinity) ? 'notYetRead' : 'missingInLedger';
}

function ledgerAgainstEhr({ key, vendor, ledger, ehr }: OnThreeSides, facts: JudgeFacts): readonly Finding[] {
  const found: Finding[] = [];
  if (ehr.kind === 'doubled') found.push(finding('doubled', key));
  if (ehr.kind === 'unknown') found.push(finding('unknownAtEhr', key, ehr.problem.code));
  if (ledger === undefined) return found;
  if (ledger.state === 'skipped') return [...found, finding('keptOut', key)];
  const state = ledger.owed ? 'pending' : ledger.state;
  if (state !== 'delivered') return [...found, finding('notDelivered', key, state)];
  if (ehr.kind === 'absent') return [...found, finding('missingInEhr', key)];
  if (vendor === undefined || !isSame(vendor, ledger, facts)) return found;
  if (!vendor.mapped) return [...found, finding('different', key, 'Communication')];
  if (ehr.kind !== 'there' || ehr.differences.length === 0) return found;
  const { foreign } = ehr;
  if (foreign !== undefined) {
    return [...found, finding('changedAtEhr', key, foreign.code, ...ehr.differences.map(({ element }) => element))];
  }
  const counting = ehr.differences.filter(({ travels }) => !travels);
  const [kind, shown] =
    counting.length > 0 ? (['different', counting] as const) : (['travelsAlong', ehr.differences] as const);
  return [...found, finding(kind, key, ...shown.map(({ element }) => element))];
}

/** Whether the EHR ought to hold what the vendor showed: another content is on its way, or contradicts. */
const isSame = (vendor: AtVendor, ledger: StoredMessage, { readAt }: JudgeFacts): boolean =>
  vendor.contentDigest === ledger.contentDigest &&
  vendor.changeDigest === ledger.changeDigest &&
  ledger.takenAt < readAt;

const finding = (kind: FindingKind, key: RecordKey, ...by: readonly string[]): Finding => ({
  kind,
  key,
  by: [...new Set(by)],
});

/** Those whose reason may be that the service went on meanwhile: held against the ledger once more before they are told. */
export const mayBeInMotion = ({ kind }: Finding): boolean =>
  kind === 'missingInEhr' || kind === 'different' || kind === 'changedAtEhr';

/** Whether the ledger has moved on between two looks at a message. */
export const hasMoved = (before: StoredMessage, now: StoredMessage | undefined): boolean =>
  now === undefined ||
  now.takenAt !== before.takenAt ||
  now.state !== before.state ||
  now.owed !== before.owed ||
  now.reference !== before.reference;

/** What concerns the whole EHR: it could not be asked. */
export const isUnasked = (code: Problem['code']): boolean => problemKind(code).scope === 'destination';
