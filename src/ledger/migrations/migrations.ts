import { Migrator, type Migration } from 'kysely/migration';
import type { Kysely } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Tables } from '../database/schema.ts';
import { LedgerRefused, type LedgerAccess } from '../ledger.ts';
import { firstTables } from './0001-first-tables.ts';

/** In order, forward only, never edited once released. */
const migrations = (engine: Database['engine']): Readonly<Record<string, Migration>> => ({
  '0001-first-tables': firstTables(engine),
});

/**
 * The owner brings the tables up to date; visitors and readers must find them so. A ledger of a newer program is
 * refused: an older one would not keep its promises.
 */
export async function migrate({ db, engine }: Database, access: LedgerAccess): Promise<void> {
  const known = Object.keys(migrations(engine));
  const applied = await appliedMigrations(db);
  const unknown = applied.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new LedgerRefused(
      'newer-schema',
      `The ledger was written by a newer version of dialog-health-fhir (${unknown.join(', ')}). Use that version, or restore the backup made before the upgrade.`,
    );
  }
  if (access !== 'owner') {
    if (applied.length === known.length) return;
    throw new LedgerRefused(
      'older-schema',
      'The ledger was written by an older version of dialog-health-fhir. Start serve or run once: it brings the ledger up to date.',
    );
  }
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations(engine)) } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

async function appliedMigrations(db: Kysely<Tables>): Promise<readonly string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === 'kysely_migration')) return [];
  const rows = await db
    .withTables<{ kysely_migration: { name: string } }>()
    .selectFrom('kysely_migration')
    .select('name')
    .execute();
  return rows.map(({ name }) => name);
}
