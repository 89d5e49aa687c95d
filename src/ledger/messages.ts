import type { RecordKey } from '../exchange/record-key.ts';
import type { BodySeal } from './body-seal.ts';
import { claimDue, nextDueQuery } from './claim.ts';
import type { Connection, Database } from './database/database.ts';
import { dismissOne, makeAllPendingDue, releaseAll } from './hold-back.ts';
import type { Lease } from './lease.ts';
import type { Messages } from './ledger.ts';
import { forgetLowered } from './lowered.ts';
import { messagesIn, storedByKeys } from './message-digests.ts';
import { readCounts } from './message-counts.ts';
import { recordBatch } from './record-batch.ts';
import { inState } from './record-filter.ts';
import { listRecords } from './record-list.ts';
import { handBackAll, settleAll } from './settle.ts';

/** The messages: recorded by intake, claimed and settled by delivery, looked at and released by people. */
export function makeMessages(database: Database, lease: Lease, seal: BodySeal): Messages {
  const { kysely } = database;
  return {
    record: (source, readAt, readings, { resend = false } = {}) =>
      lease.write((tx) => recordBatch(tx, database, seal, { source, readAt, readings, resend })),
    async origin(key) {
      const row = await originQuery(kysely, key).executeTakeFirst();
      return row === undefined ? undefined : { source: row.source, sentAt: row.sent_at };
    },
    forgetLowered: (source, readAt) => lease.write((tx) => forgetLowered(tx, database, source, readAt)),
    claim: (request) => lease.write((tx) => claimDue(tx, database, seal, lease.epoch, request)),
    settle: (settlements, now) => lease.write((tx) => settleAll(tx, database, lease.epoch, settlements, now)),
    handBack: (claims, now) => lease.write((tx) => handBackAll(tx, database, lease.epoch, claims, now)),
    makePendingDue: (now) => lease.write((tx) => makeAllPendingDue(tx, database, now)),
    nextDue: async () => (await nextDueQuery(kysely).executeTakeFirst())?.due_at ?? undefined,
    release: (filter, now) => lease.write((tx) => releaseAll(tx, database, filter, now)),
    dismiss: (key) => lease.write((tx) => dismissOne(tx, database, key)),
    list: (filter, page) => listRecords(kysely, filter, page),
    counts: () => readCounts(kysely),
    sentIn: (source, range) => messagesIn(database, source, range),
    byKeys: (keys) => storedByKeys(database, keys),
    oldestPending: async () => (await oldestPendingQuery(kysely).executeTakeFirst())?.pending_since ?? undefined,
    oldestWaiting: async () => (await oldestWaitingQuery(kysely).executeTakeFirst())?.first_read_at,
  };
}

/** A reply has no time of its own. What was set apart has no thread, and is no message. */
function originQuery(connection: Connection, key: RecordKey) {
  return connection
    .selectFrom('message')
    .innerJoin('message as thread', 'thread.key', 'message.thread')
    .select(['message.source', 'thread.occurred_at as sent_at'])
    .where('message.key', '=', key);
}

export function oldestPendingQuery(connection: Connection) {
  return connection
    .selectFrom('message')
    .select('pending_since')
    .where('pending_since', 'is not', null)
    .orderBy('pending_since')
    .limit(1);
}

/** In the order in which they came. */
export function oldestWaitingQuery(connection: Connection) {
  return connection
    .selectFrom('message')
    .select('first_read_at')
    .where(inState('waiting'))
    .orderBy('position')
    .limit(1);
}
