import { conflictKey, type RecordKey } from '../../exchange/record-key.ts';
import type { SourceRecord, UnreadableRecord } from '../../exchange/record.ts';
import type { TimeWindow } from '../../exchange/window.ts';
import type { Ledger, StoredMessage } from '../../ledger/ledger.ts';

/** What the ledger knows of a window, and of what the vendor shows there. */
export interface LedgerSide {
  readonly inWindow: ReadonlyMap<RecordKey, StoredMessage>;
  /** Sorted, by the message they answer. */
  readonly replies: ReadonlyMap<RecordKey, readonly RecordKey[]>;
  /** In the window or not, and rows set apart. */
  get(key: RecordKey): StoredMessage | undefined;
}

export async function readLedgerSide(
  messages: Pick<Ledger['messages'], 'sentIn' | 'byKeys'>,
  source: string,
  window: TimeWindow,
  shown: { readonly records: readonly SourceRecord[]; readonly unreadable: readonly UnreadableRecord[] },
): Promise<LedgerSide> {
  const inWindow = new Map<RecordKey, StoredMessage>();
  const replies = new Map<RecordKey, RecordKey[]>();
  for await (const batch of messages.sentIn(source, window)) {
    for (const message of batch) {
      inWindow.set(message.key, message);
      if (message.direction !== 'incoming' || message.thread === null) continue;
      const known = replies.get(message.thread);
      if (known === undefined) replies.set(message.thread, [message.key]);
      else known.push(message.key);
    }
  }
  for (const known of replies.values()) known.sort();
  const elsewhere = await messages.byKeys([
    ...shown.records.filter(({ key }) => !inWindow.has(key)).map(({ key }) => key),
    ...shown.records
      .filter((record) => contradicts(record, inWindow.get(record.key)))
      .map((record) => conflictKey(source, record)),
    ...shown.unreadable.map(({ key }) => key),
  ]);
  return { inWindow, replies, get: (key) => inWindow.get(key) ?? elsewhere.get(key) };
}

/** Whether the vendor shows another text, time or person than the ledger has under the same key. */
export const contradicts = ({ contentDigest }: SourceRecord, stored: StoredMessage | undefined): boolean =>
  stored !== undefined && stored.contentDigest !== contentDigest;
