import { fileURLToPath } from 'node:url';
import type { Instant } from '../exchange/window.ts';
import { makeBodySeal } from './body-seal.ts';
import { makeBudget } from './budget.ts';
import { makeCoverage } from './coverage.ts';
import type { Database } from './database/database.ts';
import { openPostgres } from './database/postgres.ts';
import { openSqlite } from './database/sqlite.ts';
import { takeLease, visit, type Lease } from './lease.ts';
import type { Ledger, LedgerAccess } from './ledger.ts';
import { makeMessages } from './messages.ts';
import { migrate } from './migrations/migrations.ts';
import { makeRunHistory } from './runs.ts';

export interface LedgerOptions {
  /** `sqlite:PATH` (or `sqlite:///path`), or `postgres://…`. */
  readonly url: string;
  readonly access: LedgerAccess;
  /** 32 bytes in base64; without it message contents are stored as they are. */
  readonly encryptionKey?: string;
  readonly now: () => Instant;
}

/** Opens the ledger and, as its owner, brings it up to date and takes back what a killed process had on its way. */
export async function openLedger({ url, access, encryptionKey = '', now }: LedgerOptions): Promise<Ledger> {
  const database = /^postgres(?:ql)?:/.test(url)
    ? await openPostgres(url, access)
    : openSqlite(sqlitePath(url), access);
  try {
    await migrate(database, access);
    const lease = access === 'owner' ? await takeLease(database) : await visit(database);
    if (access === 'owner') await takeBack(lease, now());
    return assemble(database, lease, encryptionKey);
  } catch (error) {
    await database.close();
    throw error;
  }
}

function assemble(database: Database, lease: Lease, encryptionKey: string): Ledger {
  const { db } = database;
  return {
    messages: makeMessages(database, lease, makeBodySeal(encryptionKey)),
    coverage: makeCoverage(database, lease),
    runs: makeRunHistory(database, lease),
    budget: makeBudget(database, lease),
    keepCanonicalBase: (canonicalBase) =>
      lease.write(async (tx) => {
        const name = 'canonical_base';
        await tx
          .insertInto('fact')
          .values({ name, value: canonicalBase })
          .onConflict((conflict) => conflict.column('name').doNothing())
          .execute();
        return (await tx.selectFrom('fact').select('value').where('name', '=', name).executeTakeFirstOrThrow()).value;
      }),
    async ping() {
      await lease.write((tx) => tx.updateTable('fact').set({ value: '' }).where('name', '=', 'never').execute());
    },
    async close() {
      await db.destroy();
      await database.close();
    },
  };
}

/** What was on its way when a process died: the EHR may have it, so it is looked for first. */
async function takeBack(lease: Lease, now: Instant): Promise<void> {
  await lease.write(async (tx) => {
    await tx
      .updateTable('message')
      .set({ state: 'pending', due_at: now, unsure: 1, lease_epoch: null, claimed_revision: null })
      .where('state', '=', 'delivering')
      .execute();
  });
}

function sqlitePath(url: string): string {
  return url.startsWith('sqlite://')
    ? fileURLToPath(`file:${url.slice('sqlite:'.length)}`)
    : url.replace(/^sqlite:/, '');
}
