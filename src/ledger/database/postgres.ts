import { expressionBuilder, Kysely, PostgresDialect, sql } from 'kysely';
import { Client, Pool, types, type ClientConfig } from 'pg';
import { LedgerRefused, type LedgerAccess } from '../ledger.ts';
import { parametersOf, putStatement, rawQuery, type Database } from './database.ts';
import { messageColumns, settledColumns, type LedgerTables } from './tables.ts';

/** A statement takes at most 65535 parameters. */
const rowsPerStatement = Math.floor(65_535 / messageColumns.length);
const connectTimeoutMs = 10_000;
/** A process that was frozen in a transaction, or a lock that is never given: nobody waits longer for it. */
const stuckTimeoutMs = 60_000;
const connections = 4;

/**
 * Opens a PostgreSQL database; the tables are in the first schema of its search path. An owner holds an advisory lock
 * on a connection of its own, which the server takes back when that connection ends. Throws `LedgerRefused`.
 */
export async function openPostgres(url: string, access: LedgerAccess): Promise<Database> {
  const config = connectionConfig(url);
  const lock = access === 'owner' ? await holdOwnerLock(config) : undefined;
  const pool = new Pool({ ...config, max: connections, types: { getTypeParser } });
  // A connection that breaks while nobody uses it is replaced; unheard, the event would end the process.
  pool.on('error', () => {});
  const kysely = new Kysely<LedgerTables>({
    dialect: new PostgresDialect({ pool, onCreateConnection: (connection) => waitForDisk(connection) }),
  });
  const expressions = expressionBuilder<LedgerTables, 'message'>();
  const database: Database = {
    kysely,
    engine: 'postgres',
    among: (column, values) => expressions(column, '=', sql<string>`any(${[...values]}::text[])`),
    async inTurn(transaction, at) {
      await sql`select pg_advisory_xact_lock(hashtextextended(${`dialog-health-fhir ${at} `} || current_schema(), 0))`.execute(
        transaction,
      );
    },
    async putMessages(transaction, rows) {
      for (let from = 0; from < rows.length; from += rowsPerStatement) {
        const some = rows.slice(from, from + rowsPerStatement);
        const statement = putStatement(some.length, (position) => `$${position}`);
        await transaction.executeQuery(rawQuery(statement, some.flatMap(parametersOf)));
      }
    },
    async settleMessages(transaction, rows) {
      await transaction.executeQuery(rawQuery(settleAll, [JSON.stringify(rows)]));
    },
    async hasTable(name) {
      const { rows } = await sql<{
        found: string | null;
      }>`select to_regclass(quote_ident(current_schema()) || '.' || quote_ident(${name}))::text as found`.execute(
        kysely,
      );
      return rows[0]?.found != null;
    },
    refusalOf: (error) => refusedByPostgres(error, url),
    async close() {
      await kysely.destroy();
      await lock?.end();
    },
  };
  try {
    await sql`select 1`.execute(kysely);
  } catch (error) {
    await database.close();
    throw refusedByPostgres(error, url);
  }
  return database;
}

/** Any number of rows in one parameter, by the types that the table has. */
const settleAll = `update message
  set ${settledColumns.map((column) => `${column} = settled.${column}`).join(', ')},
    body = case settled.state when 'delivered' then null else message.body end
  from json_populate_recordset(null::message, $1::json) as settled
  where message.key = settled.key`;

function connectionConfig(url: string): ClientConfig {
  return {
    connectionString: url,
    application_name: 'dialog-health-fhir',
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    lock_timeout: stuckTimeoutMs,
    idle_in_transaction_session_timeout: stuckTimeoutMs,
  };
}

/** Commits wait for the disk, whatever the server's default; a stricter one (replicas) stays. */
async function waitForDisk(connection: { executeQuery(query: ReturnType<typeof rawQuery>): Promise<unknown> }) {
  await connection.executeQuery(
    rawQuery(
      `select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'`,
    ),
  );
}

async function holdOwnerLock(config: ClientConfig): Promise<Client> {
  const client = new Client(config);
  // When this connection breaks, the lock is free: whoever takes it raises the epoch, which ends our writing.
  client.on('error', () => {});
  try {
    await client.connect();
    // Null: none of the schemas in the search path is there for this user.
    const { rows } = await client.query<{ held: boolean | null }>(
      `select pg_try_advisory_lock(hashtextextended('dialog-health-fhir ledger ' || current_schema(), 0)) as held`,
    );
    if (rows[0]?.held === true) return client;
    if (rows[0]?.held === null) throw notWritable(config.connectionString ?? '', '3F000');
  } catch (error) {
    await client.end().catch(() => {});
    throw refusedByPostgres(error, config.connectionString ?? '');
  }
  await client.end();
  throw new LedgerRefused(
    'held-by-another',
    `Another process runs with the ledger ${placeOf(config.connectionString ?? '')}. Ask it for what you want (POST /runs, POST /backfills), or stop it first; status, windows, accept-gap and rejected work beside it.`,
  );
}

/** What failed while the ledger was opened, as a refusal a person can act on; anything else as it is. */
export function refusedByPostgres(error: unknown, url: string): unknown {
  if (error instanceof LedgerRefused) return error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (writeRefusals.has(code)) {
    return notWritable(url, code);
  }
  // Classes 08 connection, 28 login, 3D no such database, 53 too many connections, 57P server starting or ending;
  // without SQLSTATE: the network, DNS, TLS.
  const sqlState = /^[0-9A-Z]{5}$/.test(code);
  if (sqlState && !/^(?:08|28|3D|53|57P)/.test(code)) return error;
  return new LedgerRefused(
    'unreachable',
    `The ledger ${placeOf(url)} cannot be reached${code === '' ? '' : ` (${code})`}. Check ledger.url: host, port, database, user and password.`,
  );
}

function notWritable(url: string, sqlState: string): LedgerRefused {
  return new LedgerRefused(
    'not-writable',
    `The ledger ${placeOf(url)} cannot be written (SQLSTATE ${sqlState}). Grant the user of ledger.url create and write on the schema, on the primary server.`,
  );
}

/** read_only_sql_transaction, insufficient_privilege, invalid_schema_name */
const writeRefusals = new Set(['25006', '42501', '3F000']);

/** Host and database, without user and password. */
function placeOf(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? 'of ledger.url' : `${parsed.host}${parsed.pathname}`;
}

/** bigint and numeric as numbers: times, counts and positions are far below 2^53. */
const numbers: ReadonlySet<number> = new Set([types.builtins.INT8, types.builtins.NUMERIC]);

function getTypeParser(oid: Parameters<typeof types.getTypeParser>[0], format?: 'text' | 'binary') {
  return format !== 'binary' && numbers.has(oid) ? Number : types.getTypeParser(oid, format);
}
