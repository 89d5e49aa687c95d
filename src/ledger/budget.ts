import { hourMs } from '../exchange/window.ts';
import type { Database } from './database/database.ts';
import type { Lease } from './lease.ts';
import type { Budget } from './ledger.ts';

/** Requests spent at the vendor. Durable: a crash loop cannot spend more than an hour's worth. */
export function makeBudget(database: Database, lease: Lease): Budget {
  const { kysely } = database;
  return {
    spend: (source, perHour, now) =>
      lease.write(async (tx) => {
        await database.inTurn(tx, 'spending');
        const since = now - hourMs;
        await tx.deleteFrom('request_spent').where('source', '=', source).where('spent_at', '<=', since).execute();
        const spent = await tx
          .selectFrom('request_spent')
          .select('spent_at')
          .where('source', '=', source)
          .orderBy('spent_at', 'desc')
          .limit(perHour)
          .execute();
        const oldest = spent.at(-1);
        if (spent.length >= perHour && oldest !== undefined)
          return { granted: false, freeAt: oldest.spent_at + hourMs };
        await tx.insertInto('request_spent').values({ source, spent_at: now }).execute();
        return { granted: true };
      }),
    async used(source, now) {
      const { count } = await kysely
        .selectFrom('request_spent')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('source', '=', source)
        .where('spent_at', '>', now - hourMs)
        .executeTakeFirstOrThrow();
      return count;
    },
  };
}
