import { sql, type ExpressionBuilder, type ExpressionWrapper, type SqlBool } from 'kysely';
import type { RecordState } from '../exchange/reports.ts';
import type { LedgerTables } from './database/tables.ts';
import type { RecordFilter } from './ledger.ts';

type Condition = (
  message: ExpressionBuilder<LedgerTables, 'message'>,
) => ExpressionWrapper<LedgerTables, 'message', SqlBool>;

/** A filter as a condition on `message`: the same for looking and for releasing. */
export const matches =
  ({ state, ...others }: RecordFilter): Condition =>
  (message) =>
    state === undefined ? message.and(others) : message.and([inState(state)(message), message.and(others)]);

/** What is delivered is not in the index of states. The others say so in its own words, without which it is not taken. */
export const inState =
  (state: RecordState): Condition =>
  (message) => {
    const is = message('state', '=', state);
    return message.and(state === 'delivered' ? [is] : [is, message('state', '<>', sql.lit('delivered'))]);
  };
