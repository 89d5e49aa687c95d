import { DatabaseSync } from 'node:sqlite';
import type { Instant, TimeWindow } from '../../src/exchange/window.ts';

/** What stands in the ledger's file, read without the ledger. */
export interface LedgerFile {
  coverage(): { readonly start: Instant; readonly frontier: Instant; readonly rowCap: number } | undefined;
  pieces(): readonly StoredPiece[];
  has(key: string): boolean;
  /** How many outgoing messages of that part of time. */
  known(window: TimeWindow): number;
  messages(): readonly StoredMessage[];
  backfills(): readonly { readonly range: TimeWindow; readonly state: string }[];
  close(): void;
}

export interface StoredPiece extends TimeWindow {
  readonly id: number;
  readonly tier: string;
  readonly state: string;
  readonly code: string;
  readonly job: string | null;
}

export interface StoredMessage {
  readonly key: string;
  readonly direction: string | null;
  readonly state: string;
  readonly code: string | null;
  readonly status: string;
  readonly revision: number;
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

type Row = Readonly<Record<string, unknown>>;

export function openLedgerFile(path: string): LedgerFile {
  const file = new DatabaseSync(path, { readOnly: true, timeout: 1_000 });
  const has = file.prepare('select 1 from message where key = ?');
  /** What was there once stays. */
  const there = new Set<string>();
  const known = file.prepare(
    `select count(*) as count from message where direction = 'outgoing' and occurred_at >= ? and occurred_at < ?`,
  );
  const coverage = file.prepare('select start, frontier, row_cap from coverage');
  const pieces = file.prepare('select id, tier, from_at, to_at, state, code, backfill from piece order by from_at');
  return {
    coverage() {
      const row = coverage.get();
      if (row === undefined || row['start'] === null || row['frontier'] === null) return undefined;
      return {
        start: Number(row['start']),
        frontier: Number(row['frontier']),
        rowCap: row['row_cap'] === null ? Infinity : Number(row['row_cap']),
      };
    },
    pieces: () =>
      pieces.all().map((row: Row) => ({
        id: Number(row['id']),
        tier: String(row['tier']),
        from: Number(row['from_at']),
        to: Number(row['to_at']),
        state: String(row['state']),
        code: String(row['code']),
        job: textOf(row['backfill']),
      })),
    has(key) {
      if (!there.has(key) && has.get(key) !== undefined) there.add(key);
      return there.has(key);
    },
    known: ({ from, to }) => Number(known.get(from, to)?.['count']),
    messages: () =>
      file
        .prepare('select key, direction, state, code, change_digest, revision from message')
        .all()
        .map((row: Row) => ({
          key: String(row['key']),
          direction: textOf(row['direction']),
          state: String(row['state']),
          code: textOf(row['code']),
          status: String(row['change_digest']),
          revision: Number(row['revision']),
        })),
    backfills: () =>
      file
        .prepare('select from_at, to_at, state from backfill')
        .all()
        .map((row: Row) => ({
          range: { from: Number(row['from_at']), to: Number(row['to_at']) },
          state: String(row['state']),
        })),
    close: () => file.close(),
  };
}
