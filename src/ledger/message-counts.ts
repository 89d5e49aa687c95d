import { recordStates, type RecordState } from '../exchange/reports.ts';
import type { Connection, LedgerTransaction } from './database/database.ts';
import type { MessageCounts } from './ledger.ts';

/** How many messages are in each state, kept as they move: counting millions would take seconds. */
export async function readCounts(connection: Connection): Promise<MessageCounts> {
  const rows = await countsQuery(connection).execute();
  const counted = new Map(rows.map(({ state, count }) => [state, count]));
  const of = (state: RecordState): number => counted.get(state) ?? 0;
  return {
    pending: of('pending'),
    delivering: of('delivering'),
    waiting: of('waiting'),
    delivered: of('delivered'),
    skipped: of('skipped'),
    rejected: of('rejected'),
  };
}

export const countsQuery = (connection: Connection) =>
  connection.selectFrom('message_count').select(['state', 'count']);

/** The moves of one transaction. */
export class CountMoves {
  readonly #changes = new Map<RecordState, number>();

  /** @param from undefined: it is new */
  moved(from: RecordState | undefined, to: RecordState, messages = 1): void {
    if (from !== undefined) this.#add(from, -messages);
    this.#add(to, messages);
  }

  /** The last writes of a transaction, and always in the same order: two transactions never wait in a circle. */
  async write(tx: LedgerTransaction): Promise<void> {
    for (const state of recordStates) {
      const change = this.#changes.get(state) ?? 0;
      if (change === 0) continue;
      await tx
        .updateTable('message_count')
        .set((each) => ({ count: each('count', '+', change) }))
        .where('state', '=', state)
        .execute();
    }
  }

  #add(state: RecordState, messages: number): void {
    this.#changes.set(state, (this.#changes.get(state) ?? 0) + messages);
  }
}
