import type { Migration } from './migration.ts';

/** Windows are read for more than one reason, in parts where they must be; past ranges are jobs; limits are learned. */
export const reading: Migration = {
  number: 2,
  name: 'reading',
  statements: (engine) => {
    const { int, position, end } =
      engine === 'sqlite'
        ? { int: 'integer', position: 'integer primary key', end: ') strict' }
        : { int: 'bigint', position: 'bigint generated always as identity primary key', end: ')' };
    // A run remembers which pieces it has tried: the id of one that is gone is not given to another.
    const lasting = engine === 'sqlite' ? `${position} autoincrement` : position;
    return [
      `create table tier (
        source text not null,
        tier text not null,
        done_end ${int},
        done_at ${int},
        sweep_position ${int},
        sweep_to ${int},
        failures ${int} not null,
        empty ${int} not null,
        primary key (source, tier)
      ${end}`,
      // The one sweep that there was read the last week again.
      `insert into tier (source, tier, done_end, done_at, sweep_position, sweep_to, failures, empty)
        select source, 'cold', sweep_done_end, sweep_done_at, sweep_position, sweep_to, 0, 0 from coverage
        where coalesce(sweep_done_end, sweep_done_at, sweep_position, sweep_to) is not null`,
      ...['sweep_done_end', 'sweep_done_at', 'sweep_position', 'sweep_to'].map(
        (column) => `alter table coverage drop column ${column}`,
      ),
      ...['widest_ms', 'row_cap', 'most_rows', 'most_from', 'most_to', 'whole_rows', 'whole_at'].map(
        (column) => `alter table coverage add column ${column} ${int}`,
      ),

      `create table piece (
        id ${lasting},
        source text not null,
        tier text not null,
        from_at ${int} not null,
        to_at ${int} not null,
        state text not null,
        failures ${int} not null,
        code text not null,
        due_at ${int} not null,
        backfill text,
        accepted_by text,
        accepted_at ${int}
      ${end}`,
      'create index piece_open on piece (source, from_at, id) where accepted_at is null',

      `create table backfill (
        position ${position},
        id text not null unique,
        source text not null,
        from_at ${int} not null,
        to_at ${int} not null,
        newest_first ${int} not null,
        resend ${int} not null,
        state text not null,
        read_position ${int} not null,
        windows ${int} not null,
        rows ${int} not null,
        started_at ${int} not null,
        finished_at ${int}
      ${end}`,
      // Two who ask at once for the same range get one job.
      `create unique index backfill_unfinished on backfill (source, from_at, to_at, newest_first, resend)
        where finished_at is null`,

      `create table budget_learned (
        source text primary key,
        most ${int} not null,
        learned_at ${int} not null
      ${end}`,

      // Most messages are delivered, and nobody asks for these by their state: settling them touches no index that grows.
      'drop index message_state',
      `create index message_state on message (state, position) where state <> 'delivered'`,
      // What a plan asks of messages: are there any of that time, and may the status of any still change.
      `create index message_sent on message (source, occurred_at) where direction = 'outgoing'`,
      `create index message_unsettled on message (source, occurred_at) where direction = 'outgoing' and final = 0`,
      'create index message_held on message (source, held_since) where held_digest is not null',
    ];
  },
};
