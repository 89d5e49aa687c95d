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
import { listRecords } from './record-list.ts';
import { settleAll } from './settle.ts';

/** The messages: recorded by intake, claimed and settled by delivery, looked at and released by people. */
export function makeMessages(database: Database, lease: Lease, seal: BodySeal): Messages {
  const { kysely } = database;
  return {
    record: (source, readAt, readings, { resend = false } = {}) =>
      lease.write((tx) => recordBatch(tx, database, seal, { source, readAt, readings, resend })),
    forgetLowered: (source, readAt) => lease.write((tx) => forgetLowered(tx, database, source, readAt)),
    claim: (request) => lease.write((tx) => claimDue(tx, database, seal, lease.epoch, request)),
    settle: (settlements, now) => lease.write((tx) => settleAll(tx, database, lease.epoch, settlements, now)),
    makePendingDue: (now) => lease.write((tx) => makeAllPendingDue(tx, database, now)),
    nextDue: async () => (await nextDueQuery(kysely).executeTakeFirst())?.due_at ?? undefined,
    release: (filter, now) => lease.write((tx) => releaseAll(tx, database, filter, now)),
    dismiss: (key) => lease.write((tx) => dismissOne(tx, database, key)),
    list: (filter, page) => listRecords(kysely, filter, page),
    counts: () => readCounts(kysely),
    sentIn: (source, range) => messagesIn(database, source, range),
    byKeys: (keys) => storedByKeys(database, keys),
    oldestPending: async () => (await oldestPendingQuery(kysely).executeTakeFirst())?.pending_since ?? undefined,
  };
}

export function oldestPendingQuery(connection: Connection) {
  return connection
    .selectFrom('message')
    .select('pending_since')
    .where('pending_since', 'is not', null)
    .orderBy('pending_since')
    .limit(1);
}
