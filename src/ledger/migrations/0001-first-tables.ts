import { recordStates } from '../../exchange/reports.ts';
import type { Migration } from './migration.ts';

export const firstTables: Migration = {
  number: 1,
  name: 'first tables',
  statements: (engine) => {
    const { int, position, end } =
      engine === 'sqlite'
        ? { int: 'integer', position: 'integer primary key', end: ') strict' }
        : { int: 'bigint', position: 'bigint generated always as identity primary key', end: ')' };
    return [
      `create table lease (id ${int} primary key, epoch ${int} not null ${end}`,
      'insert into lease (id, epoch) values (1, 0)',
      `create table identity (name text primary key, value text not null ${end}`,

      `create table message (
        position ${position},
        key text not null unique,
        source text not null,
        direction text,
        thread text,
        related text,
        occurred_at ${int},
        rank ${int} not null,
        final ${int} not null,
        content_digest text not null,
        change_digest text not null,
        taken_at ${int} not null,
        held_digest text,
        held_since ${int},
        link_owed ${int} not null,
        state text not null,
        revision ${int} not null,
        claim_epoch ${int},
        claim_revision ${int},
        due_at ${int},
        pending_since ${int},
        attempts ${int} not null,
        unsure ${int} not null,
        code text,
        problem text,
        reference text,
        version text,
        first_read_at ${int} not null,
        delivered_at ${int},
        body text
      ${end}`,
      // What is delivered is in none of these but the second: claiming costs the same however much was delivered.
      'create index message_due on message (due_at, position) where due_at is not null',
      'create index message_state on message (state, position)',
      'create index message_code on message (code, position) where code is not null',
      'create index message_pending on message (pending_since) where pending_since is not null',
      'create index message_reply on message (thread, key) where related is not null',

      `create table message_count (state text primary key, count ${int} not null ${end}`,
      `insert into message_count (state, count) values ${recordStates.map((state) => `('${state}', 0)`).join(', ')}`,

      `create table coverage (
        source text primary key,
        start ${int},
        frontier ${int},
        sweep_done_end ${int},
        sweep_done_at ${int},
        sweep_position ${int},
        sweep_to ${int}
      ${end}`,
      `create table window_read (
        position ${position},
        source text not null,
        from_at ${int} not null,
        to_at ${int} not null,
        state text not null,
        read_at ${int} not null,
        rows ${int} not null,
        code text
      ${end}`,
      'create index window_read_at on window_read (read_at)',

      `create table run (
        position ${position},
        id text not null unique,
        state text not null,
        started_at ${int} not null,
        report text not null,
        idempotency_key text unique
      ${end}`,
      'create index run_started on run (started_at)',
      'create index run_state on run (state)',
      `create table run_source (source text not null, position ${int} not null, primary key (source, position) ${end}`,

      `create table request_spent (source text not null, spent_at ${int} not null ${end}`,
      'create index request_spent_at on request_spent (source, spent_at)',
    ];
  },
};
