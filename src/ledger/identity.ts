import type { Database } from './database/database.ts';
import type { Lease } from './lease.ts';

const keySecret = 'key-secret';

/** Keeps the canonical base of the first time; gives the one that is kept. */
export const keepCanonicalBase = (lease: Lease, canonicalBase: string): Promise<string> =>
  kept(lease, 'canonical-base', canonicalBase);

/** Likewise of the secret that keys are made with: not itself, but what tells it from another. */
export const keepKeySecret = (lease: Lease, fingerprint: string): Promise<string> =>
  kept(lease, keySecret, fingerprint);

export async function keptKeySecret({ kysely }: Database): Promise<string | undefined> {
  const row = await kysely.selectFrom('identity').select('value').where('name', '=', keySecret).executeTakeFirst();
  return row?.value;
}

function kept(lease: Lease, name: string, value: string): Promise<string> {
  return lease.write(async (tx) => {
    await tx
      .insertInto('identity')
      .values({ name, value })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .execute();
    return (await tx.selectFrom('identity').select('value').where('name', '=', name).executeTakeFirstOrThrow()).value;
  });
}

/** A real write: one that changes nothing would not tell of a full disk. */
export async function writeSomething(lease: Lease): Promise<void> {
  await lease.write((tx) =>
    tx
      .insertInto('identity')
      .values({ name: 'writable', value: 'yes' })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: 'yes' }))
      .execute(),
  );
}
