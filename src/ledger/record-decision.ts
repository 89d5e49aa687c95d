import type { SourceRecord } from '../exchange/record.ts';
import { minuteMs, type Instant } from '../exchange/window.ts';

/** What the ledger knows of a message, as far as a new reading of it is decided by that. */
export interface KnownMessage {
  readonly contentDigest: string;
  readonly changeDigest: string;
  readonly rank: number;
  readonly readAt: Instant;
  /** A lower status that was read before, and when. */
  readonly lower: { readonly digest: string; readonly at: Instant } | undefined;
}

export type RecordDecision =
  | 'new'
  | 'changed'
  | 'known'
  /** The id of a known message with another text, time or person. */
  | 'conflict'
  /** A lower status, seen for the first time: remembered, not taken. */
  | 'lower';

/** A replica of the vendor's may lag: a lower status counts only when it is still there after this. */
export const lowerStatusPatienceMs = 10 * minuteMs;

/** Pure: what a reading of a message that began at `readAt` means. */
export function decideRecord(known: KnownMessage | undefined, read: SourceRecord, readAt: Instant): RecordDecision {
  if (known === undefined) return 'new';
  if (known.contentDigest !== read.contentDigest) return 'conflict';
  if (known.changeDigest === read.changeDigest || readAt < known.readAt) return 'known';
  if (read.stage.rank >= known.rank) return 'changed';
  if (known.lower?.digest !== read.changeDigest) return 'lower';
  return readAt - known.lower.at >= lowerStatusPatienceMs ? 'changed' : 'known';
}
