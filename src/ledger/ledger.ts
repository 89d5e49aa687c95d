import type { Settlement } from '../exchange/delivery.ts';
import type { Problem, ProblemCode } from '../exchange/problem.ts';
import type { RecordKey } from '../exchange/record-key.ts';
import type { Direction, Reading, SourceRecord } from '../exchange/record.ts';
import type { Page, PieceView, RecordState, RecordView, RunReport, WindowView } from '../exchange/reports.ts';
import type { Tier } from '../exchange/tier.ts';
import type { Instant, TimeWindow } from '../exchange/window.ts';

/**
 * The ledger: the one place where intake and delivery meet, and the only state of the service. What it has accepted is
 * on the disk. Every write carries the epoch under which this process holds the ledger; when another process has taken
 * over, each of them throws `LeaseLost` and changes nothing.
 */
export interface Ledger {
  readonly messages: Messages;
  readonly coverage: Coverage;
  readonly backfills: Backfills;
  readonly runs: Runs;
  readonly budget: Budget;
  /**
   * Written once, then compared: the canonical base makes the keys, so another one would double every message.
   * Gives the base the ledger was made with.
   */
  keepCanonicalBase(canonicalBase: string): Promise<string>;
  /** Likewise the fingerprint of `mapping.keySecret`, which makes the keys of messages without an id. */
  keepKeySecret(fingerprint: string): Promise<string>;
  /** The fingerprint that is kept, for those who only look. */
  keptKeySecret(): Promise<string | undefined>;
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
  /** Lower statuses of final messages: seen for the first time, not taken. */
  readonly lowered: number;
  /** Known messages that are due once more although nothing has changed, because that was asked for. */
  readonly resent: number;
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
  /** Tells this claim of the record from every other: its settlement carries it. */
  readonly token: number;
  readonly knownReference?: string;
  /** The EHR's version id of what was last written there, where it told one. */
  readonly knownVersion?: string;
  readonly unsure: boolean;
  /** Where answers were lost: digests of what was sent then and may have arrived, as far as they are known. */
  readonly sentDigests?: readonly string[];
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

/** What the ledger knows of a message, without its content. */
export interface StoredMessage {
  readonly key: RecordKey;
  /** null: a row that was set apart. */
  readonly direction: Direction | null;
  /** The outgoing message that it is, or belongs to; null: a row that was set apart. */
  readonly thread: RecordKey | null;
  readonly state: RecordState;
  /** It is delivered, and goes to the EHR once more when it is read again. */
  readonly owed: boolean;
  readonly contentDigest: string;
  readonly changeDigest: string;
  readonly firstReadAt: Instant;
  /** The start of the read that its content was taken from. */
  readonly takenAt: Instant;
  /** `Communication/<id>`, where the EHR has confirmed it. */
  readonly reference?: string;
  /** The EHR's version id of what was last written there, where it told one. */
  readonly version?: string;
}

export interface Messages {
  /**
   * Takes one batch of rows in one transaction. A message seen for the first time is pending. A known one whose
   * `changeDigest` differs is pending again, with the new content, when `readAt` (the start of the read) is not before
   * the read it was last taken from, or an hour before it and more (the clock was wrong then), and its rank is not
   * lower; a lower rank is taken when the same one was read twice, at least ten minutes apart. A new reply makes the
   * delivered message it belongs to pending, for the link: at once when its content came with the reply, else when that
   * is read again. Another `contentDigest` is set apart as `content-conflict`, once. One rejected as `body-sealed` is
   * pending again with the content that was read. What is unchanged is not written. A row that repeats a message of the
   * same answer (`repeated`) is taken only with a higher rank: one answer has one last word on each message. With
   * `resend` each message in it is due, also where nothing has changed, but for what was dismissed; one that comes with
   * a lower status is due when its content is at hand again; with a key only that one.
   */
  record(
    source: string,
    readAt: Instant,
    readings: readonly Reading[],
    options?: { readonly resend?: boolean | RecordKey },
  ): Promise<RecordCounts>;
  /** Where a message comes from, and when it was sent; of a reply, when the message it answers was. Undefined for a key that no message has. */
  origin(key: RecordKey): Promise<{ readonly source: string; readonly sentAt: Instant | null } | undefined>;
  /** Forgets the lower statuses that were first seen in the read begun at `readAt`: too many to be believed. */
  forgetLowered(source: string, readAt: Instant): Promise<void>;
  /**
   * The oldest due records, now `delivering`; where none is due, those that were put off for more than a day: nothing is,
   * but by a clock that was wrong then. One whose content cannot be opened carries that as its problem.
   */
  claim(request: ClaimRequest): Promise<readonly Claim[]>;
  /**
   * Writes down what became of claimed records. One that changed while it was on its way stays pending with the newer
   * content, keeping the reference and that the EHR has it. `delivered` drops the stored content; `skipped` keeps it,
   * since a changed mapping may want it in the chart after all. Gives the keys whose claim was lost meanwhile, or has been
   * taken by somebody since: nothing was written for them.
   */
  settle(settlements: readonly Settlement[], now: Instant): Promise<readonly RecordKey[]>;
  /** Gives back claimed records that were not sent: pending and due at once, and nothing else has become of them. */
  handBack(claims: readonly Claim[], now: Instant): Promise<void>;
  /** Makes every `pending` record due at once; `waiting` ones stay. A `Retry-After` is the caller's to honour. */
  makePendingDue(now: Instant): Promise<void>;
  /** When the next record can be claimed: a pending or waiting one that comes due, or a lease that runs out. */
  nextDue(): Promise<Instant | undefined>;
  /**
   * Makes rejected and waiting records pending again, now, with their attempts forgotten. What was deleted at the EHR is
   * forgotten to have been there; what was changed there may be overwritten; what it may have (`outcome-unknown`) counts
   * as not there where the filter names its key or this code. Those skipped by the mapping come with them only when the
   * filter names their state, code or key. Rows set apart stay, and so do dismissed records, whose content is gone. Gives
   * how many were released.
   */
  release(filter: RecordFilter, now: Instant): Promise<number>;
  /** Sets a rejected record aside as `skipped` and drops its content. Gives how many that were: one or none. */
  dismiss(key: RecordKey): Promise<number>;
  /** In the order in which they were first read. */
  list(filter: RecordFilter, page: PageRequest): Promise<Page<RecordView>>;
  counts(): Promise<MessageCounts>;
  /** The messages sent in a range and all replies to them, in batches, in the order in which they were sent. */
  sentIn(source: string, range: TimeWindow): AsyncIterable<readonly StoredMessage[]>;
  /** Those of the keys that the ledger has, rows set apart too. */
  byKeys(keys: readonly RecordKey[]): Promise<ReadonlyMap<RecordKey, StoredMessage>>;
  /** Since when the record waits that has been undelivered the longest; those that wait for their Patient do not count. */
  oldestPending(): Promise<Instant | undefined>;
  /** When the record was first read that came first of those that wait, for their Patient or a final status. */
  oldestWaiting(): Promise<Instant | undefined>;
}

/** A window that was asked for, and how it went. */
export interface WindowRead {
  readonly source: string;
  readonly window: TimeWindow;
  readonly readAt: Instant;
  readonly rows: number;
}

/** How far a tier has come. */
export interface TierState {
  /** End and time of the last completed sweep. */
  readonly doneEnd?: Instant;
  readonly doneAt?: Instant;
  /** A sweep under way: everything before `position` has been read or is an open piece; it ends at `to`. */
  readonly position?: Instant;
  readonly to?: Instant;
  /** How often its next window has failed in a row. */
  readonly failures: number;
  /** How often its next window came empty although the ledger knows messages in it, in a row. */
  readonly empty: number;
}

/**
 * A window that could not be read, and is read again by itself. queued: one of the parts that a larger one was cut into.
 * stuck: it cannot be cut further; a person must see to it, and it is tried again meanwhile.
 */
export interface OpenPiece {
  readonly id: number;
  readonly tier: Tier;
  readonly window: TimeWindow;
  readonly state: 'queued' | 'stuck';
  readonly failures: number;
  readonly code: ProblemCode;
  /** It is not tried before then. */
  readonly dueAt: Instant;
  /** The job it belongs to. */
  readonly backfill?: string;
}

export type NewPiece = Omit<OpenPiece, 'id'>;

/** What the vendor's answers have taught about their size. */
export interface AnswerSize {
  /** The widest window that is asked for; undefined: as wide as the vendor takes. */
  readonly widestMs?: number;
  /** An answer of so many rows, or more, is cut off by the vendor. */
  readonly rowCap?: number;
  /** The largest answer so far, and the window it was for. */
  readonly mostRows?: number;
  readonly mostWindow?: TimeWindow;
  /** An answer of so many rows was looked into, and was not cut off. */
  readonly wholeRows?: number;
  /** When that was. */
  readonly wholeAt?: Instant;
}

export interface CoverageState {
  /**
   * Everything in [start, frontier) has been read completely at least once, but for the open pieces of the tail; see
   * `coveredUntil`.
   */
  readonly start?: Instant;
  readonly frontier?: Instant;
  readonly tiers: { readonly [tier in Tier]?: TierState };
  /** Ascending. */
  readonly pieces: readonly OpenPiece[];
  /** What persons gave up, ascending. */
  readonly gaps?: readonly TimeWindow[];
  readonly size: AnswerSize;
  /** The job that is read next, if any is running. */
  readonly backfill?: BackfillJob;
}

/** What one read moves, all of it together or nothing. */
export interface CoverageMoves {
  /** Where reading begins: earlier, once somebody had read what lies right before it. */
  readonly start?: Instant;
  readonly frontier?: Instant;
  /** Those that move; the others stay. */
  readonly tiers?: { readonly [tier in Tier]?: TierState };
  /** Open pieces that are done with: read, or cut into others. */
  readonly closes?: readonly number[];
  readonly opens?: readonly NewPiece[];
  /** An open piece that has failed once more. */
  readonly changes?: Pick<OpenPiece, 'id' | 'state' | 'failures' | 'code' | 'dueAt'>;
  /** Replaces all that was learned. */
  readonly size?: AnswerSize;
  /** `running` leaves the state as it is: somebody may have paused or stopped the job meanwhile. With `order` it turns round. */
  readonly backfill?: Pick<BackfillJob, 'id' | 'position' | 'windows' | 'rows' | 'state'> &
    Partial<Pick<BackfillJob, 'order'>>;
}

export interface Coverage {
  state(source: string): Promise<CoverageState>;
  /** Where reading begins, kept before the first request: a default that moves with the clock must not move it. */
  begin(source: string, start: Instant): Promise<void>;
  /** The last transaction of a complete read: writes the window down and moves what it moves, together. */
  cover(read: WindowRead, moves: CoverageMoves): Promise<void>;
  /** Writes a failed read down. What moves with it never says that anything was read. */
  failed(read: WindowRead, problem: Problem, moves: CoverageMoves): Promise<void>;
  /** Those that overlap the range asked for, the newest read first. */
  windows(
    filter: { readonly source?: string; readonly from?: Instant; readonly to?: Instant },
    page: PageRequest,
  ): Promise<Page<WindowView>>;
  /** Open and accepted pieces of one source, or of all; ascending. */
  pieces(source?: string): Promise<readonly PieceView[]>;
  /**
   * A person gives up what is stuck within the range: it no longer holds the coverage back, and stays listed as
   * accepted. Gives what was given up; none where nothing within the range is stuck.
   */
  acceptGap(source: string, range: TimeWindow, by: string, now: Instant): Promise<readonly TimeWindow[]>;
  /** How many outgoing messages of the range the ledger knows. `limit` ends the counting early. */
  known(source: string, range: TimeWindow, limit?: number): Promise<number>;
  /** The range that holds all messages of the range whose status may still change; undefined where none may. */
  unsettled(source: string, range: TimeWindow): Promise<TimeWindow | undefined>;
}

/** A past range that is read piece by piece, beside what is new. */
export interface BackfillJob {
  readonly id: string;
  readonly source: string;
  readonly range: TimeWindow;
  readonly order: 'newest-first' | 'oldest-first';
  /** Whether every message in it is sent again, also where nothing has changed. */
  readonly resend: boolean;
  /**
   * running: read when nothing more urgent is due. paused, stopped: by a person. retention: the vendor keeps nothing
   * older. done: everything was read, but for pieces that are stuck.
   */
  readonly state: 'running' | 'paused' | 'done' | 'stopped' | 'retention';
  /** Oldest first: everything before it is done. Newest first: everything from it on. */
  readonly position: Instant;
  /** Read so far. */
  readonly windows: number;
  readonly rows: number;
  readonly startedAt: Instant;
  readonly finishedAt?: Instant;
}

export type NewBackfill = Pick<BackfillJob, 'id' | 'source' | 'range' | 'order' | 'resend' | 'startedAt'>;

export interface Backfills {
  /** One job for each range: the same range, order and source once more gives the job that is there and not finished. */
  begin(job: NewBackfill): Promise<BackfillJob>;
  get(id: string): Promise<BackfillJob | undefined>;
  /** The newest first. */
  list(page: PageRequest): Promise<Page<BackfillJob>>;
  /** Those of a source that are running or paused, the one that began first before the others. */
  unfinished(source: string): Promise<readonly BackfillJob[]>;
  /**
   * Only what is running can be paused, only what is paused resumed; what is finished stays. A stopped one leaves nothing
   * open. Gives the job as it is now.
   */
  move(id: string, to: 'running' | 'paused' | 'stopped', now: Instant): Promise<BackfillJob | undefined>;
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
  /**
   * Books one request if fewer than `perHour` were booked in the hour before `now`; otherwise says when one is free.
   * `perHour` is what this tier may use; see `learned`.
   */
  spend(
    source: string,
    perHour: number,
    now: Instant,
  ): Promise<{ readonly granted: true } | { readonly granted: false; readonly freeAt: Instant }>;
  used(source: string, now: Instant): Promise<number>;
  /**
   * The vendor asked for fewer requests although the budget allowed them: somebody else uses the account. From now on
   * four fifths of what was used in the last hour are the most, and every hour a twentieth of `perHour` comes back.
   */
  throttled(source: string, perHour: number, now: Instant): Promise<void>;
  /** The most requests of an hour, as it was learned; `perHour` where nothing was. Never under one. */
  learned(source: string, perHour: number, now: Instant): Promise<number>;
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
    | 'other-key-secret'
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
