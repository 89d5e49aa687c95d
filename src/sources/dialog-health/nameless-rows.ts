import { hash } from 'node:crypto';
import { contentName, type KeySpace, type RecordKey } from '../../exchange/record-key.ts';
import { grainMs, isoInstant, type Instant, type TimeWindow } from '../../exchange/window.ts';
import { Ordinals } from './ordinals.ts';

/** What a row without an id is told from others by: its time, and these of its fields, which never change. */
export interface NamelessRow {
  readonly outgoingMessage: string | null;
  readonly personId: string | null;
  readonly recipientType: string | null;
  /** Comes later, and may come in any of several equal rows: no part of what the message is known by. */
  readonly incomingMessage: string | null;
}

export type Naming =
  /** `replyId`: what the key of its reply is made of, as of the id of a message that has one; empty without one. */
  | { readonly kind: 'named'; readonly key: RecordKey; readonly replyId: string }
  /** The answer may hold only some of the rows of its minute: it is named in one that holds all of them. */
  | { readonly kind: 'elsewhere' }
  /** It does not belong to the window that was asked for, so no answer can be trusted to hold its whole minute. */
  | { readonly kind: 'unplaced' };

export interface NamelessOptions {
  readonly keys: KeySpace;
  readonly secret: string;
  /** Ids of persons are each console's own: the same one may be another person on another console. */
  readonly console: string;
  /** The window that was asked for, to the minute; without one the answer is all there is. */
  readonly window?: TimeWindow | undefined;
}

/**
 * Gives a key to each row of one answer that has no id. Rows that say the same at the same minute are as many messages
 * as there are: the ordinal tells them apart. It is counted only where the answer holds the whole minute, which its first
 * and last minute may not be; so however windows overlap, are split or come unsorted, the same messages have the same
 * keys. Which of two equal rows is the first nothing tells: their statuses may change places, and the replies to them are
 * counted by themselves, so that a reply has the same key in whichever of them it comes.
 *
 * Memory: twelve bytes and some room for each distinct row without an id, and for each distinct reply to one.
 */
export class NamelessRows {
  readonly #options: NamelessOptions;
  readonly #ordinals = new Ordinals();

  constructor(options: NamelessOptions) {
    this.#options = options;
  }

  /** @param minute when it was sent */
  name(row: NamelessRow, minute: Instant): Naming {
    const { keys, secret, console, window } = this.#options;
    if (window !== undefined) {
      if (minute < window.from || minute > window.to) return { kind: 'unplaced' };
      if (minute < window.from + grainMs || minute >= window.to - grainMs) return { kind: 'elsewhere' };
    }
    // The person's name, number and caregiver are not among them: they are those of today.
    const facts = [console, isoInstant(minute), told(row.outgoingMessage), told(row.personId), told(row.recipientType)];
    const key = (...counted: readonly string[]): RecordKey => {
      const ordinal = this.#ordinals.next(hash('sha256', JSON.stringify([...facts, ...counted]), 'buffer'));
      return keys.withoutId(contentName(secret, facts, ordinal));
    };
    const reply = told(row.incomingMessage);
    return { kind: 'named', key: key(), replyId: reply === '' ? '' : key('reply', reply) };
  }
}

/** Null, blank and padded are the same, and so are the ways of composing a letter. */
const told = (value: string | null): string => value?.trim().normalize('NFC') ?? '';
