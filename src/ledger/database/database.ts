import { CompiledQuery, type ExpressionWrapper, type Kysely, type SqlBool, type Transaction } from 'kysely';
import type { RecordKey } from '../../exchange/record-key.ts';
import type { Instant } from '../../exchange/window.ts';
import type { Delivered } from '../message-states.ts';
import { messageColumns, type LedgerTables, type MessageRow, type SettledRow } from './tables.ts';

export type LedgerTransaction = Transaction<LedgerTables>;
export type Connection = Kysely<LedgerTables> | LedgerTransaction;

/** What the two engines have in common, and the few things they are asked for in their own way. */
export interface Database {
  readonly kysely: Kysely<LedgerTables>;
  readonly engine: 'sqlite' | 'postgres';
  /** Whether `column` of `message` is one of these; the same statement for any number of them. */
  among(column: 'key' | 'thread', values: readonly string[]): ExpressionWrapper<LedgerTables, 'message', SqlBool>;
  /**
   * Waits until no other transaction is at the same, and keeps others waiting until this one ends: for what is decided
   * by rows that are not there. On SQLite one transaction writes at a time anyway.
   */
  inTurn(transaction: LedgerTransaction, at: 'recording' | 'spending'): Promise<void>;
  /** Writes whole rows over those with the same key, or as new ones. */
  putMessages(transaction: LedgerTransaction, rows: readonly MessageRow[]): Promise<void>;
  /** Writes these columns of messages, and drops the content of those that are delivered. */
  settleMessages(transaction: LedgerTransaction, rows: readonly SettledRow[]): Promise<void>;
  /**
   * Writes down, in one step, what was delivered as this epoch had claimed it. Gives the keys that were written: what
   * changed meanwhile, or was claimed by another, is left as it is. Undefined where that is no faster.
   */
  settleDelivered?(
    transaction: LedgerTransaction,
    epoch: number,
    settlements: readonly Delivered[],
    now: Instant,
  ): ReadonlySet<RecordKey>;
  hasTable(name: keyof LedgerTables): Promise<boolean>;
  /** What failed while the ledger was opened, as a refusal a person can act on; anything else as it is. */
  refusalOf(error: unknown): unknown;
  /** Gives up the ownership, when it has it, and every connection. */
  close(): Promise<void>;
}

/** The statement of `putMessages` for so many rows; `placeholder` gives the n-th parameter, from 1. */
export function putStatement(rows: number, placeholder: (position: number) => string): string {
  const width = messageColumns.length;
  const tuples = Array.from(
    { length: rows },
    (_, row) => `(${messageColumns.map((_, column) => placeholder(row * width + column + 1)).join(', ')})`,
  );
  const replaced = messageColumns
    .filter((column) => column !== 'key')
    .map((column) => `${column} = excluded.${column}`);
  return `insert into message (${messageColumns.join(', ')}) values ${tuples.join(', ')} on conflict (key) do update set ${replaced.join(', ')}`;
}

export const parametersOf = (row: MessageRow): (string | number | null)[] =>
  messageColumns.map((column) => row[column]);

export const rawQuery = (text: string, parameters: readonly unknown[] = []): CompiledQuery =>
  CompiledQuery.raw(text, [...parameters]);
