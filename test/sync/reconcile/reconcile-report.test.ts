import { describe, expect, it } from 'vitest';
import type { Finding, FindingKind } from '../../../src/sync/reconcile/reconcile.ts';
import { dayReport, ReconcileTally, unreadWindow, verdictOn } from '../../../src/sync/reconcile/reconcile-report.ts';

const day = { from: Date.UTC(2026, 2, 5), to: Date.UTC(2026, 2, 6) };
const finding = (kind: FindingKind, key: string, ...by: readonly string[]): Finding => ({ kind, key, by });

function tallied(findings: readonly Finding[], limit = 20) {
  const tally = new ReconcileTally(limit);
  tally.add(findings);
  return tally.counts();
}
const report = (...findings: readonly Finding[]) => dayReport(day, tallied(findings), []);

describe('the report of a day', () => {
  it('counts each kind, names no more keys than the limit, and counts by what', () => {
    const found = ['a', 'b', 'c'].map((key) => finding('different', key, 'status', ...(key === 'a' ? ['sent'] : [])));
    expect(tallied(found, 2).different).toEqual({ count: 3, keys: ['a', 'b'], by: { status: 3, sent: 1 } });
    expect(tallied(found, 2).doubled).toEqual({ count: 0, keys: [], by: {} });
  });

  it('names thirty elements at most: an EHR that changes everything would name hundreds', () => {
    const found = Array.from({ length: 100 }, (_, index) => finding('different', `k${index}`, `element${index}`));
    const { by } = tallied(found).different;
    expect(Object.keys(by)).toHaveLength(31);
    expect(by['others']).toBe(70);
  });

  it('says which day it is, and what of it was asked for', () => {
    const part = { from: day.from + 3_600_000, to: day.to };
    expect(dayReport(part, tallied([]), [])).toMatchObject({
      day: '2026-03-05',
      from: '2026-03-05T01:00:00Z',
      to: '2026-03-06T00:00:00Z',
    });
  });

  it('is summed up for all days, with the keys of the first', () => {
    const [one, two] = [new ReconcileTally(2), new ReconcileTally(2)];
    one.count('vendor', 5);
    one.add([finding('notDelivered', 'a', 'waiting')]);
    two.count('vendor', 6);
    two.count('ehr', 1);
    two.add([finding('notDelivered', 'b', 'waiting'), finding('notDelivered', 'c', 'rejected')]);
    const sum = new ReconcileTally(2).sum([one.counts(), two.counts()]).counts();
    expect(sum).toMatchObject({ vendor: 11, ledger: 0, ehr: 1 });
    expect(sum.notDelivered).toEqual({ count: 3, keys: ['a', 'b'], by: { waiting: 2, rejected: 1 } });
  });
});

describe('the verdict', () => {
  it('is that the sides agree where nothing was found, or what is no difference', () => {
    expect(verdictOn([report()])).toBe('agree');
    expect(verdictOn([report(finding('keptOut', 'a'), finding('travelsAlong', 'b', 'extension(sms-carrier)'))])).toBe(
      'agree',
    );
  });

  it.each<FindingKind>([
    'missingInLedger',
    'notYetRead',
    'changedAtVendor',
    'conflicting',
    'vanishedAtVendor',
    'unreadable',
    'notDelivered',
    'missingInEhr',
    'different',
    'doubled',
    'unknownAtEhr',
  ])('is that they differ where one message is %s', (kind) => {
    expect(verdictOn([report(), report(finding(kind, 'a', 'outcome-unknown'))])).toBe('differ');
  });

  it('is no verdict where a side could not be asked, whatever else was found', () => {
    const unread = unreadWindow(day, { code: 'source-server-error', httpStatus: 500 });
    expect(unread).toMatchObject({ from: '2026-03-05T00:00:00Z', to: '2026-03-06T00:00:00Z' });
    expect(verdictOn([dayReport(day, tallied([finding('doubled', 'a')]), [unread])])).toBe('incomplete');
    expect(verdictOn([report(finding('unknownAtEhr', 'a', 'ehr-unreachable'))])).toBe('incomplete');
  });
});
