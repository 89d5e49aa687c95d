import type { Generated } from 'kysely';

/** The tables. Times are milliseconds since 1970; flags are 0 or 1: both engines hold those alike. */
export interface Tables {
  message: MessageTable;
  coverage: CoverageTable;
  window_read: WindowReadTable;
  run: RunTable;
  run_source: RunSourceTable;
  request_spent: RequestSpentTable;
  lease: LeaseTable;
  fact: FactTable;
}

/** One message, or one row that was set apart (`direction` null). */
export interface MessageTable {
  /** The order in which messages came to be known. */
  seq: Generated<number>;
  key: string;
  source: string;
  thread: string;
  direction: 'outgoing' | 'incoming' | null;
  state: 'pending' | 'delivering' | 'waiting' | 'delivered' | 'skipped' | 'rejected';
  occurred_at: number | null;
  rank: number;
  final: number;
  content_digest: string;
  change_digest: string;
  /** The start of the read that the content was taken from. */
  read_at: number;
  first_read_at: number;
  /** The vendor row, sealed when a key is configured; null once it is no longer needed. */
  body: string | null;
  /** Counts the contents; a delivery knows which one it carried. */
  revision: number;
  claimed_revision: number | null;
  attempts: number;
  /** pending, waiting: when to try. delivering: when the lease ends. Otherwise null. */
  due_at: number | null;
  lease_epoch: number | null;
  unsure: number;
  code: string | null;
  problem: string | null;
  reference: string | null;
  version: string | null;
  delivered_at: number | null;
  /** A lower status, seen once; taken when it is seen again later. */
  lower_digest: string | null;
  lower_at: number | null;
}

export interface CoverageTable {
  source: string;
  start_at: number | null;
  frontier: number | null;
  sweep_done_end: number | null;
  sweep_done_at: number | null;
  sweep_position: number | null;
  sweep_to: number | null;
}

export interface WindowReadTable {
  seq: Generated<number>;
  source: string;
  from_at: number;
  to_at: number;
  state: 'complete' | 'failed';
  read_at: number;
  row_count: number;
  code: string | null;
}

export interface RunTable {
  seq: Generated<number>;
  id: string;
  state: 'running' | 'done' | 'failed';
  idempotency_key: string | null;
  /** The run report as JSON. */
  report: string;
}

export interface RunSourceTable {
  run_id: string;
  source: string;
}

export interface RequestSpentTable {
  source: string;
  at: number;
}

export interface LeaseTable {
  id: number;
  epoch: number;
}

export interface FactTable {
  name: string;
  value: string;
}
