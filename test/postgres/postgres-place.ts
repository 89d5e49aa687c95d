import { randomUUID } from 'node:crypto';
import { Client, type QueryResultRow } from 'pg';
import { inject } from 'vitest';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import type { LedgerPlace, NewPlace } from '../ledger/contract/place.ts';

export interface PostgresPlace extends LedgerPlace {
  readonly schema: string;
  /** Of the ledger in that schema. */
  readonly url: string;
  /** As the administrator, in that schema. */
  query<Row extends QueryResultRow>(text: string, parameters?: readonly unknown[]): Promise<readonly Row[]>;
}

/** An empty schema. */
export const postgresPlace: (...args: Parameters<NewPlace>) => Promise<PostgresPlace> = async (now) => {
  const schema = `test_${randomUUID().replaceAll('-', '')}`;
  const admin = new Client(inject('postgresUrl'));
  await admin.connect();
  await admin.query(`create schema ${schema}`);
  await admin.query(`set search_path = ${schema}`);
  const url = inSchema(inject('postgresUrl'), schema);
  return {
    schema,
    url,
    async query<Row extends QueryResultRow>(text: string, parameters: readonly unknown[] = []) {
      return (await admin.query<Row>(text, [...parameters])).rows;
    },
    open: (access, options = {}) => openLedger({ url, access, now, ...options }),
    async breakOwnership() {
      await admin.query(
        `select pg_terminate_backend(holder.pid, 5000) from pg_locks as holder
         where locktype = 'advisory' and objsubid = 1 and database = (select oid from pg_database where datname = current_database())
         and (classid::bigint << 32) + objid::bigint = hashtextextended('dialog-health-fhir ledger ' || current_schema(), 0)`,
      );
    },
    async remove() {
      await admin.query(`drop schema ${schema} cascade`);
      await admin.end();
    },
  };
};

function inSchema(url: string, schema: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}options=${encodeURIComponent(`-c search_path=${schema}`)}`;
}
