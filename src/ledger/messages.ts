import type { Settlement } from '../exchange/delivery.ts';
import { isProblemCode, problemSentence, type Problem } from '../exchange/problem.ts';
import { recordStates, type RecordView } from '../exchange/reports.ts';
import { isoInstant, type Instant } from '../exchange/window.ts';
import type { BodySeal } from './body-seal.ts';
import { claimDue } from './claim.ts';
import type { Database, Tx } from './database/database.ts';
import type { MessageTable } from './database/schema.ts';
import type { Lease } from './lease.ts';
import type { MessageCounts, Messages, RecordFilter } from './ledger.ts';
import { pageOf, positionOf } from './paging.ts';
import { recordBatch } from './record-batch.ts';

/** The messages: recorded by intake, claimed and settled by delivery, looked at and released by people. */
export function makeMessages(database: Database, lease: Lease, seal: BodySeal): Messages {
  const { db } = database;
  return {
    record: (source, readAt, readings) =>
      lease.write((tx) => recordBatch(tx, database, seal, source, readAt, readings)),
    claim: (request) => lease.write((tx) => claimDue(tx, database, seal, lease.epoch, request)),
    settle: (settlements, now) => lease.write((tx) => settleAll(tx, lease.epoch, settlements, now)),
    async makePendingDue(now) {
      await lease.write(async (tx) => {
        await tx
          .updateTable('message')
          .set({ due_at: now })
          .where('state', '=', 'pending')
          .where('due_at', '>', now)
          .execute();
      });
    },
    async nextDue() {
      const row = await db
        .selectFrom('message')
        .select('due_at')
        .where('due_at', 'is not', null)
        .orderBy('due_at')
        .orderBy('seq')
        .limit(1)
        .executeTakeFirst();
      return row?.due_at ?? undefined;
    },
    release: (filter, now) =>
      lease.write(async (tx) => {
        const states =
          filter.state === undefined ? (['rejected', 'waiting', 'skipped'] as const) : ([filter.state] as const);
        const { numUpdatedRows } = await filtered(tx.updateTable('message'), { ...filter, state: undefined })
          .set({ state: 'pending', due_at: now, attempts: 0, code: null, problem: null })
          .where('state', 'in', states)
          .where('state', 'in', ['rejected', 'waiting', 'skipped'])
          .where('direction', 'is not', null)
          .where('body', 'is not', null)
          .executeTakeFirst();
        return Number(numUpdatedRows);
      }),
    dismiss: (key) =>
      lease.write(async (tx) => {
        const { numUpdatedRows } = await tx
          .updateTable('message')
          .set({ state: 'skipped', due_at: null, body: null })
          .where('key', '=', key)
          .where('state', '=', 'rejected')
          .executeTakeFirst();
        return Number(numUpdatedRows);
      }),
    async list(filter, page) {
      const position = positionOf(page.cursor);
      let query = filtered(db.selectFrom('message'), filter)
        .selectAll()
        .orderBy('seq')
        .limit(page.limit + 1);
      if (position !== undefined) query = query.where('seq', '>', position);
      return pageOf(await query.execute(), page, viewOf);
    },
    async counts() {
      const rows = await db
        .selectFrom('message')
        .select(['state', ({ fn }) => fn.countAll<number>().as('count')])
        .groupBy('state')
        .execute();
      const counted = Object.fromEntries(rows.map(({ state, count }) => [state, count]));
      return Object.fromEntries(recordStates.map((state) => [state, counted[state] ?? 0])) as MessageCounts;
    },
    async oldestPending() {
      const row = await db
        .selectFrom('message')
        .select(({ fn }) => fn.min('read_at').as('oldest'))
        .where('state', '=', 'pending')
        .executeTakeFirst();
      return row?.oldest ?? undefined;
    },
  };
}

/** The same conditions for reading and for writing. */
function filtered<
  Query extends { where(column: 'key' | 'source' | 'state' | 'code', operator: '=', value: string): Query },
>(
  query: Query,
  { key, source, state, code }: { readonly [field in keyof RecordFilter]?: RecordFilter[field] | undefined },
): Query {
  let narrowed = query;
  for (const [column, value] of Object.entries({ key, source, state, code })) {
    if (value !== undefined) narrowed = narrowed.where(column as 'key' | 'source' | 'state' | 'code', '=', value);
  }
  return narrowed;
}

/** Gives the keys that this process no longer had in delivery. */
async function settleAll(
  tx: Tx,
  epoch: number,
  settlements: readonly Settlement[],
  now: Instant,
): Promise<readonly string[]> {
  if (settlements.length === 0) return [];
  const held = await tx
    .selectFrom('message')
    .select(['key', 'revision', 'claimed_revision', 'attempts'])
    .where(
      'key',
      'in',
      settlements.map(({ key }) => key),
    )
    .where('state', '=', 'delivering')
    .where('lease_epoch', '=', epoch)
    .execute();
  const byKey = new Map(held.map((row) => [row.key, row]));
  const lost: string[] = [];
  for (const settlement of settlements) {
    const row = byKey.get(settlement.key);
    if (row === undefined) {
      lost.push(settlement.key);
      continue;
    }
    const overtaken = row.revision !== row.claimed_revision;
    await tx
      .updateTable('message')
      .set({ lease_epoch: null, claimed_revision: null, ...settled(settlement, overtaken, row.attempts, now) })
      .where('key', '=', settlement.key)
      .execute();
  }
  return lost;
}

const noProblem = { code: null, problem: null } as const;

/** Pure: the columns of one settlement. `overtaken`: newer content arrived meanwhile and is still to be sent. */
function settled(settlement: Settlement, overtaken: boolean, attempts: number, now: Instant): Partial<MessageTable> {
  switch (settlement.state) {
    case 'delivered': {
      const { reference, version = null } = settlement;
      const there = { reference, version, delivered_at: now, unsure: 0, ...noProblem };
      if (overtaken) return { ...there, state: 'pending', due_at: now, attempts: 0 };
      return { ...there, state: 'delivered', due_at: null, attempts: attempts + 1, body: null };
    }
    case 'pending':
    case 'waiting': {
      const { dueAt, problem, usedAttempt, unsure, state } = settlement;
      const tried = { unsure: unsure ? 1 : 0, attempts: attempts + (usedAttempt ? 1 : 0), ...problemColumns(problem) };
      return overtaken ? { ...tried, state: 'pending', due_at: now } : { ...tried, state, due_at: dueAt };
    }
    case 'rejected':
    case 'skipped': {
      if (overtaken) return { ...noProblem, state: 'pending', due_at: now, attempts: 0 };
      const { state, problem } = settlement;
      // What is skipped keeps its content too: a changed mapping may want it in the chart after all.
      return { state, due_at: null, attempts: attempts + 1, ...problemColumns(problem) };
    }
  }
}

export function problemColumns(problem: Problem): Pick<MessageTable, 'code' | 'problem'> {
  return { code: problem.code, problem: JSON.stringify(problem) };
}

function viewOf(row: { readonly [column in keyof Omit<MessageTable, 'seq'>]: MessageTable[column] }): RecordView {
  return {
    key: row.key,
    source: row.source,
    direction: row.direction,
    state: row.state,
    attempts: row.attempts,
    code: row.code !== null && isProblemCode(row.code) ? row.code : null,
    problem: row.problem === null ? null : problemSentence(JSON.parse(row.problem) as Problem),
    reference: row.reference,
    version: row.version,
    firstReadAt: isoInstant(row.first_read_at),
    dueAt: row.due_at === null ? null : isoInstant(row.due_at),
    deliveredAt: row.delivered_at === null ? null : isoInstant(row.delivered_at),
  };
}
