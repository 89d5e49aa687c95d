import { problemSentence } from '../exchange/problem.ts';
import type { FindingKind } from '../sync/reconcile/reconcile.ts';
import { findingKinds } from '../sync/reconcile/reconcile.ts';
import {
  differences,
  type DayReport,
  type Found,
  type ReconcileReport,
  type SourceReconciliation,
  type Unread,
} from '../sync/reconcile/reconcile-report.ts';
import { aligned } from './columns.ts';

interface Told {
  /** After a number: `3 missing in the EHR`. */
  readonly what: string;
  /** What to do about it. */
  readonly cure?: (command: (name: 'backfill' | 'resend') => string) => string;
}

const told: Readonly<Record<FindingKind, Told>> = {
  missingInLedger: {
    what: 'missing in the ledger',
    cure: (command) => `${command('backfill')} reads and delivers them.`,
  },
  notYetRead: {
    what: 'not read yet',
    cure: () => 'The service has not come so far. Its next run reads them; see `status` for how far it is.',
  },
  changedAtVendor: {
    what: 'changed at the vendor',
    cure: (command) =>
      `The next sweep takes the new status, a lower one when it is shown twice; ${command('backfill')} takes it now.`,
  },
  conflicting: {
    what: 'with another text, time or person than was read before',
    cure: () => 'Ask Dialog Health. `rejected list` names them; `rejected dismiss --key KEY` sets one aside.',
  },
  vanishedAtVendor: {
    what: 'no longer shown by the vendor',
    cure: () => 'Nothing is deleted for that. Ask Dialog Health for how long it keeps records.',
  },
  unreadable: {
    what: 'rows that cannot be read',
    cure: () => '`rejected list` says what is wrong with each. Ask Dialog Health, or dismiss them.',
  },
  notDelivered: {
    what: 'not delivered',
    cure: () => 'Pending and waiting ones are sent by the service itself; `rejected list` says what the others need.',
  },
  missingInEhr: {
    what: 'missing in the EHR',
    cure: (command) =>
      `${command('resend')} writes them again, also those that somebody removed on purpose; --key KEY one alone.`,
  },
  different: {
    what: 'different in the EHR',
    cure: (command) =>
      `${command('resend')} writes them as the mapping has them now, also where somebody changed them on purpose; --key KEY one alone.`,
  },
  changedAtEhr: {
    what: 'changed by somebody else in the EHR',
    cure: (command) =>
      `They are left as they are: the next change of such a message is rejected for a person to decide. ${command('resend')} writes over them; --key KEY over one alone.`,
  },
  doubled: {
    what: 'more than once in the EHR',
    cure: () => 'Remove the extra ones at the EHR: GET /records/KEY names the one to keep. Then reconcile again.',
  },
  unknownAtEhr: {
    what: 'of which the EHR could not tell',
    cure: () => 'See the codes; ask again once the EHR answers.',
  },
  travelsAlong: { what: 'with an older name, number, carrier or misc field in the EHR (goes with the next change)' },
  keptOut: { what: 'kept out of the chart' },
};

/** The report for people: a line for each day, below it the keys, at the end what to do. */
export function reportLines(report: ReconcileReport): readonly string[] {
  const { ehr, dialect, from, to, sources } = report;
  const unasked = ehr.kind === 'ready' && ehr.cannotBeAsked === true;
  const copies = ehr.kind === 'ready' && ehr.findsCopies !== true && !unasked;
  return [
    `${from} to ${to}`,
    ehr.kind === 'ready'
      ? `EHR: written by ${ehr.write}; ${ehr.why}`
      : `EHR: ${problemSentence(ehr.problem)} ${ehr.why}`,
    ...(unasked ? ['EHR: the chart cannot be compared; only vendor and ledger are.'] : []),
    ...(copies ? ['EHR: it offers no search by identifier, so that copies elsewhere cannot be told.'] : []),
    `Dialect: ${dialect.name}. ${dialect.why}`,
    ...sources.flatMap((source) => ['', ...sourceLines(source)]),
  ];
}

function sourceLines(source: SourceReconciliation): readonly string[] {
  const { name, days, totals } = source;
  const head = ['day', 'vendor', 'ledger', 'EHR', ''];
  const rows = days.map((day) => [day.day, ...[day.vendor, day.ledger, day.ehr].map(String), summaryOf(day)]);
  const [heading = '', ...lines] = aligned([head, ...rows]);
  return [
    name,
    heading,
    ...days.flatMap((day, index) => [lines[index] ?? '', ...day.unread.map(unreadLine), ...keyLines(day)]),
    `${days.length} ${days.length === 1 ? 'day' : 'days'}: ${totals.vendor} messages at the vendor, ${totals.ledger} in the ledger, ${totals.ehr} in the EHR`,
    ...cures(source),
  ];
}

function summaryOf(day: DayReport): string {
  const kinds = findingKinds.filter((kind) => day[kind].count > 0);
  const parts = kinds.map((kind) => `${day[kind].count} ${told[kind].what}${byLine(day[kind])}`);
  const agrees = differences(day).length === 0 && day.unread.length === 0 ? ['in agreement'] : [];
  return [...(day.unread.length > 0 ? ['not read in full'] : agrees), ...parts].join('; ');
}

function byLine({ by }: Found): string {
  const entries = Object.entries(by);
  return entries.length === 0 ? '' : ` (${entries.map(([name, count]) => `${name} ${count}`).join(', ')})`;
}

const unreadLine = ({ from, to, problem }: Unread): string =>
  `    ${from} to ${to} was not read: ${problem.code}: ${problemSentence(problem)}`;

const keyLines = (day: DayReport): readonly string[] =>
  differences(day).map((kind) => {
    const { keys, count } = day[kind];
    const more = count > keys.length ? ` and ${count - keys.length} more` : '';
    return `    ${told[kind].what}: ${keys.join(' ')}${more}`;
  });

/** One line for each kind of difference, with the range in which it was found. */
function cures({ name, days, totals }: SourceReconciliation): readonly string[] {
  return differences(totals).flatMap((kind) => {
    const { cure, what } = told[kind];
    const found = days.filter((day) => day[kind].count > 0);
    const [first, last] = [found[0], found.at(-1)];
    if (cure === undefined || first === undefined || last === undefined) return [];
    const command = (of: 'backfill' | 'resend'): string =>
      `\`${of} --source ${name} --from ${first.from} --to ${last.to}\``;
    return [`${totals[kind].count} ${what}: ${cure(command)}`];
  });
}
