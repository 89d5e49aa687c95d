import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Database } from '../database/database.ts';

export function firstTables(engine: Database['engine']): Migration {
  const seq =
    engine === 'sqlite' ? 'integer primary key autoincrement' : 'bigint generated always as identity primary key';
  const statements = [
    `create table message (
      seq ${seq},
      key text not null unique,
      source text not null,
      thread text not null,
      direction text,
      state text not null,
      occurred_at bigint,
      rank integer not null,
      final integer not null,
      content_digest text not null,
      change_digest text not null,
      read_at bigint not null,
      first_read_at bigint not null,
      body text,
      revision integer not null,
      claimed_revision integer,
      attempts integer not null,
      due_at bigint,
      lease_epoch integer,
      unsure integer not null,
      code text,
      problem text,
      reference text,
      version text,
      delivered_at bigint,
      lower_digest text,
      lower_at bigint
    )`,
    // What is done is not in it: claiming costs the same however much was delivered.
    'create index message_due on message (due_at, seq) where due_at is not null',
    'create index message_state on message (state, read_at)',
    `create index message_thread on message (thread) where direction = 'incoming'`,
    `create table coverage (
      source text primary key,
      start_at bigint,
      frontier bigint,
      sweep_done_end bigint,
      sweep_done_at bigint,
      sweep_position bigint,
      sweep_to bigint
    )`,
    `create table window_read (
      seq ${seq},
      source text not null,
      from_at bigint not null,
      to_at bigint not null,
      state text not null,
      read_at bigint not null,
      row_count integer not null,
      code text
    )`,
    `create table run (
      seq ${seq},
      id text not null unique,
      state text not null,
      idempotency_key text unique,
      report text not null
    )`,
    'create table run_source (run_id text not null, source text not null, primary key (source, run_id))',
    'create table request_spent (source text not null, at bigint not null)',
    'create index request_spent_at on request_spent (source, at)',
    'create table lease (id integer primary key, epoch integer not null)',
    'insert into lease (id, epoch) values (1, 0)',
    'create table fact (name text primary key, value text not null)',
  ];
  return {
    async up(db: Kysely<never>) {
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  };
}
