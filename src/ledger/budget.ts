import { hourMs, type Instant } from '../exchange/window.ts';
import type { Connection, Database } from './database/database.ts';
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
        // Made by a clock that was ahead. They count for an hour from now, not until the clock gets there again.
        await tx
          .updateTable('request_spent')
          .set({ spent_at: now })
          .where('source', '=', source)
          .where('spent_at', '>', now)
          .execute();
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
    used: (source, now) => usedSince(kysely, source, now - hourMs),
    throttled: (source, perHour, now) =>
      lease.write(async (tx) => {
        await database.inTurn(tx, 'spending');
        const used = await usedSince(tx, source, now - hourMs);
        const before = await mostNow(tx, source, perHour, now);
        const learned = { most: Math.max(1, Math.min(before, Math.floor((used * 4) / 5))), learned_at: now };
        await tx
          .insertInto('budget_learned')
          .values({ source, ...learned })
          .onConflict((conflict) => conflict.column('source').doUpdateSet(learned))
          .execute();
      }),
    learned: (source, perHour, now) => mostNow(kysely, source, perHour, now),
  };
}

async function usedSince(connection: Connection, source: string, since: Instant): Promise<number> {
  const { count } = await connection
    .selectFrom('request_spent')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('source', '=', source)
    .where('spent_at', '>', since)
    .executeTakeFirstOrThrow();
  return count;
}

async function mostNow(connection: Connection, source: string, perHour: number, now: Instant): Promise<number> {
  const learned = await connection
    .selectFrom('budget_learned')
    .select(['most', 'learned_at'])
    .where('source', '=', source)
    .executeTakeFirst();
  return learned === undefined ? perHour : recovered(learned.most, now - learned.learned_at, perHour);
}

/** Twenty hours bring all of it back. What a clock has written that was far ahead is forgotten: it would hold for years. */
function recovered(most: number, sinceMs: number, perHour: number): number {
  if (sinceMs < -hourMs) return perHour;
  const back = (Math.max(0, sinceMs) / hourMs) * (perHour / 20);
  return Math.min(perHour, Math.max(1, Math.floor(most + back)));
}
