import { describe, expect, it } from 'vitest';
import type { StoredMessage } from '../../../src/ledger/ledger.ts';
import {
  hasMoved,
  judge,
  type AtEhr,
  type AtVendor,
  type JudgeFacts,
  type OnThreeSides,
} from '../../../src/sync/reconcile/reconcile.ts';

const readAt = Date.UTC(2026, 2, 10, 12);
const hourMs = 3_600_000;
const sentAt = readAt - 48 * hourMs;
const facts: JudgeFacts = { readAt, coveredUntil: readAt - hourMs };

const vendor: AtVendor = { contentDigest: 'text', changeDigest: 'SENT', occurredAt: sentAt, mapped: true };
const ledger: StoredMessage = {
  key: 'k',
  direction: 'outgoing',
  thread: 'k',
  state: 'delivered',
  owed: false,
  contentDigest: 'text',
  changeDigest: 'SENT',
  firstReadAt: sentAt + hourMs,
  takenAt: sentAt + hourMs,
  reference: 'Communication/k',
};
const there: AtEhr = { kind: 'there', differences: [] };
const otherwise = (...elements: readonly string[]): AtEhr => ({
  kind: 'there',
  differences: elements.map((element) => ({ element, travels: element.includes('carrier') })),
});

/** `kind` or `kind by what`. */
const told = (sides: Omit<OnThreeSides, 'key'>, known: JudgeFacts = facts): readonly string[] =>
  judge({ key: 'k', ...sides }, known).map(({ kind, by }) => [kind, ...by].join(' '));

describe('a message on three sides', () => {
  it('agrees when the ledger has what the vendor shows, and the EHR what would be written', () => {
    expect(told({ vendor, ledger, ehr: there })).toEqual([]);
  });

  it.each<[string, Omit<OnThreeSides, 'key'>, readonly string[]]>([
    ['the ledger does not have', { vendor, ehr: { kind: 'absent' } }, ['missingInLedger']],
    ['the ledger has lost, and the EHR keeps', { vendor, ehr: there }, ['missingInLedger']],
    ['the vendor shows no more', { ledger, ehr: there }, ['vanishedAtVendor']],
    ['neither vendor nor EHR has any more', { ledger, ehr: { kind: 'absent' } }, ['vanishedAtVendor', 'missingInEhr']],
    ['the EHR does not have', { vendor, ledger, ehr: { kind: 'absent' } }, ['missingInEhr']],
    ['the EHR has otherwise', { vendor, ledger, ehr: otherwise('status', 'sent') }, ['different status sent']],
    [
      'the EHR has otherwise in more than what travels along',
      { vendor, ledger, ehr: otherwise('extension(sms-carrier)', 'status') },
      ['different status'],
    ],
    [
      'the EHR has otherwise in what travels along alone',
      { vendor, ledger, ehr: otherwise('extension(sms-carrier)') },
      ['travelsAlong extension(sms-carrier)'],
    ],
    ['the EHR has twice', { vendor, ledger, ehr: { kind: 'doubled' } }, ['doubled']],
    [
      'the EHR has twice and the ledger not at all',
      { vendor, ehr: { kind: 'doubled' } },
      ['doubled', 'missingInLedger'],
    ],
    [
      'the EHR cannot tell of',
      { vendor, ledger, ehr: { kind: 'unknown', problem: { code: 'ehr-unreachable' } } },
      ['unknownAtEhr ehr-unreachable'],
    ],
    [
      'the mapping of today makes no Communication of',
      { vendor: { ...vendor, mapped: false }, ledger, ehr: { kind: 'not-asked' } },
      ['different Communication'],
    ],
    [
      'is on its way, and not there yet',
      { vendor, ledger: { ...ledger, state: 'delivering' }, ehr: { kind: 'absent' } },
      ['notDelivered delivering'],
    ],
    [
      'waits with a newer status than the EHR has',
      { vendor, ledger: { ...ledger, state: 'pending' }, ehr: otherwise('status') },
      ['notDelivered pending'],
    ],
    [
      'is owed to the EHR for a link',
      { vendor, ledger: { ...ledger, owed: true }, ehr: otherwise('inResponseTo') },
      ['notDelivered pending'],
    ],
    ['is kept out', { vendor, ledger: { ...ledger, state: 'skipped' }, ehr: { kind: 'not-asked' } }, ['keptOut']],
  ])('that %s', (_, sides, expected) => {
    expect(told(sides).toSorted()).toEqual(expected.toSorted());
  });

  it('is not missing where the service has not read yet', () => {
    const late = { ...vendor, occurredAt: readAt - 1_800_000 };
    expect(told({ vendor: late, ehr: { kind: 'absent' } })).toEqual(['notYetRead']);
    expect(told({ vendor, ehr: { kind: 'absent' } }, { readAt, coveredUntil: undefined })).toEqual(['notYetRead']);
    const undated = { ...vendor, occurredAt: null };
    expect(told({ vendor: undated, ehr: { kind: 'absent' } })).toEqual(['missingInLedger']);
  });

  it('whose new status is not in the ledger yet differs there, and not at the EHR too', () => {
    const news = { ...vendor, changeDigest: 'DELIVERED' };
    expect(told({ vendor: news, ledger, ehr: otherwise('status') })).toEqual(['changedAtVendor']);
  });

  it('that contradicts what was read is told by the name it is set apart under, until that is dismissed', () => {
    const apart = { key: 'apart', dismissed: false };
    const other = { ...vendor, contentDigest: 'another text', conflict: apart };
    expect(judge({ key: 'k', vendor: other, ledger, ehr: otherwise('payload') }, facts)).toEqual([
      { kind: 'conflicting', key: 'apart', by: [] },
    ]);
    const dismissed = { ...other, conflict: { ...apart, dismissed: true } };
    expect(told({ vendor: dismissed, ledger, ehr: there })).toEqual([]);
  });

  it('names an element once, however many places of it differ', () => {
    expect(told({ vendor, ledger, ehr: otherwise('note', 'note') })).toEqual(['different note']);
  });
});

describe('a service that goes on meanwhile', () => {
  const news = { ...vendor, changeDigest: 'DELIVERED' };

  it('has not lost what it has read since the vendor was asked', () => {
    expect(told({ ledger: { ...ledger, firstReadAt: readAt, takenAt: readAt }, ehr: there })).toEqual([]);
  });

  it('knows a newer status than the answer: nothing of it is held against the EHR', () => {
    const ahead = { ...ledger, changeDigest: 'DELIVERED', takenAt: readAt };
    expect(told({ vendor, ledger: ahead, ehr: otherwise('status') })).toEqual([]);
    expect(told({ vendor: news, ledger: { ...ledger, takenAt: readAt }, ehr: otherwise('status') })).toEqual([]);
    expect(told({ vendor, ledger: ahead, ehr: { kind: 'absent' } })).toEqual(['missingInEhr']);
  });

  it('has moved on when anything but the time of asking is otherwise', () => {
    expect(hasMoved(ledger, { ...ledger })).toBe(false);
    expect(hasMoved(ledger, undefined)).toBe(true);
    expect(hasMoved(ledger, { ...ledger, state: 'pending' })).toBe(true);
    expect(hasMoved(ledger, { ...ledger, takenAt: readAt })).toBe(true);
    expect(hasMoved(ledger, { ...ledger, owed: true })).toBe(true);
    expect(hasMoved(ledger, { ...ledger, reference: 'Communication/other' })).toBe(true);
  });
});
