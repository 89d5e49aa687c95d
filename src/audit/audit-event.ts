import type { ProblemCode } from '../exchange/problem.ts';
import type { RecordKey } from '../exchange/record-key.ts';
import type { RunTrigger } from '../exchange/reports.ts';
import type { Tier } from '../exchange/tier.ts';

/**
 * Everything the service ever says in its log: a closed union. No field can hold a patient's name, number, id or text:
 * strings are opaque keys, codes from closed lists, configured names, times and addresses of machines. What is not
 * here is not logged.
 */
export type AuditEvent =
  | {
      readonly event: 'service_started';
      readonly version: string;
      readonly sources: readonly string[];
      readonly destination: string;
    }
  | { readonly event: 'service_stopping'; readonly reason: 'SIGTERM' | 'SIGINT' | 'failure' }
  | { readonly event: 'service_stopped'; readonly exitCode: number; readonly handedBack: number }
  | { readonly event: 'http_listening'; readonly host: string; readonly port: number }
  | { readonly event: 'jwks_listening'; readonly host: string; readonly port: number }
  | { readonly event: 'runs_interrupted'; readonly count: number }
  | {
      readonly event: 'run_triggered';
      readonly runId: string;
      readonly trigger: RunTrigger;
      /** The range that was asked for; null: what is due. */
      readonly from: string | null;
      readonly to: string | null;
      /** Whether what is known is sent again: all of it, or the message with this key. */
      readonly resend: boolean;
      readonly key: RecordKey | null;
      readonly user: string | null;
      readonly requestId: string | null;
    }
  | {
      readonly event: 'run_started';
      readonly runId: string;
      readonly trigger: RunTrigger;
      readonly sources: readonly string[];
    }
  | {
      readonly event: 'run_finished';
      readonly runId: string;
      readonly state: 'done' | 'failed';
      readonly durationMs: number;
      readonly read: number;
      readonly added: number;
      readonly changed: number;
      readonly delivered: number;
      readonly pending: number;
      readonly waiting: number;
      readonly rejected: number;
    }
  | { readonly event: 'run_skipped'; readonly source: string; readonly why: 'already-running' | 'paused' | 'stopped' }
  | {
      readonly event: 'window_read';
      readonly runId: string;
      readonly source: string;
      readonly tier: Tier;
      readonly from: string;
      readonly to: string;
      readonly rows: number;
      readonly added: number;
      readonly changed: number;
      readonly known: number;
      readonly unreadable: number;
      readonly vanished: number;
      readonly bytes: number;
      readonly durationMs: number;
    }
  /** Nothing more is read before the EHR has taken some of the messages still to be sent. */
  | { readonly event: 'backlog_full'; readonly source: string; readonly pending: number; readonly most: number }
  | {
      readonly event: 'window_stuck';
      readonly runId: string;
      readonly source: string;
      readonly tier: Tier;
      readonly from: string;
      readonly to: string;
      readonly code: ProblemCode;
    }
  | {
      readonly event: 'window_failed';
      readonly runId: string;
      readonly source: string;
      readonly tier: Tier;
      readonly from: string;
      readonly to: string;
      readonly code: ProblemCode;
      readonly httpStatus: number | null;
    }
  /** A person gave up a window that could not be read. */
  | {
      readonly event: 'gap_accepted';
      readonly source: string;
      readonly from: string;
      readonly to: string;
      readonly user: string;
    }
  | {
      readonly event: 'backfill_begun';
      readonly backfillId: string;
      readonly source: string;
      readonly from: string;
      readonly to: string;
      readonly order: 'newest-first' | 'oldest-first';
      readonly resend: boolean;
      readonly user: string | null;
      readonly requestId: string | null;
    }
  /** By a person: paused, stopped, or going on again. */
  | {
      readonly event: 'backfill_moved';
      readonly backfillId: string;
      readonly source: string;
      readonly state: 'running' | 'paused' | 'stopped';
      readonly user: string | null;
      readonly requestId: string | null;
    }
  | {
      readonly event: 'backfill_finished';
      readonly backfillId: string;
      readonly source: string;
      readonly state: 'done' | 'retention';
      readonly windows: number;
      readonly rows: number;
    }
  /** The vendor's clock and ours are so far apart; seconds that the vendor's is ahead. */
  | { readonly event: 'vendor_clock_off'; readonly source: string; readonly offsetSeconds: number }
  | {
      readonly event: 'row_set_apart';
      readonly source: string;
      readonly key: RecordKey;
      readonly code: ProblemCode;
      readonly field: string | null;
    }
  /** Fields that the vendor's page does not list, each counted once: a new one, or the new name of an old one. */
  | { readonly event: 'fields_unknown'; readonly source: string; readonly count: number }
  | {
      readonly event: 'record_delivered';
      readonly key: RecordKey;
      readonly attempt: number;
      readonly change: 'created' | 'updated' | 'unchanged';
      readonly reference: string;
      readonly version: string | null;
    }
  /** The EHR holds it otherwise than it was sent. `elements`: those that differ, by the names that were sent. */
  | {
      readonly event: 'record_altered';
      readonly key: RecordKey;
      readonly reference: string;
      readonly elements: string;
    }
  | {
      readonly event: 'record_pending' | 'record_waiting';
      readonly key: RecordKey;
      readonly attempt: number;
      readonly code: ProblemCode;
      readonly httpStatus: number | null;
      readonly issue: string | null;
      readonly dueAt: string;
    }
  | {
      readonly event: 'record_rejected' | 'record_skipped';
      readonly key: RecordKey;
      readonly attempt: number;
      readonly code: ProblemCode;
      readonly where: string | null;
      readonly httpStatus: number | null;
      readonly issue: string | null;
    }
  | {
      readonly event: 'records_released';
      readonly count: number;
      readonly code: ProblemCode | null;
      readonly user: string | null;
      readonly requestId: string | null;
    }
  | { readonly event: 'record_dismissed'; readonly key: RecordKey; readonly user: string | null }
  | {
      readonly event: 'destination_ready';
      readonly destination: string;
      readonly write: string;
      readonly bundle: string;
      readonly dialect: string;
    }
  | {
      readonly event: 'destination_failed';
      readonly destination: string;
      readonly code: ProblemCode;
      /** The scope that is missing, how far the clocks are apart, the origin that was not asked. */
      readonly where: string | null;
      readonly httpStatus: number | null;
      readonly retryAt: string | null;
    }
  | {
      readonly event: 'login_failed';
      readonly requestId: string;
      readonly address: string;
      readonly userFingerprint: string;
      readonly reason: 'unknown-user' | 'wrong-password' | 'malformed-header' | 'too-many-failures';
    }
  | { readonly event: 'access_denied'; readonly requestId: string; readonly user: string; readonly operation: string }
  | {
      readonly event: 'translate_asked';
      readonly requestId: string;
      readonly user: string;
      readonly rows: number;
      readonly unreadable: number;
    }
  | {
      readonly event: 'request_failed';
      readonly requestId: string;
      readonly operation: string;
      readonly errorName: string;
    }
  | { readonly event: 'service_failed'; readonly errorName: string; readonly errorCode: string | null };

export type AuditEventName = AuditEvent['event'];

type FieldOf<Event> = Event extends unknown ? Exclude<keyof Event, 'event'> : never;

/** What a field of an event holds. There is no kind for what a row of the vendor says. */
type FieldKind =
  | 'opaque key'
  | 'closed list'
  | 'count'
  | 'time'
  | 'configured name'
  | 'machine'
  | 'field or element'
  | 'given by the EHR'
  | 'yes or no'
  | 'fingerprint';

/** Every field of every event. A field that is not listed is not written, whatever a caller passes. */
export const auditFields = {
  address: 'machine',
  added: 'count',
  attempt: 'count',
  backfillId: 'opaque key',
  bundle: 'closed list',
  bytes: 'count',
  change: 'closed list',
  changed: 'count',
  code: 'closed list',
  count: 'count',
  delivered: 'count',
  destination: 'configured name',
  dialect: 'configured name',
  dueAt: 'time',
  durationMs: 'count',
  elements: 'field or element',
  errorCode: 'closed list',
  errorName: 'closed list',
  exitCode: 'count',
  field: 'field or element',
  from: 'time',
  handedBack: 'count',
  host: 'machine',
  httpStatus: 'count',
  issue: 'closed list',
  key: 'opaque key',
  known: 'count',
  offsetSeconds: 'count',
  operation: 'closed list',
  order: 'closed list',
  most: 'count',
  pending: 'count',
  port: 'machine',
  read: 'count',
  reason: 'closed list',
  reference: 'given by the EHR',
  rejected: 'count',
  requestId: 'opaque key',
  resend: 'yes or no',
  retryAt: 'time',
  rows: 'count',
  runId: 'opaque key',
  source: 'configured name',
  sources: 'configured name',
  state: 'closed list',
  tier: 'closed list',
  to: 'time',
  trigger: 'closed list',
  unreadable: 'count',
  user: 'configured name',
  userFingerprint: 'fingerprint',
  vanished: 'count',
  version: 'given by the EHR',
  waiting: 'count',
  where: 'field or element',
  windows: 'count',
  why: 'closed list',
  write: 'closed list',
} as const satisfies Record<FieldOf<AuditEvent>, FieldKind>;

/** How loud each event is; everything not listed is `info`. */
export const auditLevels: Readonly<Partial<Record<AuditEventName, 'warn' | 'error'>>> = {
  runs_interrupted: 'warn',
  run_skipped: 'warn',
  backlog_full: 'warn',
  window_failed: 'warn',
  window_stuck: 'error',
  gap_accepted: 'warn',
  vendor_clock_off: 'warn',
  row_set_apart: 'warn',
  fields_unknown: 'warn',
  record_altered: 'warn',
  record_pending: 'warn',
  record_waiting: 'warn',
  record_rejected: 'error',
  destination_failed: 'warn',
  login_failed: 'warn',
  access_denied: 'warn',
  request_failed: 'error',
  service_failed: 'error',
};
