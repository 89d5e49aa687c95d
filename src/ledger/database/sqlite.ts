import { closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import {
  expressionBuilder,
  Kysely,
  sql,
  SqliteDialect,
  SqliteDriver,
  type DatabaseConnection,
  type SqliteDialectConfig,
  type SqliteStatement,
} from 'kysely';
import type { RecordKey } from '../../exchange/record-key.ts';
import { LedgerRefused, type LedgerAccess } from '../ledger.ts';
import { deliveredColumns } from '../message-states.ts';
import { parametersOf, putStatement, rawQuery, type Database } from './database.ts';
import { refuseNetworkVolume } from './network-volume.ts';
import { holdOwnerLock, type OwnerLock } from './owner-lock.ts';
import { damaged, refusedBySqlite } from './sqlite-error.ts';
import { settledColumns, type LedgerTables } from './tables.ts';

/** A short write of another process (release, dismiss) is waited for this long. */
const busyTimeoutMs = 10_000;
const cacheKiB = 8_192;
/** Written back into the file once the log has grown by 256 MiB: keys are spread over the whole index, so that the same pages come again and again. */
const checkpointPages = 65_536;
/** Statements kept prepared; the ledger has some forty. */
const preparedLimit = 200;

/**
 * Opens the file by node:sqlite. An owner makes folder and file when they are missing, locks the ledger against other
 * owners, and has the whole file checked. Throws `LedgerRefused`.
 */
export function openSqlite(path: string, access: LedgerAccess): Database {
  if (access !== 'owner' && !existsSync(path)) {
    throw new LedgerRefused('missing', `There is no ledger at ${path}. Start the service once, or set ledger.url.`);
  }
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
    throw new LedgerRefused('not-writable', `The ledger ${path} is a folder. Name a file in ledger.url.`);
  }
  let lock: OwnerLock | undefined;
  let file: DatabaseSync | undefined;
  try {
    if (access === 'owner') {
      makeFolder(path);
      refuseNetworkVolume(path);
      lock = holdOwnerLock(path);
      makeFile(path);
    }
    file = new DatabaseSync(path, { readOnly: access === 'reader', timeout: busyTimeoutMs });
    prepareFile(file, access);
    if (access === 'owner') checkFile(file, path);
    return databaseOver(file, path, lock);
  } catch (error) {
    file?.close();
    lock?.release();
    throw refusedBySqlite(error, path);
  }
}

/** One after the other: with `recursive`, Node never comes back where the system refuses a folder with ENOENT (/proc). */
function makeFolder(path: string): void {
  const folder = dirname(resolve(path));
  if (existsSync(folder)) return;
  makeFolder(folder);
  mkdirSync(folder, { mode: 0o700 });
}

/** Made for our eyes only; SQLite gives the files beside it the same mode. */
function makeFile(path: string): void {
  // Only a file that is not there is touched: closing it would drop the locks another connection of this process holds.
  if (!existsSync(path)) closeSync(openSync(path, 'wx', 0o600));
}

function prepareFile(file: DatabaseSync, access: LedgerAccess): void {
  // FULL: in WAL mode anything less may forget committed transactions when the power fails.
  // secure_delete: the text of a message that was dropped is overwritten, not left in a free page.
  file.exec(
    `pragma foreign_keys = on; pragma synchronous = full; pragma cache_size = -${cacheKiB}; pragma secure_delete = on`,
  );
  if (access === 'owner') file.exec(`pragma journal_mode = wal; pragma wal_autocheckpoint = ${checkpointPages}`);
  const { journal_mode: mode } = file.prepare('pragma journal_mode').get() ?? {};
  const { synchronous } = file.prepare('pragma synchronous').get() ?? {};
  if (synchronous !== 2) throw new Error('SQLite does not wait for the disk');
  // A file that no owner has opened yet has another mode; it holds nothing.
  if (access === 'owner' && mode !== 'wal') throw new Error(`SQLite keeps the journal as ${String(mode)}, not wal`);
}

/** Reads every page; a ledger of a gigabyte takes seconds. */
function checkFile(file: DatabaseSync, path: string): void {
  const findings = file.prepare('pragma quick_check(1)').all();
  if (findings[0]?.['quick_check'] === 'ok') return;
  throw damaged(path);
}

function databaseOver(file: DatabaseSync, path: string, lock: OwnerLock | undefined): Database {
  const prepared = new Map<string, StatementSync>();

  function prepare(text: string): StatementSync {
    let statement = prepared.get(text);
    if (statement === undefined) {
      if (prepared.size >= preparedLimit) prepared.clear();
      statement = file.prepare(text);
      prepared.set(text, statement);
    }
    return statement;
  }

  const kysely = new Kysely<LedgerTables>({
    dialect: new LedgerSqliteDialect(file, {
      database: { prepare: (text) => asKyselyTakesIt(prepare(text)), close: () => file.close() },
    }),
  });
  const putOne = putStatement(1, () => '?');
  const settleOne = settleStatement();
  let deliverOne: StatementSync | undefined;
  const expressions = expressionBuilder<LedgerTables, 'message'>();
  return {
    kysely,
    engine: 'sqlite',
    among(column, values) {
      const texts = JSON.stringify(values);
      return expressions(column, 'in', sql<string>`(select value from json_each(${texts}))`);
    },
    inTurn: () => Promise.resolve(),
    async putMessages(_transaction, rows) {
      // The file has one connection, and the transaction holds it: row by row with one prepared statement is the
      // fastest that SQLite can do, several times faster than through the query builder.
      const statement = prepare(putOne);
      for (const row of rows) statement.run(...parametersOf(row));
    },
    async settleMessages(_transaction, rows) {
      const statement = prepare(settleOne);
      for (const row of rows) statement.run(...settledColumns.map((column) => row[column]), row.key);
    },
    settleDelivered(_transaction, epoch, settlements, now) {
      const written = new Set<RecordKey>();
      for (const settlement of settlements) {
        const columns = deliveredColumns(settlement, now);
        deliverOne ??= prepare(deliverStatement(Object.keys(columns)));
        const { changes } = deliverOne.run(...Object.values(columns), settlement.key, settlement.token, epoch);
        if (changes === 1) written.add(settlement.key);
      }
      return written;
    },
    async hasTable(name) {
      return prepare('select 1 from sqlite_schema where name = ?').get(name) !== undefined;
    },
    refusalOf: (error) => refusedBySqlite(error, path),
    async close() {
      // Kysely closes only what it has used.
      await kysely.destroy();
      if (file.isOpen) file.close();
      lock?.release();
    },
  };
}

/** The columns in their order, then the key. The first is the state. */
function settleStatement(): string {
  const set = settledColumns.map((column, index) => `${column} = ?${index + 1}`).join(', ');
  const content = `body = case ?1 when 'delivered' then null else body end`;
  return `update message set ${set}, ${content} where key = ?${settledColumns.length + 1}`;
}

/** These columns in their order, then key, token and epoch; what was overtaken has another revision. */
function deliverStatement(columns: readonly string[]): string {
  const set = columns.map((column) => `${column} = ?`).join(', ');
  return `update message set ${set}, attempts = attempts + 1, body = null where key = ? and claims = ? and claim_epoch = ? and revision = claim_revision`;
}

/** Kysely's dialect, with transactions that take the write lock when they begin, and rollbacks that may come late. */
class LedgerSqliteDialect extends SqliteDialect {
  readonly #file: DatabaseSync;
  readonly #config: SqliteDialectConfig;

  constructor(file: DatabaseSync, config: SqliteDialectConfig) {
    super(config);
    this.#file = file;
    this.#config = config;
  }

  override createDriver(): SqliteDriver {
    return new LedgerSqliteDriver(this.#file, this.#config);
  }
}

class LedgerSqliteDriver extends SqliteDriver {
  readonly #file: DatabaseSync;

  constructor(file: DatabaseSync, config: SqliteDialectConfig) {
    super(config);
    this.#file = file;
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    // A transaction that reads first and writes later fails at once, whatever the busy timeout, when a visitor wrote
    // in between; one that begins as a writer waits for its turn.
    await connection.executeQuery(rawQuery('begin immediate'));
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // A full disk rolls back by itself; a second rollback would hide the reason.
    if (this.#file.isTransaction) await super.rollbackTransaction(connection);
  }
}

function asKyselyTakesIt(statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...parameters.map(asSqliteTakesIt)),
    run: (parameters) => statement.run(...parameters.map(asSqliteTakesIt)),
    iterate: (parameters) => statement.iterate(...parameters.map(asSqliteTakesIt)),
  };
}

function asSqliteTakesIt(value: unknown): SQLInputValue {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
    return value;
  throw new Error(`the ledger stores no ${typeof value}`);
}
