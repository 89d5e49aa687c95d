import type { Connection, Database, LedgerTransaction } from './database/database.ts';
import { LeaseLost } from './ledger.ts';

/** Runs writes in one transaction each, and only while this process is the one in charge. */
export interface Lease {
  readonly epoch: number;
  write<Result>(work: (tx: LedgerTransaction) => Promise<Result>): Promise<Result>;
}

/** The owner's: a new epoch; every transaction checks that it still is the current one. */
export async function takeLease({ kysely, engine }: Database): Promise<Lease> {
  const { epoch } = await kysely
    .updateTable('lease')
    .set((each) => ({ epoch: each('epoch', '+', 1) }))
    .returning('epoch')
    .executeTakeFirstOrThrow();
  return {
    epoch,
    write: (work) =>
      kysely.transaction().execute(async (tx) => {
        if ((await epochHeld(tx, engine)) !== epoch) throw new LeaseLost('another process holds the ledger');
        return work(tx);
      }),
  };
}

/** A visitor's: short writes beside the owner, under the owner's epoch. */
export async function visitLease({ kysely, engine }: Database): Promise<Lease> {
  return { epoch: await epochHeld(kysely, engine), write: (work) => kysely.transaction().execute(work) };
}

/** A reader's: nothing is written. */
export const noLease: Lease = {
  epoch: 0,
  write: () => Promise.reject(new Error('the ledger was opened to be read only')),
};

/** On PostgreSQL nobody can raise it before the transaction ends; on SQLite one transaction writes at a time. */
async function epochHeld(connection: Connection, engine: Database['engine']): Promise<number> {
  const query = connection.selectFrom('lease').select('epoch');
  return (await (engine === 'postgres' ? query.forShare() : query).executeTakeFirstOrThrow()).epoch;
}
