import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestClock } from './contract/place.ts';
import { broughtUpToDate, firstLedger, told } from './first-ledger.ts';
import { sqlitePlace, type SqlitePlace } from './sqlite-place.ts';

let place: SqlitePlace;

beforeEach(async () => {
  place = await sqlitePlace(new TestClock().now);
  const file = new DatabaseSync(place.path);
  for (const statement of firstLedger('sqlite')) file.exec(statement);
  file.close();
});
afterEach(() => place.remove());

describe('a ledger of the first version, on SQLite', () => {
  it('is brought up to date by its owner, and keeps its frontier, its sweep and all that it knows', async () => {
    const ledger = await place.open('owner');
    expect(await told(ledger)).toEqual(broughtUpToDate);
    await ledger.close();
    const again = await place.open('owner');
    expect(await told(again)).toEqual(broughtUpToDate);
    await again.close();
  });

  it.each(['visitor', 'reader'] as const)('is refused to a %s before that', async (access) => {
    await expect(place.open(access)).rejects.toMatchObject({ reason: 'older-schema' });
  });
});
