import type { ProblemCode } from '../../exchange/problem.ts';
import type { Direction } from '../../exchange/record.ts';
import type { PieceView, RecordState, RunReport, WindowView } from '../../exchange/reports.ts';
import type { Tier } from '../../exchange/tier.ts';
import type { Instant } from '../../exchange/window.ts';
import type { Generated } from 'kysely';
import type { BackfillJob } from '../ledger.ts';

/**
 * The tables, the same on SQLite and PostgreSQL. Times are milliseconds since 1970; yes and no are 1 and 0; structured
 * values are JSON text.
 */
export interface LedgerTables {
  readonly migration: { readonly number: number; readonly name: string };
  readonly lease: { readonly id: number; readonly epoch: number };
  readonly identity: { readonly name: string; readonly value: string };
  readonly message: MessageRow & { readonly position: Generated<number> };
  readonly message_count: { readonly state: RecordState; readonly count: number };
  readonly coverage: CoverageRow;
  readonly tier: TierRow;
  readonly piece: PieceRow & { readonly id: Generated<number> };
  readonly backfill: BackfillRow & { readonly position: Generated<number> };
  readonly window_read: WindowRow & { readonly position: Generated<number> };
  readonly run: RunRow & { readonly position: Generated<number> };
  readonly run_source: { readonly source: string; readonly position: number };
  readonly request_spent: { readonly source: string; readonly spent_at: Instant };
  readonly budget_learned: LearnedBudgetRow;
}

/** One message, or one row set apart: the latter has no direction and stays `rejected` until somebody dismisses it. */
export interface MessageRow {
  readonly key: string;
  readonly source: string;
  readonly direction: Direction | null;
  readonly thread: string | null;
  /** Of a reply: the keys it came with. The replies to a message are looked up when it is claimed. */
  readonly related: string | null;
  readonly occurred_at: Instant | null;
  readonly rank: number;
  readonly final: number;
  readonly content_digest: string;
  readonly change_digest: string;
  /** The start of the read that the content was taken from. */
  readonly taken_at: Instant;
  /** A content of lower rank, seen once and not taken yet; and the read that showed it first. */
  readonly held_digest: string | null;
  readonly held_since: Instant | null;
  /** Delivered, but owed to the EHR once more (for the link to a new reply, or on demand): sent when its content is read again. */
  readonly link_owed: number;
  readonly state: RecordState;
  /** Goes up with each change of what is to be sent. */
  readonly revision: number;
  /** Who claimed it, and at which revision; only while `delivering`. */
  readonly claim_epoch: number | null;
  readonly claim_revision: number | null;
  /** How often it was claimed: the token of the last claim. */
  readonly claims: number;
  /** When it may be claimed; of a claimed one, when its lease ends. Nothing else has one. */
  readonly due_at: Instant | null;
  /** Since when it is undelivered; not while it waits for its Patient. */
  readonly pending_since: Instant | null;
  readonly attempts: number;
  readonly unsure: number;
  /** While unsure: the digests of what may have arrived, where they are known; a list of JSON. */
  readonly sent_digests: string | null;
  readonly code: ProblemCode | null;
  readonly problem: string | null;
  readonly reference: string | null;
  readonly version: string | null;
  readonly first_read_at: Instant;
  readonly delivered_at: Instant | null;
  /** The content, sealed when there is a key; dropped once delivered or dismissed. */
  readonly body: string | null;
}

/** In the order in which rows are written. */
export const messageColumns = [
  'key',
  'source',
  'direction',
  'thread',
  'related',
  'occurred_at',
  'rank',
  'final',
  'content_digest',
  'change_digest',
  'taken_at',
  'held_digest',
  'held_since',
  'link_owed',
  'state',
  'revision',
  'claim_epoch',
  'claim_revision',
  'claims',
  'due_at',
  'pending_since',
  'attempts',
  'unsure',
  'sent_digests',
  'code',
  'problem',
  'reference',
  'version',
  'first_read_at',
  'delivered_at',
  'body',
] as const satisfies readonly (keyof MessageRow)[];

/** What a settlement may change, besides the content, which goes with what is delivered. */
export const settledColumns = [
  'state',
  'claim_epoch',
  'claim_revision',
  'due_at',
  'pending_since',
  'attempts',
  'unsure',
  'sent_digests',
  'code',
  'problem',
  'reference',
  'version',
  'delivered_at',
] as const satisfies readonly (keyof MessageRow)[];

export type SettledRow = Pick<MessageRow, 'key' | (typeof settledColumns)[number]>;

export interface CoverageRow {
  readonly source: string;
  readonly start: Instant | null;
  readonly frontier: Instant | null;
  readonly widest_ms: number | null;
  readonly row_cap: number | null;
  readonly most_rows: number | null;
  readonly most_from: Instant | null;
  readonly most_to: Instant | null;
  readonly whole_rows: number | null;
  readonly whole_at: number | null;
}

export interface TierRow {
  readonly source: string;
  readonly tier: Tier;
  readonly done_end: Instant | null;
  readonly done_at: Instant | null;
  /** Both are there while a sweep is under way. */
  readonly sweep_position: Instant | null;
  readonly sweep_to: Instant | null;
  readonly failures: number;
  readonly empty: number;
}

/** A window that is still to be read, or that a person gave up: the latter alone has `accepted_at`. */
export interface PieceRow {
  readonly source: string;
  readonly tier: Tier;
  readonly from_at: Instant;
  readonly to_at: Instant;
  readonly state: PieceView['state'];
  readonly failures: number;
  readonly code: ProblemCode;
  readonly due_at: Instant;
  /** The id of the job it belongs to. */
  readonly backfill: string | null;
  readonly accepted_by: string | null;
  readonly accepted_at: Instant | null;
}

export interface BackfillRow {
  readonly id: string;
  readonly source: string;
  readonly from_at: Instant;
  readonly to_at: Instant;
  readonly newest_first: number;
  readonly resend: number;
  readonly state: BackfillJob['state'];
  readonly read_position: Instant;
  readonly windows: number;
  readonly rows: number;
  readonly started_at: Instant;
  /** Not while it is running or paused. */
  readonly finished_at: Instant | null;
}

/** The most requests of an hour, as they were learned then. */
export interface LearnedBudgetRow {
  readonly source: string;
  readonly most: number;
  readonly learned_at: Instant;
}

export interface WindowRow {
  readonly source: string;
  readonly from_at: Instant;
  readonly to_at: Instant;
  readonly state: WindowView['state'];
  readonly read_at: Instant;
  readonly rows: number;
  readonly code: ProblemCode | null;
}

export interface RunRow {
  readonly id: string;
  readonly state: RunReport['state'];
  readonly started_at: Instant;
  readonly report: string;
  readonly idempotency_key: string | null;
}
