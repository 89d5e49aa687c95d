import type { Explanation } from '../exchange/explanation.ts';
import type {
  BackfillView,
  Page,
  PieceView,
  RecordView,
  RunReport,
  StatusReport,
  Translation,
  WindowView,
} from '../exchange/reports.ts';
import type { RecordKey } from '../exchange/record-key.ts';
import type { Problem } from '../exchange/problem.ts';
import type { Instant } from '../exchange/window.ts';
import type { PageRequest, RecordFilter } from '../ledger/ledger.ts';

/** Who asks: for the audit log. */
export interface Asker {
  readonly user: string;
  readonly requestId: string;
}

export interface RunRequest {
  /** One source by name; all of them without it. */
  readonly source?: string;
  /** Read this range instead of what is due. Both or neither. */
  readonly from?: Instant;
  readonly to?: Instant;
  /** Every message of the range is sent again, also where nothing has changed. */
  readonly resend?: boolean;
  /** Only this one; without a range, the minute in which it was sent is read. */
  readonly key?: RecordKey;
  readonly idempotencyKey?: string;
}

export type RunAnswer =
  | { readonly kind: 'started'; readonly id: string }
  /** The same `Idempotency-Key` started this one before. */
  | { readonly kind: 'repeated'; readonly id: string }
  | { readonly kind: 'already-running'; readonly id: string }
  | { readonly kind: 'unknown-source'; readonly known: readonly string[] }
  /** The record to send again: the ledger has no message with the key, or does not know when it was sent. */
  | { readonly kind: 'unknown-record' }
  | { readonly kind: 'no-time' }
  /** The range has not begun. */
  | { readonly kind: 'not-past' }
  /** The service is stopping. */
  | { readonly kind: 'stopping' };

export interface BackfillRequest {
  /** May be left out where there is one. */
  readonly source?: string;
  readonly from: Instant;
  readonly to: Instant;
  readonly order: BackfillView['order'];
  readonly resend: boolean;
}

export type BackfillAnswer =
  /** `there`: the same was begun before and is not over. */
  | { readonly kind: 'begun' | 'there'; readonly job: BackfillView }
  | { readonly kind: 'not-past'; readonly why: 'empty' | 'future' }
  | { readonly kind: 'unknown-source'; readonly known: readonly string[] };

export type BackfillMove =
  | { readonly kind: 'moved'; readonly job: BackfillView }
  /** It had come to its end, or was stopped, before. */
  | { readonly kind: 'over'; readonly job: BackfillView }
  | { readonly kind: 'not-there' };

/** What was read, and beside it what could not be read of the same range. */
export interface WindowPage extends Page<WindowView> {
  readonly unread: readonly PieceView[];
}

export type TranslateAnswer =
  | {
      readonly kind: 'translated';
      readonly translation: Translation;
      /** Of each message, in the order of the answer; they are made while one goes through them. */
      readonly explanations: () => Iterable<Explanation>;
    }
  /** The body is not a vendor answer. */
  | { readonly kind: 'not-an-answer'; readonly problem: Problem };

/** What the HTTP side may ask of the service: everything that `app.ts` is given. */
export interface Operations {
  /** The process does its work: schedules and loops beat. */
  live(): boolean;
  /** The configuration is good and the ledger can be written to. Says nothing about vendor and EHR. */
  ready(): Promise<boolean>;
  status(): Promise<StatusReport>;
  startRun(request: RunRequest, asker: Asker): Promise<RunAnswer>;
  run(id: string): Promise<RunReport | undefined>;
  runs(page: PageRequest): Promise<Page<RunReport>>;
  records(filter: RecordFilter, page: PageRequest): Promise<Page<RecordView>>;
  record(key: RecordKey): Promise<RecordView | undefined>;
  release(filter: RecordFilter, asker: Asker): Promise<number>;
  windows(
    filter: { readonly source?: string; readonly from?: Instant; readonly to?: Instant },
    page: PageRequest,
  ): Promise<WindowPage>;
  beginBackfill(request: BackfillRequest, asker: Asker): Promise<BackfillAnswer>;
  backfill(id: string): Promise<BackfillView | undefined>;
  backfills(page: PageRequest): Promise<Page<BackfillView>>;
  moveBackfill(id: string, to: 'running' | 'paused' | 'stopped', asker: Asker): Promise<BackfillMove>;
  /** Pure: no ledger, no network. */
  translate(body: string): Promise<TranslateAnswer>;
}
