import type { Bundle } from 'fhir/r4.js';
import type { Problem, ProblemCode } from './problem.ts';
import type { RecordKey } from './record-key.ts';
import type { Direction } from './record.ts';
import type { SweepTier, Tier } from './tier.ts';

/** What HTTP and the commands show. Times are ISO 8601 in UTC. Nothing here can hold a name, a number or a text. */

export type RunTrigger = 'schedule' | 'startup' | 'api' | 'command';

export type ProblemCounts = { readonly [code in ProblemCode]?: number };

export interface SourceRunReport {
  readonly name: string;
  /** Windows read completely. */
  readonly windows: number;
  /** Rows of the vendor. */
  readonly read: number;
  /** Messages seen for the first time; a row with a reply holds two messages. */
  readonly new: number;
  readonly changed: number;
  readonly unchanged: number;
  /** Of those unchanged: how many are sent again because that was asked for. */
  readonly resent: number;
  readonly unreadable: number;
  /** Messages that the ledger knows and the vendor no longer shows for their time; nothing is deleted for that. */
  readonly vanished: number;
  /** Why a window was not read, and rows set apart, by code. */
  readonly problems: ProblemCounts;
}

export interface DeliveryReport {
  readonly delivered: number;
  readonly pending: number;
  readonly waiting: number;
  readonly rejected: number;
  readonly skipped: number;
  readonly problems: ProblemCounts;
  /** Of those delivered: how many an analyst should know of, by the names that the mapping counts under. */
  readonly counts: Readonly<Record<string, number>>;
}

export interface RunReport {
  readonly id: string;
  readonly trigger: RunTrigger;
  readonly state: 'running' | 'done' | 'failed';
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly sources: readonly SourceRunReport[];
  readonly delivery: DeliveryReport;
}

export const recordStates = ['pending', 'delivering', 'waiting', 'delivered', 'skipped', 'rejected'] as const;

/**
 * pending: to be sent when due. delivering: claimed. waiting: the EHR lacks the Patient. delivered: the EHR confirmed
 * the current content. skipped: kept out of the chart by the mapping, or dismissed. rejected: a person must act.
 */
export type RecordState = (typeof recordStates)[number];

export interface RecordView {
  readonly key: RecordKey;
  readonly source: string;
  /** null: a row that could not be read. */
  readonly direction: Direction | null;
  readonly state: RecordState;
  readonly attempts: number;
  readonly code: ProblemCode | null;
  /** What is wrong and what to do, for people. */
  readonly problem: string | null;
  /** `Communication/<id>` at the EHR. */
  readonly reference: string | null;
  readonly version: string | null;
  readonly firstReadAt: string;
  readonly dueAt: string | null;
  readonly deliveredAt: string | null;
}

export interface WindowView {
  readonly source: string;
  readonly from: string;
  readonly to: string;
  /** complete: coverage moved. failed: it did not, and the window is read again. */
  readonly state: 'complete' | 'failed';
  readonly readAt: string;
  readonly rows: number;
  readonly code: ProblemCode | null;
}

/** A window that could not be read, or that a person gave up. */
export interface PieceView {
  readonly source: string;
  /** What it is read for. A stuck piece of the tail holds the coverage back. */
  readonly tier: Tier;
  readonly from: string;
  readonly to: string;
  /** queued: read again by itself. stuck: a person must see to it. accepted: given up by a person. */
  readonly state: 'queued' | 'stuck' | 'accepted';
  readonly failures: number;
  readonly code: ProblemCode;
  /** Who gave it up, and when. */
  readonly acceptedBy: string | null;
  readonly acceptedAt: string | null;
}

/** What is still to be asked for, and how long that takes. */
export interface BackfillForecast {
  /** Windows that are still to be cut from the range, as wide as they are at present. */
  readonly windows: number;
  /** Those, and the parts that are left of windows that could not be read as a whole. */
  readonly requests: number;
  /** At the requests per hour that a backfill may use. */
  readonly hours: number;
}

/** A past range that is read, was read, or is held. */
export interface BackfillView {
  readonly id: string;
  readonly source: string;
  readonly from: string;
  readonly to: string;
  readonly order: 'newest-first' | 'oldest-first';
  readonly resend: boolean;
  /** paused, stopped: by a person. retention: the vendor keeps nothing older. done: all was read but what is stuck. */
  readonly state: 'running' | 'paused' | 'done' | 'stopped' | 'retention';
  /** Oldest first: everything before it is done. Newest first: everything from it on. */
  readonly position: string;
  readonly percent: number;
  /** Read so far. */
  readonly windows: number;
  readonly rows: number;
  /** Parts of windows that could not be read as a whole: still to be read, and those that a person must see to. */
  readonly queued: number;
  readonly stuck: number;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  /** null once it is over, and where its source is no longer configured. */
  readonly forecast: BackfillForecast | null;
}

/** A page of a list; `next` is the cursor of the following page. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

/** Neighbouring windows that are stuck for the same reason, as one range. */
export interface StuckRange {
  readonly from: string;
  readonly to: string;
  readonly tier: Tier;
  readonly code: ProblemCode;
}

/** How far a tier has come that reads again and again what may have changed; null before its first sweep. */
export interface SweepStatus {
  readonly doneUntil: string | null;
  readonly doneAt: string | null;
}

export interface SourceStatus {
  readonly name: string;
  /** stopped: the login was refused; a person must act. paused: waits after a failure or for the budget. */
  readonly state: 'idle' | 'running' | 'paused' | 'stopped';
  /** Everything before this has been read completely at least once, but for what a person gave up. */
  readonly coveredUntil: string | null;
  readonly lagSeconds: number | null;
  /** Windows that could not be read: queued ones are read again by themselves, stuck ones need a person. */
  readonly unread: {
    readonly queued: number;
    readonly stuck: number;
    /** The first of the stuck ones. */
    readonly stuckRanges: readonly StuckRange[];
  };
  readonly sweeps: Readonly<Record<SweepTier, SweepStatus>>;
  /** Those that are running or paused. */
  readonly backfills: readonly BackfillView[];
  readonly lastRun: {
    readonly id: string;
    readonly state: RunReport['state'];
    readonly finishedAt: string | null;
  } | null;
  readonly nextRunAt: string | null;
  readonly budget: {
    /** As configured. */
    readonly requestsPerHour: number;
    /** As the vendor was found to allow: less, where somebody else uses the account. */
    readonly learned: number;
    readonly usedLastHour: number;
  };
  /** How far the vendor's clock is ahead of ours; null while that is not known. */
  readonly clockOffsetSeconds: number | null;
  readonly code: ProblemCode | null;
  readonly problem: string | null;
}

export interface DestinationStatus {
  readonly name: string;
  /** `probing`: a pause is over, and a few messages go first. */
  readonly state: 'ready' | 'unchecked' | 'paused' | 'probing';
  /** The way of writing chosen, and why; null before the EHR was reached. */
  readonly write: string | null;
  readonly bundle: string | null;
  readonly why: string | null;
  /** Every message at once, or each once its status is final; null before the EHR was reached. */
  readonly deliver: 'always' | 'final' | null;
  /** What is sent otherwise than the mapping has it, and why; null before the EHR was reached. */
  readonly dialect: string | null;
  readonly whyDialect: string | null;
  readonly pending: number;
  readonly delivering: number;
  readonly waiting: number;
  readonly delivered: number;
  readonly skipped: number;
  readonly rejected: number;
  /** Requests that may be on their way at once: now, by what the EHR answered, and at most; null without a service. */
  readonly concurrency: { readonly now: number; readonly most: number } | null;
  readonly oldestPendingSeconds: number | null;
  /** Since it was first read. */
  readonly oldestWaitingSeconds: number | null;
  readonly code: ProblemCode | null;
  readonly problem: string | null;
}

export interface StatusReport {
  readonly version: string;
  readonly startedAt: string | null;
  readonly sources: readonly SourceStatus[];
  readonly destinations: readonly DestinationStatus[];
}

/** A vendor answer turned into FHIR, without a ledger. */
export interface Translation {
  /** A `batch` of `PUT Communication/<id>`, one per message. */
  readonly bundle: Bundle;
  readonly rows: number;
  /** Rows that could not be read: position 0 is the first row. */
  readonly unreadable: readonly { readonly position: number; readonly problem: Problem }[];
  /** Messages that the mapping keeps out of the chart, or cannot map. */
  readonly left: readonly {
    readonly key: RecordKey;
    readonly state: 'skipped' | 'rejected';
    readonly problem: Problem;
  }[];
}
