import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPostgres, refusedByPostgres } from '../../src/ledger/database/postgres.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { TestClock } from '../ledger/contract/place.ts';
import { broughtUpToDate, firstLedger, told } from '../ledger/first-ledger.ts';
import { accepted, claimDue, keyOf, keysOf, message, rows, source } from '../ledger/contract/rows.ts';
import { postgresPlace, type PostgresPlace } from './postgres-place.ts';

let clock: TestClock;
let place: PostgresPlace;

beforeEach(async () => {
  clock = new TestClock();
  place = await postgresPlace(clock.now);
});
afterEach(() => place.remove());

const refusal = (reason: string) => ({ name: 'LedgerRefused', reason });
const changed = (url: string, change: (parsed: URL) => void): string => {
  const parsed = new URL(url);
  change(parsed);
  return parsed.href;
};

describe('the connection to PostgreSQL', () => {
  it('waits for the disk, whatever the default of the server', async () => {
    const url = changed(place.url, (parsed) =>
      parsed.searchParams.set('options', `${parsed.searchParams.get('options')} -c synchronous_commit=off`),
    );
    const database = await openPostgres(url, 'reader');
    const { rows: found } = await sql<{ synchronous_commit: string }>`show synchronous_commit`.execute(database.kysely);
    expect(found).toEqual([{ synchronous_commit: 'on' }]);
    await database.close();
  });

  it.each(['owner', 'visitor', 'reader'] as const)(
    'that cannot be made is refused to the %s, without its password',
    async (access) => {
      const url = changed(place.url, (parsed) => {
        parsed.pathname = '/no-such-database';
        parsed.password = 'secret-word';
      });
      const opening = openLedger({ url, access, now: clock.now });
      await expect(opening).rejects.toMatchObject(refusal('unreachable'));
      await expect(opening).rejects.not.toThrow('secret-word');
    },
  );

  it('to a server that is not there is refused', async () => {
    const url = 'postgres://tester@127.0.0.1:1/postgres';
    await expect(openLedger({ url, access: 'owner', now: clock.now })).rejects.toMatchObject({
      ...refusal('unreachable'),
      message: expect.stringContaining('127.0.0.1:1/postgres'),
    });
  });

  it.each(['no grant', 'usage'])('of a user who may not create tables is refused: %s', async (grant) => {
    const role = `guest_${process.pid}`;
    await place.query(`create role ${role} login`);
    if (grant === 'usage') await place.query(`grant usage on schema ${place.schema} to ${role}`);
    const url = changed(place.url, (parsed) => {
      parsed.username = role;
    });
    await expect(openLedger({ url, access: 'owner', now: clock.now })).rejects.toMatchObject(refusal('not-writable'));
    await place.query(`drop owned by ${role}`);
    await place.query(`drop role ${role}`);
  });

  it('to a server that only reads is refused', async () => {
    const url = changed(place.url, (parsed) =>
      parsed.searchParams.set('options', `${parsed.searchParams.get('options')} -c default_transaction_read_only=on`),
    );
    await expect(openLedger({ url, access: 'owner', now: clock.now })).rejects.toMatchObject(refusal('not-writable'));
  });

  it('may break between two requests', async () => {
    const ledger = await place.open('owner');
    await ledger.messages.record(source, clock.at, rows(message('a')));
    await place.query(
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity
       where application_name = 'dialog-health-fhir' and state = 'idle'
       and pid not in (select pid from pg_locks where locktype = 'advisory')`,
    );
    expect(await ledger.messages.counts()).toMatchObject({ pending: 1 });
    expect(keysOf(await claimDue(ledger, clock))).toEqual([keyOf('a')]);
    await ledger.close();
  });

  it('keeps an error that is no matter of the connection as it is', () => {
    const error = Object.assign(new Error('syntax error'), { code: '42601' });
    expect(refusedByPostgres(error, place.url)).toBe(error);
  });
});

describe('the tables on PostgreSQL', () => {
  it('are refused to an older version', async () => {
    await (await place.open('owner')).close();
    await place.query(`insert into migration (number, name) values (9999, 'something new')`);
    await expect(place.open('owner')).rejects.toMatchObject(refusal('newer-schema'));
    await expect(place.open('reader')).rejects.toMatchObject(refusal('newer-schema'));
  });

  it.each(['visitor', 'reader'] as const)('are made by an owner, not by a %s', async (access) => {
    await expect(place.open(access)).rejects.toMatchObject(refusal('older-schema'));
  });
});

describe('a ledger of the first version, on PostgreSQL', () => {
  it('is brought up to date by its owner, and keeps its frontier, its sweep and all that it knows', async () => {
    for (const statement of firstLedger('postgres')) await place.query(statement);
    await expect(place.open('reader')).rejects.toMatchObject(refusal('older-schema'));
    const ledger = await place.open('owner');
    expect(await told(ledger)).toEqual(broughtUpToDate);
    await ledger.close();
  });
});

describe('several transactions at once', () => {
  it('neither wait in a circle nor lose a message or a count', async () => {
    const ledger = await place.open('owner');
    const visitor = await place.open('visitor');
    const ids = Array.from({ length: 200 }, (_, n) => `n-${n}`);
    const shuffled = ids.toReversed();
    const problem = { code: 'resource-refused' } as const;

    async function record(): Promise<void> {
      for (const status of ['QUEUED', 'SENT', 'DELIVERED', 'FAILED'] as const) {
        const order = status === 'SENT' ? shuffled : ids;
        await ledger.messages.record(
          source,
          clock.pass({ minutes: 1 }),
          rows(...order.map((id) => message(id, status))),
        );
      }
    }
    async function deliver(): Promise<void> {
      for (let n = 0; n < 15; n += 1) {
        const claims = await claimDue(ledger, clock, 40);
        const settlements = claims.map(({ record: { key }, token }, index) =>
          index % 3 === 0 ? ({ state: 'rejected', key, token, problem } as const) : { ...accepted(key), token },
        );
        await ledger.messages.settle(settlements.toReversed(), clock.at);
      }
    }
    async function release(): Promise<void> {
      for (let n = 0; n < 15; n += 1) {
        await visitor.messages.release({}, clock.at);
        await ledger.messages.makePendingDue(clock.at);
      }
    }
    await Promise.all([record(), deliver(), deliver(), release()]);

    const counted = await place.query<{ state: string; count: number }>(
      'select state, count(*)::integer as count from message group by state',
    );
    const counts = await ledger.messages.counts();
    expect(Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))).toEqual(
      Object.fromEntries(counted.map(({ state, count }) => [state, count])),
    );
    expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(200);
    await visitor.close();
    await ledger.close();
  });
});
