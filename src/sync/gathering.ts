import type { RecordKey } from '../exchange/record-key.ts';
import type { Reading, SourceRecord, UnreadableRecord } from '../exchange/record.ts';

/** The messages of one vendor answer, each once, however many rows tell of it. */
export interface Gathering {
  take(readings: readonly Reading[]): void;
  /** Rows taken. */
  rows(): number;
  /** In the order in which they were first read: with the last word of the answer on each, and every reply of it linked. */
  messages(): readonly SourceRecord[];
  /** How many more there were than are kept. */
  more(): number;
  unreadable(): readonly UnreadableRecord[];
}

/** @param most of so many messages the content is kept, of the others it is only counted how many they are */
export function gatherMessages(most = Infinity): Gathering {
  const messages = new Map<RecordKey, SourceRecord>();
  const others = new Set<RecordKey>();
  const unreadable: UnreadableRecord[] = [];
  let rows = 0;

  function keep(record: SourceRecord): void {
    const before = messages.get(record.key);
    if (before !== undefined) messages.set(record.key, merged(before, record));
    else if (messages.size < most) messages.set(record.key, record);
    else others.add(record.key);
  }

  return {
    take(readings) {
      rows += readings.length;
      for (const reading of readings) {
        if (reading.kind === 'unreadable') unreadable.push(reading.unreadable);
        else reading.records.forEach(keep);
      }
    },
    rows: () => rows,
    messages: () => [...messages.values()],
    more: () => others.size,
    unreadable: () => unreadable,
  };
}

/**
 * As the ledger takes it: the first row that knows most has the last word, and one that contradicts the first is no word
 * at all. The links of both count.
 */
function merged(before: SourceRecord, record: SourceRecord): SourceRecord {
  const knowsMore = record.stage.rank > before.stage.rank && record.contentDigest === before.contentDigest;
  const related = [...new Set([...before.related, ...record.related])].toSorted();
  return { ...(knowsMore ? record : before), related };
}
