import type { Problem } from './problem.ts';
import type { RecordKey } from './record-key.ts';
import type { Instant } from './window.ts';

/** The vendor's fields of one row, by the vendor's names. `null` where the row has none. */
export type VendorRow = Readonly<Record<string, string | null>>;

/** Outgoing: the text sent to the person. Incoming: what the person wrote. */
export type Direction = 'outgoing' | 'incoming';

/** How far a message has come. A higher rank knows more; a final one is not expected to change. */
export interface Stage {
  readonly rank: number;
  readonly final: boolean;
}

/** One message: what becomes exactly one Communication. A vendor row with a reply holds two. */
export interface SourceRecord {
  readonly key: RecordKey;
  readonly direction: Direction;
  /** The key of the outgoing message of the row: the same for a message and the replies to it. */
  readonly thread: RecordKey;
  /** The other messages of the thread, sorted: of an outgoing message its replies, of a reply the message. */
  readonly related: readonly RecordKey[];
  readonly occurredAt: Instant | null;
  readonly stage: Stage;
  /** Of what never changes (time, text, person). Another one under the same key is a `content-conflict`. */
  readonly contentDigest: string;
  /** Of what may change and then updates the Communication (`delivered`, `messageStatus`). */
  readonly changeDigest: string;
  /** The row as read, without the text that belongs to the other direction. */
  readonly body: VendorRow;
}

/** A row that is not a message: kept as it came, once, for a person to look at. */
export interface UnreadableRecord {
  /** UUIDv5 of source and content: the same row is the same key at every read. */
  readonly key: RecordKey;
  /** Where in the answer: 0 is the first row. */
  readonly position: number;
  readonly problem: Problem;
  /** The row as JSON text. */
  readonly body: string;
}

/** What one vendor row gives: its messages, or why it gives none. */
export type Reading =
  | {
      readonly kind: 'records';
      /** None: a message without an id, of a minute of which the answer may hold only a part. It comes with another one. */
      readonly records: readonly SourceRecord[];
      /** An earlier row of the same answer was about the same message. */
      readonly repeated?: boolean;
    }
  | { readonly kind: 'unreadable'; readonly unreadable: UnreadableRecord };
