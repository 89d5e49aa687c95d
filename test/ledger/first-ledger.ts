import { hourMs, minuteMs } from '../../src/exchange/window.ts';
import type { Database } from '../../src/ledger/database/database.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { firstTables } from '../../src/ledger/migrations/0001-first-tables.ts';

/** What the ledger was before it knew tiers, with rows in it: one source in the middle of a sweep, and one without any. */
export const firstLedger = (engine: Database['engine']): readonly string[] => [
  'create table migration (number integer primary key, name text not null)',
  ...firstTables.statements(engine),
  `insert into migration (number, name) values (1, 'first tables')`,
  `insert into coverage (source, start, frontier, sweep_done_end, sweep_done_at, sweep_position, sweep_to) values
    ('main-clinic', 0, ${9 * hourMs}, 1, 2, 3, 4), ('another-clinic', ${hourMs}, ${2 * hourMs}, null, null, null, null)`,
  `insert into window_read (source, from_at, to_at, state, read_at, rows, code) values
    ('main-clinic', 0, ${hourMs}, 'complete', 5, 12, null)`,
  `insert into request_spent (source, spent_at) values ('main-clinic', 5)`,
  `insert into message (key, source, direction, thread, occurred_at, rank, final, content_digest, change_digest, taken_at,
     link_owed, state, revision, attempts, unsure, first_read_at)
   values ('a-key', 'main-clinic', 'outgoing', 'a-key', ${hourMs}, 1, 0, 'c', 'd', 5, 0, 'delivered', 1, 1, 0, 5)`,
  `update message_count set count = 1 where state = 'delivered'`,
];

const range = { from: 0, to: 9 * hourMs };

/** What the ledger tells of it. */
export const told = async ({ coverage, budget, messages }: Ledger) => ({
  main: await coverage.state('main-clinic'),
  another: await coverage.state('another-clinic'),
  windows: (await coverage.windows({}, { limit: 9 })).items,
  used: await budget.used('main-clinic', 6),
  counts: await messages.counts(),
  known: await coverage.known('main-clinic', range),
  unsettled: await coverage.unsettled('main-clinic', range),
});

/** What it tells once it is up to date. */
export const broughtUpToDate: Awaited<ReturnType<typeof told>> = {
  main: {
    start: 0,
    frontier: 9 * hourMs,
    tiers: { cold: { doneEnd: 1, doneAt: 2, position: 3, to: 4, failures: 0, empty: 0 } },
    pieces: [],
    size: {},
  },
  another: { start: hourMs, frontier: 2 * hourMs, tiers: {}, pieces: [], size: {} },
  windows: [
    {
      source: 'main-clinic',
      from: '1970-01-01T00:00:00Z',
      to: '1970-01-01T01:00:00Z',
      state: 'complete',
      readAt: '1970-01-01T00:00:00.005Z',
      rows: 12,
      code: null,
    },
  ],
  used: 1,
  counts: { pending: 0, delivering: 0, waiting: 0, delivered: 1, skipped: 0, rejected: 0 },
  known: 1,
  unsettled: { from: hourMs, to: hourMs + minuteMs },
};
