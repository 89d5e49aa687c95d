import { fileURLToPath } from 'node:url';
import type { Instant } from '../exchange/window.ts';
import { makeBackfills } from './backfills.ts';
import { makeBodySeal, type BodySeal } from './body-seal.ts';
import { makeBudget } from './budget.ts';
import { makeCoverage } from './coverage.ts';
import type { Database } from './database/database.ts';
import { openSqlite } from './database/sqlite.ts';
import { forgetBefore } from './forget.ts';
import { keepCanonicalBase, keepKeySecret, keptKeySecret, writeSomething } from './identity.ts';
import { noLease, takeLease, visitLease, type Lease } from './lease.ts';
import { LedgerRefused, type Ledger, type LedgerAccess } from './ledger.ts';
import { makeMessages } from './messages.ts';
import { migrate } from './migrations/migrate.ts';
import { makeRunHistory } from './runs.ts';
import { takeBack } from './settle.ts';

export interface LedgerOptions {
  /** `sqlite:PATH` (or `sqlite:///path`), or `postgres://…`. */
  readonly url: string;
  readonly access: LedgerAccess;
  /** 32 bytes in base64; without it message contents are stored as they are. */
  readonly encryptionKey?: string;
  readonly now: () => Instant;
}

/**
 * Opens the ledger and, as its owner, brings it up to date and takes back what a killed process had on its way. Throws
 * `LedgerRefused`.
 */
export async function openLedger({ url, access, encryptionKey = '', now }: LedgerOptions): Promise<Ledger> {
  const seal = sealWith(encryptionKey);
  return ledgerOver(await openDatabase(url, access), access, seal, now);
}

/** The ledger in an open database, which it closes: also when it refuses it. */
export async function ledgerOver(
  database: Database,
  access: LedgerAccess,
  seal: BodySeal,
  now: () => Instant,
): Promise<Ledger> {
  try {
    await migrate(database, access);
    const lease = await leases[access](database);
    if (access === 'owner') await takeBack(lease, now());
    return assemble(database, lease, seal);
  } catch (error) {
    await database.close();
    throw database.refusalOf(error);
  }
}

function sealWith(encryptionKey: string): BodySeal {
  const seal = makeBodySeal(encryptionKey);
  if (seal !== undefined) return seal;
  throw new LedgerRefused(
    'bad-encryption-key',
    'ledger.encryptionKey is not 32 bytes in base64. Make one with generate-key, or leave it empty.',
  );
}

async function openDatabase(url: string, access: LedgerAccess): Promise<Database> {
  if (/^postgres(?:ql)?:\/\//.test(url)) {
    // Who has no use for the driver does not carry it in memory.
    const { openPostgres } = await import('./database/postgres.ts');
    return openPostgres(url, access);
  }
  const path = sqlitePath(url);
  if (path !== undefined) return openSqlite(path, access);
  throw new LedgerRefused(
    'bad-url',
    'ledger.url is neither sqlite:PATH nor postgres://USER@HOST/DATABASE. Write for example sqlite:data/ledger.db.',
  );
}

/** `sqlite:data/ledger.db`, `sqlite:/data/ledger.db`, `sqlite:///data/ledger.db`. */
function sqlitePath(url: string): string | undefined {
  const path = /^sqlite:(?!\/\/)(.+)$/s.exec(url)?.[1];
  // In memory nothing would be durable.
  if (path !== undefined) return path === ':memory:' ? undefined : path;
  return /^sqlite:\/\/\/./.test(url) ? fileURLToPath(url.replace('sqlite:', 'file:')) : undefined;
}

const leases: Readonly<Record<LedgerAccess, (database: Database) => Promise<Lease>>> = {
  owner: takeLease,
  visitor: visitLease,
  reader: () => Promise.resolve(noLease),
};

function assemble(database: Database, lease: Lease, seal: BodySeal): Ledger {
  return {
    messages: makeMessages(database, lease, seal),
    coverage: makeCoverage(database, lease),
    backfills: makeBackfills(database, lease),
    runs: makeRunHistory(database, lease),
    budget: makeBudget(database, lease),
    keepCanonicalBase: (canonicalBase) => keepCanonicalBase(lease, canonicalBase),
    keepKeySecret: (fingerprint) => keepKeySecret(lease, fingerprint),
    keptKeySecret: () => keptKeySecret(database),
    forget: (before) => forgetBefore(lease, before),
    ping: () => writeSomething(lease),
    close: () => database.close(),
  };
}
