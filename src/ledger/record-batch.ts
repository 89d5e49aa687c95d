import { unreadableKey } from '../exchange/record-key.ts';
import type { Problem } from '../exchange/problem.ts';
import type { Reading, SourceRecord, UnreadableRecord } from '../exchange/record.ts';
import type { Instant } from '../exchange/window.ts';
import type { BodySeal } from './body-seal.ts';
import type { Database, Tx } from './database/database.ts';
import type { MessageTable } from './database/schema.ts';
import type { RecordCounts } from './ledger.ts';
import { problemColumns } from './messages.ts';
import { decideRecord } from './record-decision.ts';

type Row = Omit<MessageTable, 'seq'>;
type Known = Pick<
  Row,
  'key' | 'state' | 'rank' | 'content_digest' | 'change_digest' | 'read_at' | 'revision' | 'lower_digest' | 'lower_at'
>;

const knownColumns = [
  'key',
  'state',
  'rank',
  'content_digest',
  'change_digest',
  'read_at',
  'revision',
  'lower_digest',
  'lower_at',
] as const;

/** Rows of one INSERT: SQLite takes 32,766 values in a statement. */
const rowsPerInsert = 500;

/** One batch of rows in the caller's transaction: `Messages.record` says what is promised. */
export async function recordBatch(
  tx: Tx,
  database: Pick<Database, 'engine'>,
  seal: BodySeal,
  source: string,
  readAt: Instant,
  readings: readonly Reading[],
): Promise<RecordCounts> {
  const batch = new Batch(await knownTo(tx, database, source, readings), seal, source, readAt);
  for (const reading of readings) {
    if (reading.kind === 'records') batch.takeRow(reading.records);
    else batch.takeUnreadable(reading.unreadable);
  }
  const inserts = [...batch.inserts.values()];
  for (let first = 0; first < inserts.length; first += rowsPerInsert) {
    await tx
      .insertInto('message')
      .values(inserts.slice(first, first + rowsPerInsert))
      .execute();
  }
  for (const [key, change] of batch.updates)
    await tx.updateTable('message').set(change).where('key', '=', key).execute();
  return batch.counts;
}

async function knownTo(
  tx: Tx,
  { engine }: Pick<Database, 'engine'>,
  source: string,
  readings: readonly Reading[],
): Promise<Map<string, Known>> {
  const keys = readings.flatMap((reading) =>
    reading.kind === 'records'
      ? reading.records.flatMap((record) => [record.key, conflictKey(source, record)])
      : [reading.unreadable.key],
  );
  if (keys.length === 0) return new Map();
  let query = tx.selectFrom('message').select(knownColumns).where('key', 'in', keys);
  // Ordered, so that two transactions never wait for each other in a circle.
  if (engine === 'postgres') query = query.orderBy('key').forUpdate();
  return new Map((await query.execute()).map((row) => [row.key, row]));
}

/** The name of what contradicts a known message: the same contradiction is kept once. */
function conflictKey(source: string, record: SourceRecord): string {
  return unreadableKey(source, `${record.key}|${record.contentDigest}`);
}

/** What one batch writes. Rows are taken in the vendor's order; a key may come several times. */
class Batch {
  readonly inserts = new Map<string, Row>();
  readonly updates = new Map<string, Partial<Row>>();
  readonly counts: { -readonly [count in keyof RecordCounts]: RecordCounts[count] } & {
    setApart: { key: string; problem: Problem }[];
  } = { added: 0, changed: 0, known: 0, unreadable: 0, unreadableKnown: 0, setApart: [] };
  readonly #known: Map<string, Known>;
  readonly #seal: BodySeal;
  readonly #source: string;
  readonly #readAt: Instant;

  constructor(known: Map<string, Known>, seal: BodySeal, source: string, readAt: Instant) {
    this.#known = known;
    this.#seal = seal;
    this.#source = source;
    this.#readAt = readAt;
  }

  /** The messages of one vendor row, the outgoing one among them. */
  takeRow(records: readonly SourceRecord[]): void {
    const before = this.counts.added;
    for (const record of records) this.#take(record);
    const replyIsNew =
      records.some(({ direction, key }) => direction === 'incoming' && this.#isNew(key)) && this.counts.added > before;
    const message = records.find(({ direction }) => direction === 'outgoing');
    // A new reply is linked from its message, which the EHR therefore gets once more.
    if (replyIsNew && message !== undefined && !this.#isNew(message.key) && !this.#isUpdated(message.key)) {
      this.#change(message, false);
    }
  }

  takeUnreadable({ key, problem, body }: UnreadableRecord): void {
    this.#setApart(key, problem, body);
  }

  #isNew(key: string): boolean {
    return this.inserts.has(key);
  }

  #isUpdated(key: string): boolean {
    return this.updates.get(key)?.revision !== undefined;
  }

  #take(record: SourceRecord): void {
    const known = this.#known.get(record.key);
    const decision = decideRecord(known === undefined ? undefined : asKnown(known), record, this.#readAt);
    switch (decision) {
      case 'new':
        this.counts.added += 1;
        this.#insert(record.key, { ...this.#fresh(record), state: 'pending', due_at: this.#readAt });
        break;
      case 'changed':
        this.counts.changed += 1;
        this.#change(record, true);
        break;
      case 'conflict':
        this.#setApart(conflictKey(this.#source, record), { code: 'content-conflict' }, JSON.stringify(record.body));
        break;
      case 'lower':
        this.counts.known += 1;
        this.#update(record.key, { lower_digest: record.changeDigest, lower_at: this.#readAt });
        break;
      case 'known':
        this.counts.known += 1;
        // The status is as it was: a lower one seen meanwhile was a slip of the vendor's.
        if (known?.lower_digest != null && known.change_digest === record.changeDigest) {
          this.#update(record.key, { lower_digest: null, lower_at: null });
        }
    }
  }

  #fresh(record: SourceRecord): Row {
    return {
      key: record.key,
      source: this.#source,
      thread: record.thread,
      direction: record.direction,
      state: 'pending',
      occurred_at: record.occurredAt,
      rank: record.stage.rank,
      final: record.stage.final ? 1 : 0,
      content_digest: record.contentDigest,
      change_digest: record.changeDigest,
      read_at: this.#readAt,
      first_read_at: this.#readAt,
      body: this.#seal.seal(record.key, JSON.stringify(record.body)),
      revision: 1,
      claimed_revision: null,
      attempts: 0,
      due_at: null,
      lease_epoch: null,
      unsure: 0,
      code: null,
      problem: null,
      reference: null,
      version: null,
      delivered_at: null,
      lower_digest: null,
      lower_at: null,
    };
  }

  /** New content to send. What is on its way stays so: its settlement sees that it was overtaken. */
  #change(record: SourceRecord, status: boolean): void {
    const known = this.#known.get(record.key);
    if (known === undefined) return;
    const onItsWay = known.state === 'delivering';
    this.#update(record.key, {
      body: this.#seal.seal(record.key, JSON.stringify(record.body)),
      revision: known.revision + 1,
      read_at: this.#readAt,
      ...(status
        ? {
            rank: record.stage.rank,
            final: record.stage.final ? 1 : 0,
            change_digest: record.changeDigest,
            lower_digest: null,
            lower_at: null,
          }
        : {}),
      ...(onItsWay ? {} : { state: 'pending' as const, due_at: this.#readAt, attempts: 0, code: null, problem: null }),
    });
  }

  #setApart(key: string, problem: Problem, body: string): void {
    if (this.#known.has(key)) {
      this.counts.unreadableKnown += 1;
      return;
    }
    this.counts.unreadable += 1;
    this.counts.setApart.push({ key, problem });
    this.#insert(key, {
      ...this.#fresh({
        key,
        direction: 'outgoing',
        thread: key,
        related: [],
        occurredAt: null,
        stage: { rank: 0, final: true },
        contentDigest: '',
        changeDigest: '',
        body: {},
      }),
      direction: null,
      state: 'rejected',
      body: this.#seal.seal(key, body),
      ...problemColumns(problem),
    });
  }

  #insert(key: string, row: Row): void {
    this.inserts.set(key, row);
    this.#known.set(key, row);
  }

  #update(key: string, change: Partial<Row>): void {
    const known = this.#known.get(key);
    const inserted = this.inserts.get(key);
    if (inserted !== undefined) this.inserts.set(key, { ...inserted, ...change });
    else this.updates.set(key, { ...this.updates.get(key), ...change });
    if (known !== undefined) this.#known.set(key, { ...known, ...change });
  }
}

function asKnown(row: Known) {
  return {
    contentDigest: row.content_digest,
    changeDigest: row.change_digest,
    rank: row.rank,
    readAt: row.read_at,
    lower:
      row.lower_digest === null || row.lower_at === null ? undefined : { digest: row.lower_digest, at: row.lower_at },
  };
}
