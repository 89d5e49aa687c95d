import type { Problem } from '../exchange/problem.ts';
import { conflictKey, type RecordKey } from '../exchange/record-key.ts';
import type { Reading, SourceRecord, UnreadableRecord } from '../exchange/record.ts';
import type { Instant } from '../exchange/window.ts';
import type { BodySeal } from './body-seal.ts';
import type { Database, LedgerTransaction } from './database/database.ts';
import type { MessageRow } from './database/tables.ts';
import { sortBatch } from './known-messages.ts';
import type { RecordCounts } from './ledger.ts';
import { newMessage, resent, setApart, withContent, withStatus } from './message-states.ts';
import { decideRecord } from './record-decision.ts';
import { messagesByKey, putBack } from './stored-messages.ts';

export interface Batch {
  readonly source: string;
  /** The start of the read. */
  readonly readAt: Instant;
  readonly readings: readonly Reading[];
  /** Whether each message of it is sent once more, or this one alone. */
  readonly resend: boolean | RecordKey;
}

/** One batch of rows in the caller's transaction: `Messages.record` says what is promised. */
export async function recordBatch(
  tx: LedgerTransaction,
  database: Database,
  seal: BodySeal,
  batch: Batch,
): Promise<RecordCounts> {
  await database.inTurn(tx, 'recording');
  const { open, openKeys, unchanged } = await sortBatch(tx, database, batch);
  const before = await messagesByKey(tx, database, openKeys);
  const taken = new TakenBatch(before, seal, batch);
  taken.counts.known += unchanged;
  for (const reading of open) {
    if (reading.kind === 'unreadable') taken.takeUnreadable(reading.unreadable);
    else for (const record of reading.records) taken.take(record, reading.repeated === true);
  }
  taken.linkReplies();
  if (batch.resend !== false) taken.resend(batch.resend);
  // Contradictions are rare: their names are asked for only when there are any.
  taken.takeConflicts(await messagesByKey(tx, database, taken.conflictKeys()));
  await putBack(tx, database, before, [...taken.rows.values()]);
  return taken.counts;
}

type Counts = { -readonly [count in keyof RecordCounts]: RecordCounts[count] };

/** What one batch writes. Rows are taken in the vendor's order; a key may come several times. */
class TakenBatch {
  /** To be written. */
  readonly rows = new Map<RecordKey, MessageRow>();
  readonly #setApart: { readonly key: RecordKey; readonly problem: Problem }[] = [];
  readonly counts: Counts = {
    added: 0,
    changed: 0,
    known: 0,
    unreadable: 0,
    unreadableKnown: 0,
    lowered: 0,
    resent: 0,
    setApart: this.#setApart,
  };
  readonly #before: ReadonlyMap<RecordKey, MessageRow>;
  readonly #seal: BodySeal;
  readonly #source: string;
  readonly #readAt: Instant;
  readonly #threadsWithNewReply = new Set<RecordKey>();
  /** Messages read as they are known: their content is at hand. */
  readonly #asKnown = new Map<RecordKey, SourceRecord>();
  /** Messages of which nothing is taken. */
  readonly #left = new Set<RecordKey>();
  readonly #conflicts = new Map<RecordKey, { readonly record: SourceRecord; times: number }>();

  constructor(before: ReadonlyMap<RecordKey, MessageRow>, seal: BodySeal, { source, readAt }: Batch) {
    this.#before = before;
    this.#seal = seal;
    this.#source = source;
    this.#readAt = readAt;
  }

  take(record: SourceRecord, repeated: boolean): void {
    const { key } = record;
    const row = this.#row(key);
    const decision = decideRecord(row, record, this.#readAt, repeated);
    if (row === undefined || decision === 'new') return this.#add(record);
    switch (decision) {
      case 'changed':
        this.counts.changed += 1;
        this.#asKnown.delete(key);
        this.#left.delete(key);
        this.rows.set(key, withStatus(row, record, this.#readAt, this.#body(record)));
        return;
      case 'known':
        this.#leave(key, repeated);
        this.#asKnown.set(key, record);
        // The status is as it was: a lower one seen meanwhile was a slip of the vendor's.
        if (row.held_digest !== null) this.rows.set(key, { ...row, held_digest: null, held_since: null });
        return;
      case 'outdated':
        this.#leave(key, repeated);
        return;
      case 'lower':
        this.#leave(key, repeated);
        if (row.final === 1) this.counts.lowered += 1;
        this.#asKnown.delete(key);
        this.rows.set(key, { ...row, held_digest: record.changeDigest, held_since: this.#readAt });
        return;
      case 'conflict':
        this.#contradict(record);
    }
  }

  takeUnreadable({ key, problem, body }: UnreadableRecord): void {
    this.#apart(key, problem, body, this.#row(key) !== undefined);
  }

  /** A message that the EHR has without a link to a reply is sent once more: now when its content is at hand, else later. */
  linkReplies(): void {
    for (const thread of this.#threadsWithNewReply) {
      const row = this.#row(thread);
      if (row?.state === 'delivering') this.rows.set(thread, { ...row, revision: row.revision + 1 });
      if (row?.state === 'delivered') this.rows.set(thread, { ...row, link_owed: 1 });
    }
    for (const [key, record] of this.#asKnown) {
      const row = this.#row(key);
      if (row?.link_owed === 1) this.rows.set(key, withContent(row, this.#readAt, this.#body(record)));
    }
  }

  /** Of what is new or has changed nothing is due that is not due already. */
  resend(which: true | RecordKey): void {
    for (const key of this.#left) {
      if (which !== true && which !== key) continue;
      const row = this.#row(key);
      const read = this.#asKnown.get(key);
      const body = read === undefined ? undefined : this.#body(read);
      if (row === undefined) continue;
      const again = resent(row, this.#readAt, body);
      if (again.revision > row.revision) this.counts.resent += 1;
      this.rows.set(key, again);
    }
  }

  conflictKeys(): readonly RecordKey[] {
    return [...this.#conflicts.keys()];
  }

  /** @param known those that were set apart before */
  takeConflicts(known: ReadonlyMap<RecordKey, MessageRow>): void {
    for (const [key, { record, times }] of this.#conflicts) {
      const body = JSON.stringify(record.body);
      for (let time = 0; time < times; time += 1) {
        this.#apart(key, { code: 'content-conflict' }, body, known.has(key) || time > 0);
      }
    }
  }

  #row(key: RecordKey): MessageRow | undefined {
    return this.rows.get(key) ?? this.#before.get(key);
  }

  #leave(key: RecordKey, repeated: boolean): void {
    this.counts.known += 1;
    // The first row of the answer has said what becomes of the message.
    if (!repeated) this.#left.add(key);
  }

  #add(record: SourceRecord): void {
    this.counts.added += 1;
    this.rows.set(record.key, newMessage(this.#source, record, this.#readAt, this.#body(record)));
    if (record.direction === 'incoming') this.#threadsWithNewReply.add(record.thread);
  }

  #contradict(record: SourceRecord): void {
    // The same contradiction has the same name at every read.
    const key = conflictKey(this.#source, record);
    const conflict = this.#conflicts.get(key);
    if (conflict === undefined) this.#conflicts.set(key, { record, times: 1 });
    else conflict.times += 1;
  }

  #apart(key: RecordKey, problem: Problem, body: string, known: boolean): void {
    if (known) {
      this.counts.unreadableKnown += 1;
      return;
    }
    this.counts.unreadable += 1;
    this.#setApart.push({ key, problem });
    this.rows.set(key, setApart(this.#source, key, problem, this.#readAt, this.#seal.seal(key, body)));
  }

  #body({ key, body }: SourceRecord): string {
    return this.#seal.seal(key, JSON.stringify(body));
  }
}
