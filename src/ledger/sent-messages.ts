import { sql } from 'kysely';
import { grainMs, type TimeWindow } from '../exchange/window.ts';
import type { Connection } from './database/database.ts';

/** What a plan asks of the messages that were sent in a range. Each goes by an index: none looks at a message itself. */

export async function knownMessages(
  connection: Connection,
  source: string,
  range: TimeWindow,
  limit?: number,
): Promise<number> {
  return (await knownQuery(connection, source, range, limit).executeTakeFirstOrThrow()).count;
}

export function knownQuery(connection: Connection, source: string, range: TimeWindow, limit?: number) {
  const sent = sentWithin(connection, source, range);
  return connection
    .selectFrom((limit === undefined ? sent : sent.limit(limit)).as('sent'))
    .select(({ fn }) => fn.countAll<number>().as('count'));
}

export async function unsettledRange(
  connection: Connection,
  source: string,
  range: TimeWindow,
): Promise<TimeWindow | undefined> {
  const { first, last } = await unsettledQuery(connection, source, range).executeTakeFirstOrThrow();
  return first === null || last === null ? undefined : { from: first, to: last + grainMs };
}

/** Both ends by the index; with min and max in one SQLite would look at all that lies between. */
export function unsettledQuery(connection: Connection, source: string, range: TimeWindow) {
  const unsettled = sentWithin(connection, source, range).where('final', '=', sql.lit(0)).limit(1);
  return connection.selectNoFrom([
    unsettled.orderBy('occurred_at').as('first'),
    unsettled.orderBy('occurred_at', 'desc').as('last'),
  ]);
}

/** The conditions of the indexes are written out: with parameters in their place an index would not be taken. */
const sentWithin = (connection: Connection, source: string, { from, to }: TimeWindow) =>
  connection
    .selectFrom('message')
    .select('occurred_at')
    .where('source', '=', source)
    .where('direction', '=', sql.lit('outgoing'))
    .where('occurred_at', '>=', from)
    .where('occurred_at', '<', to);
