import type { ExpressionBuilder, ExpressionWrapper, SqlBool } from 'kysely';
import type { LedgerTables } from './database/tables.ts';
import type { RecordFilter } from './ledger.ts';

/** A filter as a condition on `message`: the same for looking and for releasing. */
export const matches =
  (filter: RecordFilter) =>
  (message: ExpressionBuilder<LedgerTables, 'message'>): ExpressionWrapper<LedgerTables, 'message', SqlBool> =>
    message.and(filter);
