import type { SourceRecord } from '../exchange/record.ts';
import { hourMs, minuteMs, type Instant } from '../exchange/window.ts';
import type { MessageRow } from './database/tables.ts';

/** What the ledger knows of a message, as far as a new reading of it is decided by that. */
export type KnownMessage = Pick<
  MessageRow,
  'content_digest' | 'change_digest' | 'rank' | 'taken_at' | 'held_digest' | 'held_since' | 'state' | 'code'
>;

export type RecordDecision =
  | 'new'
  | 'changed'
  /** As it is known: nothing to write. */
  | 'known'
  /** An older status than the one known, or another word on it in the same answer: nothing to write. */
  | 'outdated'
  /** A lower status, seen for the first time: remembered, not taken. */
  | 'lower'
  /** The id of a known message with another text, time or person. */
  | 'conflict';

/** A replica of the vendor's may lag: a lower status counts only when it is still there after this. */
export const lowerStatusPatienceMs = 10 * minuteMs;

/**
 * Pure: what a reading of a message that began at `readAt` means.
 * @param repeated an earlier row of the same answer was about it: only what knows more is taken
 */
export function decideRecord(
  known: KnownMessage | undefined,
  read: SourceRecord,
  readAt: Instant,
  repeated = false,
): RecordDecision {
  if (known === undefined) return 'new';
  if (known.content_digest !== read.contentDigest) return 'conflict';
  // Readings of one source follow each other: one that is hours older has the better clock.
  if (readAt < known.taken_at && readAt > known.taken_at - hourMs) return 'outdated';
  if (known.change_digest === read.changeDigest) {
    // What was stored cannot be opened any more; here it is again.
    return known.state === 'rejected' && known.code === 'body-sealed' ? 'changed' : 'known';
  }
  if (read.stage.rank > known.rank) return 'changed';
  if (repeated) return 'outdated';
  if (read.stage.rank === known.rank) return 'changed';
  const isHeld = known.held_digest === read.changeDigest && known.held_since !== null;
  if (!isHeld || known.held_since > readAt + hourMs) return 'lower';
  return readAt - known.held_since >= lowerStatusPatienceMs ? 'changed' : 'outdated';
}
