import type { Settlement } from '../exchange/delivery.ts';
import type { Problem, ProblemCode } from '../exchange/problem.ts';
import type { RecordKey } from '../exchange/record-key.ts';
import type { Reading, SourceRecord } from '../exchange/record.ts';
import type { Page, RecordState, RecordView, RunReport, WindowView } from '../exchange/reports.ts';
import type { Instant, TimeWindow } from '../exchange/window.ts';

/**
 * The ledger: the one place where intake and delivery meet, and the only state of the service. What it has accepted is
 * on the disk. Every write carries the epoch under which this process holds the ledger; when another process has taken
 * over, each of them throws `LeaseLost` and changes nothing.
 */
export interface Ledger {
  readonly messages: Messages;
  readonly coverage: Coverage;
  readonly runs: Runs;
  readonly budget: Budget;
  /**
   * Written once, then compared: the canonical base makes the keys, so another one would double every message.
   * Gives the base the ledger was made with.
   */
  keepCanonicalBase(canonicalBase: string): Promise<string>;
  /**
   * Removes reports of runs and windows read before then, but for the newest run of each source, and the content of
   * messages kept out of the chart. Messages stay: their keys and digests are what keeps them from being doubled. Gives
   * how many entries went.
   */
  forget(before: Instant): Promise<number>;
  /** Throws when the ledger cannot be written to. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** How the ledger is opened. owner: runs intake and delivery, and is alone. visitor: short writes beside an owner (release, dismiss). reader: writes nothing. */
export type LedgerAccess = 'owner' | 'visitor' | 'reader';

export interface RecordCounts {
  readonly added: number;
  readonly changed: number;
  readonly known: number;
  /** Rows set apart, seen for the first time. */
  readonly unreadable: number;
  /** Rows set apart before. */
  readonly unreadableKnown: number;
  /** What the rows set apart suffer from, first seen in this batch. */
  readonly setApart: readonly { readonly key: RecordKey; readonly problem: Problem }[];
}

/** A record taken for delivery, leased until `leaseUntil`; after that anyone may claim it again. */
export interface Claim {
  /** The name of the source it was read from. */
  readonly source: string;
  /** With the newest content, and for an outgoing message every reply known so far in `related`. */
  readonly record: SourceRecord;
  /** 1 at the first try. */
  readonly attempt: number;
  readonly firstReadAt: Instant;
  readonly knownReference?: string;
  readonly unsure: boolean;
  /** Its content cannot be opened (`body` is empty): to be settled as rejected with this. */
  readonly problem?: Problem;
}

export interface ClaimRequest {
  readonly limit: number;
  readonly now: Instant;
  readonly leaseMs: number;
}

export interface RecordFilter {
  readonly state?: RecordState;
  readonly code?: ProblemCode;
  readonly key?: RecordKey;
  readonly source?: string;
}

/** `cursor` is the `next` of the page before; any other text throws `BadCursor`. */
export interface PageRequest {
  readonly cursor?: string;
  readonly limit: number;
}

export type MessageCounts = Readonly<Record<RecordState, number>>;

export interface Messages {
  /**
   * Takes one batch of rows in one transaction. A message seen for the first time is pending. A known one whose
   * `changeDigest` differs is pending again, with the new content, when `readAt` (the start of the read) is not before
   * the read it was last taken from and its rank is not lower; a lower rank is taken when the same one was read twice,
   * at least ten minutes apart. A new reply makes the delivered message it belongs to pending, for the link: at once
   * when its content came with the reply, else when that is read again. Another `contentDigest` is set apart as
   * `content-conflict`, once. One rejected as `body-sealed` is pending again with the content that was read. What is
   * unchanged is not written.
   */
  record(source: string, readAt: Instant, readings: readonly Reading[]): Promise<RecordCounts>;
  /** The oldest due records, now `delivering`. One whose content cannot be opened carries that as its problem. */
  claim(request: ClaimRequest): Promise<readonly Claim[]>;
  /**
   * Writes down what became of claimed records. One that changed while it was on its way stays pending with the newer
   * content, keeping the reference and that the EHR has it. `delivered` drops the stored content; `skipped` keeps it,
   * since a changed mapping may want it in the chart after all. Gives the keys whose lease was lost meanwhile: nothing
   * was written for them.
   */
  settle(settlements: readonly Settlement[], now: Instant): Promise<readonly RecordKey[]>;
  /** Makes every `pending` record due at once; `waiting` ones stay. A `Retry-After` is the caller's to honour. */
  makePendingDue(now: Instant): Promise<void>;
  /** When the next record can be claimed: a pending or waiting one that comes due, or a lease that runs out. */
  nextDue(): Promise<Instant | undefined>;
  /**
   * Makes rejected and waiting records pending again, now, with their attempts forgotten. Those skipped by the mapping
   * come with them only when the filter names their state, code or key. Rows set apart stay, and so do dismissed
   * records, whose content is gone. Gives how many were released.
   */
  release(filter: RecordFilter, now: Instant): Promise<number>;
  /** Sets a rejected record aside as `skipped` and drops its content. Gives how many that were: one or none. */
  dismiss(key: RecordKey): Promise<number>;
  /** In the order in which they were first read. */
  list(filter: RecordFilter, page: PageRequest): Promise<Page<RecordView>>;
  counts(): Promise<MessageCounts>;
  /** Since when the record waits that has been undelivered the longest; those that wait for their Patient do not count. */
  oldestPending(): Promise<Instant | undefined>;
}

/** A window that was asked for, and how it went. */
export interface WindowRead {
  readonly source: string;
  readonly window: TimeWindow;
  readonly readAt: Instant;
  readonly rows: number;
}

export interface SweepState {
  /** End and time of the last completed sweep. */
  readonly doneEnd?: Instant;
  readonly doneAt?: Instant;
  /** A sweep under way: everything before `position` is done, it ends at `to`. */
  readonly position?: Instant;
  readonly to?: Instant;
}

export interface CoverageState {
  /** Everything in [start, frontier) has been read completely at least once. */
  readonly start?: Instant;
  readonly frontier?: Instant;
  readonly sweep: SweepState;
}

export interface Coverage {
  state(source: string): Promise<CoverageState>;
  /** Where reading begins, kept before the first request: a default that moves with the clock must not move it. */
  begin(source: string, start: Instant): Promise<void>;
  /** The last transaction of a complete read: writes the window down and moves what it moves, together. */
  cover(
    read: WindowRead,
    moves: { readonly start?: Instant; readonly frontier?: Instant; readonly sweep?: SweepState },
  ): Promise<void>;
  /** Writes a failed read down; moves nothing. */
  failed(read: WindowRead, problem: Problem): Promise<void>;
  /** Those that overlap the range asked for, the newest read first. */
  windows(
    filter: { readonly source?: string; readonly from?: Instant; readonly to?: Instant },
    page: PageRequest,
  ): Promise<Page<WindowView>>;
}

export interface Runs {
  /** Stores a run, and with it the `Idempotency-Key` that asked for it: together or not at all. */
  begin(report: RunReport, idempotencyKey?: string): Promise<void>;
  /** Replaces the stored report. */
  update(report: RunReport): Promise<void>;
  get(id: string): Promise<RunReport | undefined>;
  /** The newest first. */
  list(page: PageRequest): Promise<Page<RunReport>>;
  /** The newest run that read this source. */
  last(source: string): Promise<RunReport | undefined>;
  /** The id of the run that an `Idempotency-Key` started, if any. */
  recall(idempotencyKey: string): Promise<string | undefined>;
  /** Runs that a killed process left behind become `failed`. */
  closeInterrupted(now: Instant): Promise<number>;
}

/** Requests spent at the vendor, in a sliding hour that survives restarts. */
export interface Budget {
  /** Books one request if fewer than `perHour` were booked in the hour before `now`; otherwise says when one is free. */
  spend(
    source: string,
    perHour: number,
    now: Instant,
  ): Promise<{ readonly granted: true } | { readonly granted: false; readonly freeAt: Instant }>;
  used(source: string, now: Instant): Promise<number>;
}

/** Another process holds the ledger now. */
export class LeaseLost extends Error {
  override name = 'LeaseLost';
}

/** A cursor that no page of this list gave. */
export class BadCursor extends Error {
  override name = 'BadCursor';
}

/** The ledger cannot be opened, for a reason a person can act on: the message says what to do. */
export class LedgerRefused extends Error {
  override name = 'LedgerRefused';
  readonly reason:
    | 'held-by-another'
    | 'newer-schema'
    | 'older-schema'
    | 'other-canonical-base'
    | 'not-writable'
    | 'damaged'
    | 'unreachable'
    | 'missing'
    | 'network-volume'
    | 'bad-url'
    | 'bad-encryption-key';
  constructor(reason: LedgerRefused['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}
