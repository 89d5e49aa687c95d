import type { Instant, TimeWindow } from '../../exchange/window.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { coveredUntil } from '../covered-until.ts';
import { knownEnough } from '../read-verdict.ts';
import { compareWindow, type CompareParts, type Timeless } from './compare-window.ts';
import { dayReport, ReconcileTally, unreadWindow, type SourceReconciliation, type Unread } from './reconcile-report.ts';
import { daysOf, windowsOf } from './reconcile-windows.ts';
import { VendorReader, type VendorReaderParts, type WindowAnswer } from './vendor-reader.ts';

/** How far a reconciliation has come, for whoever waits for it. */
export type ReconcileProgress = {
  readonly source: string;
  readonly day: TimeWindow;
  /** Which day it is, from 1, and how many there are. */
  readonly number: number;
  readonly days: number;
} & (
  | { readonly at: 'vendor' }
  | { readonly at: 'ehr'; readonly done: number; readonly of: number }
  /** For the hour's requests, or because the vendor asked for a pause. */
  | { readonly at: 'pause'; readonly until: Instant }
);

export interface ReconcileSourceParts
  extends Omit<CompareParts, 'source' | 'messages' | 'compared'>, Omit<VendorReaderParts, 'budget' | 'waits'> {
  readonly ledger: {
    readonly messages: Pick<Ledger['messages'], 'sentIn' | 'byKeys'>;
    readonly coverage: Pick<Ledger['coverage'], 'state' | 'known'>;
    readonly budget: Pick<Ledger['budget'], 'throttled'>;
  };
  /** The most keys of each kind, for each day. */
  readonly limit: number;
  readonly progress: (progress: ReconcileProgress) => void;
}

/**
 * Holds vendor, ledger and EHR against each other, day by day. Writes nothing but the requests to the vendor that it
 * books. A day that cannot be read is told as such, and the others go on. Ends early when told to: the day that was begun
 * is left out.
 */
export async function reconcileSource(
  parts: ReconcileSourceParts,
  range: TimeWindow,
  signal: AbortSignal,
): Promise<SourceReconciliation> {
  const { ledger, source, limit, progress } = parts;
  const { name } = source;
  const state = await ledger.coverage.state(name);
  const { widestMs, rowCap: learned = Infinity } = state.size;
  const facts = { coveredUntil: coveredUntil(state) };
  const days = daysOf(range);
  let where: Pick<ReconcileProgress, 'source' | 'day' | 'number' | 'days'> = {
    source: name,
    day: range,
    number: 0,
    days: days.length,
  };
  const vendor = new VendorReader({
    ...parts,
    budget: ledger.budget,
    rowCap: Math.min(parts.rowCap, learned),
    waits: (until) => progress({ ...where, at: 'pause', until }),
  });
  const compare: CompareParts = {
    ...parts,
    source: name,
    messages: ledger.messages,
    compared: (done, of) => progress({ ...where, at: 'ehr', done, of }),
  };
  const reports = [];
  let timeless: Timeless = new Set();
  for (const day of days) {
    where = { ...where, day, number: where.number + 1 };
    progress({ ...where, at: 'vendor' });
    const tally = new ReconcileTally(limit);
    const unread: Unread[] = [];
    for (const window of windowsOf(day, await ledger.coverage.known(name, day), widestMs)) {
      for await (const answer of vendor.read(window, signal)) {
        for (const each of await believed(answer)) {
          if (each.kind === 'rows') timeless = await compareWindow(compare, each, facts, timeless, tally, signal);
          else unread.push(unreadWindow(each.window, each.problem));
        }
      }
    }
    if (signal.aborted) break;
    reports.push(dayReport(day, tally.counts(), unread));
  }
  return { name, days: reports, totals: new ReconcileTally(limit).sum(reports).counts() };

  /** An empty answer where the ledger knows messages may be a slip of the vendor's: it is asked once more. */
  async function believed(answer: WindowAnswer): Promise<readonly WindowAnswer[]> {
    if (answer.kind !== 'rows' || answer.answer.rows() > 0) return [answer];
    if ((await ledger.coverage.known(name, answer.window, knownEnough)) < knownEnough) return [answer];
    const again: WindowAnswer[] = [];
    for await (const each of vendor.read(answer.window, signal)) again.push(each);
    return again;
  }
}
