import type { Kysely } from 'kysely';
import type { Database, Tx } from './database/database.ts';
import type { Tables } from './database/schema.ts';
import { LeaseLost } from './ledger.ts';

/** Runs writes in one transaction each, and only while this process is the one in charge. */
export interface Lease {
  readonly epoch: number;
  write<Result>(work: (tx: Tx) => Promise<Result>): Promise<Result>;
}

/** The owner's: a new epoch; every transaction checks that it still is the current one. */
export async function takeLease({ db, holdsLock }: Database): Promise<Lease> {
  const { epoch } = await db
    .updateTable('lease')
    .set((each) => ({ epoch: each('epoch', '+', 1) }))
    .returning('epoch')
    .executeTakeFirstOrThrow();
  return {
    epoch,
    write: (work) =>
      db.transaction().execute(async (tx) => {
        if (!holdsLock() || (await currentEpoch(tx)) !== epoch) throw new LeaseLost('another process holds the ledger');
        return work(tx);
      }),
  };
}

/** A visitor's: short writes beside the owner, under the owner's epoch. */
export async function visit({ db }: Database): Promise<Lease> {
  return { epoch: await currentEpoch(db), write: (work) => db.transaction().execute(work) };
}

async function currentEpoch(db: Kysely<Tables>): Promise<number> {
  return (await db.selectFrom('lease').select('epoch').executeTakeFirstOrThrow()).epoch;
}
