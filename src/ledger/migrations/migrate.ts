import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { LedgerRefused, type LedgerAccess } from '../ledger.ts';
import { firstTables } from './0001-first-tables.ts';
import { reading } from './0002-reading.ts';
import { versions } from './0003-versions.ts';
import type { Migration } from './migration.ts';

const migrations: readonly Migration[] = [firstTables, reading, versions];

/**
 * The owner brings the tables up to date, each step in a transaction of its own; a process killed in between leaves the
 * steps it finished. Visitors and readers must find the tables up to date. A ledger of a newer program is refused: an
 * older one would not keep its promises.
 */
export async function migrate(database: Database, access: LedgerAccess): Promise<void> {
  const applied = await appliedMigrations(database);
  const unknown = applied.filter(({ number }) => migrations.every((migration) => migration.number !== number));
  if (unknown.length > 0) {
    throw new LedgerRefused(
      'newer-schema',
      `The ledger was written by a newer version of dialog-health-fhir (${unknown.map(({ name }) => name).join(', ')}). Use that version, or restore the backup made before the upgrade.`,
    );
  }
  const missing = migrations.filter(({ number }) => applied.every((migration) => migration.number !== number));
  if (missing.length > 0 && access !== 'owner') {
    throw new LedgerRefused(
      'older-schema',
      'The ledger was written by an older version of dialog-health-fhir. Start serve or run once: it brings the ledger up to date.',
    );
  }
  for (const migration of missing) await apply(database, migration);
}

async function appliedMigrations(
  database: Database,
): Promise<readonly { readonly number: number; readonly name: string }[]> {
  if (!(await database.hasTable('migration'))) return [];
  return database.kysely.selectFrom('migration').select(['number', 'name']).orderBy('number').execute();
}

async function apply({ kysely, engine }: Database, { number, name, statements }: Migration): Promise<void> {
  await kysely.transaction().execute(async (tx) => {
    await sql.raw('create table if not exists migration (number integer primary key, name text not null)').execute(tx);
    for (const statement of statements(engine)) await sql.raw(statement).execute(tx);
    await tx.insertInto('migration').values({ number, name }).execute();
  });
}
