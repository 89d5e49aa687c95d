import type { DestinationCheck } from '../../destinations/destination.ts';
import { isProblemCode, type Problem } from '../../exchange/problem.ts';
import type { RecordKey } from '../../exchange/record-key.ts';
import { isoInstant, type TimeWindow } from '../../exchange/window.ts';
import { findingKinds, isUnasked, noDifference, type Finding, type FindingKind } from './reconcile.ts';

/** Messages of which the same was found. */
export interface Found {
  readonly count: number;
  /** Opaque keys, of some of them. */
  readonly keys: readonly RecordKey[];
  /** How many of them by state, element or code; one message may count under several. */
  readonly by: Readonly<Record<string, number>>;
}

/** Messages on each side, and what was found of them. */
export interface Counts extends Readonly<Record<FindingKind, Found>> {
  readonly vendor: number;
  readonly ledger: number;
  /** Of those that vendor or ledger know. */
  readonly ehr: number;
}

/** A window of which the vendor's answer was not to be had: nothing is told of it. */
export interface Unread {
  readonly from: string;
  readonly to: string;
  readonly problem: Problem;
}

/** One day in UTC, or what of it was asked for. */
export interface DayReport extends Counts {
  readonly day: string;
  readonly from: string;
  readonly to: string;
  readonly unread: readonly Unread[];
}

/** agree: all sides were asked, and hold the same. differ: they were asked, and do not. incomplete: one could not be asked. */
export type Verdict = 'agree' | 'differ' | 'incomplete';

export interface SourceReconciliation {
  readonly name: string;
  readonly days: readonly DayReport[];
  readonly totals: Counts;
}

/** Nothing in it can hold a name, a number or a text. */
export interface ReconcileReport {
  /** ISO 8601, UTC, without its end; the newest minutes that are not settled are left out. */
  readonly from: string;
  readonly to: string;
  readonly verdict: Verdict;
  readonly ehr: DestinationCheck;
  /** The dialect of the mapping, and why that one. */
  readonly dialect: { readonly name: string; readonly why: string };
  readonly sources: readonly SourceReconciliation[];
}

/** So many elements are told by name; an EHR that changes everything would name hundreds. */
const mostNames = 30;
const others = 'others';

class Tallied {
  #count = 0;
  readonly #keys: RecordKey[] = [];
  readonly #by = new Map<string, number>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(keys: readonly RecordKey[], count: number, by: Iterable<readonly [string, number]>): void {
    this.#count += count;
    this.#keys.push(...keys.slice(0, this.#limit - this.#keys.length));
    for (const [name, times] of by) {
      const under = this.#by.has(name) || this.#by.size < mostNames ? name : others;
      this.#by.set(under, (this.#by.get(under) ?? 0) + times);
    }
  }

  found(): Found {
    const by = [...this.#by].toSorted(([a, times], [b, more]) => more - times || (a < b ? -1 : 1));
    return { count: this.#count, keys: this.#keys, by: Object.fromEntries(by) };
  }
}

/** Counts what was found; keeps no more keys than the limit, of each kind. */
export class ReconcileTally {
  readonly #kinds: ReadonlyMap<FindingKind, Tallied>;
  readonly #sides = { vendor: 0, ledger: 0, ehr: 0 };

  constructor(limit: number) {
    this.#kinds = new Map(findingKinds.map((kind) => [kind, new Tallied(limit)]));
  }

  /** So many messages more on that side. */
  count(side: 'vendor' | 'ledger' | 'ehr', messages: number): void {
    this.#sides[side] += messages;
  }

  add(findings: readonly Finding[]): void {
    for (const { kind, key, by } of findings) {
      this.#kinds.get(kind)?.add(
        [key],
        1,
        by.map((name) => [name, 1]),
      );
    }
  }

  /** The same of several days. */
  sum(days: readonly Counts[]): this {
    for (const day of days) {
      for (const side of ['vendor', 'ledger', 'ehr'] as const) this.count(side, day[side]);
      for (const [kind, tallied] of this.#kinds) {
        const { count, keys, by } = day[kind];
        tallied.add(keys, count, Object.entries(by));
      }
    }
    return this;
  }

  counts(): Counts {
    const of = (kind: FindingKind): Found => this.#kinds.get(kind)?.found() ?? { count: 0, keys: [], by: {} };
    return {
      ...this.#sides,
      missingInLedger: of('missingInLedger'),
      notYetRead: of('notYetRead'),
      changedAtVendor: of('changedAtVendor'),
      conflicting: of('conflicting'),
      vanishedAtVendor: of('vanishedAtVendor'),
      unreadable: of('unreadable'),
      notDelivered: of('notDelivered'),
      missingInEhr: of('missingInEhr'),
      different: of('different'),
      changedAtEhr: of('changedAtEhr'),
      doubled: of('doubled'),
      unknownAtEhr: of('unknownAtEhr'),
      travelsAlong: of('travelsAlong'),
      keptOut: of('keptOut'),
    };
  }
}

export function dayReport({ from, to }: TimeWindow, counts: Counts, unread: readonly Unread[]): DayReport {
  return { day: isoInstant(from).slice(0, 10), from: isoInstant(from), to: isoInstant(to), ...counts, unread };
}

export const unreadWindow = ({ from, to }: TimeWindow, problem: Problem): Unread => ({
  from: isoInstant(from),
  to: isoInstant(to),
  problem,
});

/** Pure. */
export function verdictOn(days: readonly Pick<DayReport, FindingKind | 'unread'>[]): Verdict {
  if (days.some(({ unread, unknownAtEhr }) => unread.length > 0 || ehrWasNotAsked(unknownAtEhr))) return 'incomplete';
  return days.every((day) => differences(day).length === 0) ? 'agree' : 'differ';
}

const ehrWasNotAsked = ({ by }: Found): boolean =>
  Object.keys(by).some((code) => isProblemCode(code) && isUnasked(code));

/** What of a day is not as it is to be. */
export const differences = (day: Readonly<Record<FindingKind, Found>>): readonly FindingKind[] =>
  findingKinds.filter((kind) => day[kind].count > 0 && !noDifference.includes(kind));
