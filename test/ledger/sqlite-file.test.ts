import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BodySeal } from '../../src/ledger/body-seal.ts';
import { networkFileSystem } from '../../src/ledger/database/network-volume.ts';
import { openSqlite } from '../../src/ledger/database/sqlite.ts';
import { ledgerOver, openLedger } from '../../src/ledger/open-ledger.ts';
import { TestClock } from './contract/place.ts';
import { deliverDue, message, rows, source, unreadable } from './contract/rows.ts';
import { sqlitePlace, type SqlitePlace } from './sqlite-place.ts';

const clock = new TestClock();
const openSeal: BodySeal = { seal: (_, text) => text, open: (_, stored) => stored };
let place: SqlitePlace;

beforeEach(async () => {
  place = await sqlitePlace(clock.now);
});
afterEach(() => place.remove());

const many = (count: number) => rows(...Array.from({ length: count }, (_, n) => message(`many-${n}`)));

async function filledAndClosed(): Promise<void> {
  const ledger = await place.open('owner');
  await ledger.messages.record(source, clock.at, many(1_000));
  await ledger.close();
}

function change(statement: string): void {
  const file = new DatabaseSync(place.path);
  file.exec(statement);
  file.close();
}

const refusal = (reason: string) => ({ name: 'LedgerRefused', reason });

describe('the file of the ledger', () => {
  it('is made with its folder, for the eyes of its user only', async () => {
    const path = join(place.folder, 'data', 'deep', 'ledger.db');
    const ledger = await openLedger({ url: `sqlite:${path}`, access: 'owner', now: clock.now });
    expect(statSync(join(place.folder, 'data')).mode & 0o777).toBe(0o700);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await ledger.close();
  });

  it('is named by a path or by a URL', async () => {
    const ledger = await openLedger({ url: `sqlite://${place.path}`, access: 'owner', now: clock.now });
    await ledger.close();
    expect(readdirSync(place.folder)).toContain('ledger.db');
  });

  it.each(['owner', 'visitor', 'reader'] as const)('waits for the disk, for the %s', async (access) => {
    await filledAndClosed();
    const database = openSqlite(place.path, access);
    const pragma = async (name: string): Promise<unknown> => {
      const { rows: found } = await sql<Record<string, unknown>>`pragma ${sql.raw(name)}`.execute(database.kysely);
      return found[0]?.[name];
    };
    expect(await pragma('journal_mode')).toBe('wal');
    expect(await pragma('synchronous')).toBe(2);
    expect(await pragma('secure_delete')).toBe(1);
    await database.close();
  });

  it('rolls back when the disk is full, and goes on when there is room again', async () => {
    const database = openSqlite(place.path, 'owner');
    const ledger = await ledgerOver(database, 'owner', openSeal, clock.now);
    await ledger.messages.record(source, clock.at, rows(message('first')));
    await sql`pragma max_page_count = 60`.execute(database.kysely);
    await expect(ledger.messages.record(source, clock.at, many(1_000))).rejects.toThrow('full');
    expect(await ledger.messages.counts()).toMatchObject({ pending: 1 });
    expect((await ledger.messages.list({}, { limit: 10 })).items).toHaveLength(1);
    await sql`pragma max_page_count = 1000000`.execute(database.kysely);
    expect(await ledger.messages.record(source, clock.at, many(1_000))).toMatchObject({ added: 1_000 });
    expect(await ledger.messages.counts()).toMatchObject({ pending: 1_001 });
    await ledger.close();
  });
});

describe('a ledger that cannot be opened', () => {
  it.each(['visitor', 'reader'] as const)('is refused as missing to a %s, and not made', async (access) => {
    await expect(place.open(access)).rejects.toMatchObject(refusal('missing'));
    expect(readdirSync(place.folder)).toEqual([]);
  });

  it.each(['owner', 'visitor', 'reader'] as const)('is refused to the %s of an older version', async (access) => {
    await filledAndClosed();
    change(`insert into migration (number, name) values (9999, 'something new')`);
    await expect(place.open(access)).rejects.toMatchObject({
      ...refusal('newer-schema'),
      message: expect.stringContaining('something new'),
    });
  });

  it.each(['visitor', 'reader'] as const)(
    'is refused to a %s before an owner brought it up to date',
    async (access) => {
      await filledAndClosed();
      change('delete from migration');
      await expect(place.open(access)).rejects.toMatchObject(refusal('older-schema'));
    },
  );

  it.each(['visitor', 'reader'] as const)('is refused to a %s while it is still empty', async (access) => {
    change('pragma journal_mode = wal');
    await expect(place.open(access)).rejects.toMatchObject(refusal('older-schema'));
  });

  it('is refused when it is no SQLite file, which stays as it is', async () => {
    writeFileSync(place.path, 'a letter, not a ledger\n'.repeat(1_000));
    await expect(place.open('owner')).rejects.toMatchObject(refusal('damaged'));
    expect(readFileSync(place.path, 'utf8')).toContain('a letter');
  });

  it('is refused when a page of it is damaged', async () => {
    await filledAndClosed();
    const bytes = readFileSync(place.path);
    bytes.fill(0xff, 5 * 4_096, 6 * 4_096);
    writeFileSync(place.path, bytes);
    await expect(place.open('owner')).rejects.toMatchObject({
      ...refusal('damaged'),
      message: expect.stringContaining('backup'),
    });
    expect(readFileSync(place.path).equals(bytes)).toBe(true);
  });

  it('is refused where a folder cannot be made', async () => {
    writeFileSync(join(place.folder, 'file'), '');
    const url = `sqlite:${join(place.folder, 'file', 'ledger.db')}`;
    await expect(openLedger({ url, access: 'owner', now: clock.now })).rejects.toMatchObject(refusal('not-writable'));
    // Node's own recursive mkdir never comes back from there.
    const inProc = 'sqlite:/proc/no-such-folder/deeper/ledger.db';
    await expect(openLedger({ url: inProc, access: 'owner', now: clock.now })).rejects.toMatchObject(
      refusal('not-writable'),
    );
  });

  it('is refused where its path is a folder', async () => {
    mkdirSync(place.path);
    for (const access of ['owner', 'visitor', 'reader'] as const) {
      await expect(place.open(access)).rejects.toMatchObject(refusal('not-writable'));
    }
  });

  it.skipIf(process.geteuid?.() === 0)(
    'is refused where the user may not write (left out for root, who may write everywhere)',
    async () => {
      chmodSync(place.folder, 0o500);
      await expect(place.open('owner')).rejects.toMatchObject(refusal('not-writable'));
      chmodSync(place.folder, 0o700);
    },
  );

  it.each([
    '',
    'ledger.db',
    'sqlite:',
    'sqlite::memory:',
    'sqlite://host/ledger.db',
    'mysql://host/ledger',
    'postgres:x',
  ])('is refused when its URL is "%s"', async (url) => {
    await expect(openLedger({ url, access: 'owner', now: clock.now })).rejects.toMatchObject(refusal('bad-url'));
  });

  it('is refused when the encryption key is none', async () => {
    await expect(place.open('owner', { encryptionKey: 'c2hvcnQ=' })).rejects.toMatchObject(
      refusal('bad-encryption-key'),
    );
    expect(readdirSync(place.folder)).toEqual([]);
  });

  it('leaves nothing locked behind when it was refused', async () => {
    await filledAndClosed();
    change(`insert into migration (number, name) values (9999, 'something new')`);
    await expect(place.open('owner')).rejects.toMatchObject(refusal('newer-schema'));
    change('delete from migration where number = 9999');
    const ledger = await place.open('owner');
    await ledger.close();
  });

  it.each([
    [0x6969, 'NFS'],
    [-11_317_950, 'CIFS'],
    [0xff534d42, 'CIFS'],
    [0xef53, undefined],
  ])('would be on a network volume by its file system type %d: %s', (type, name) => {
    expect(networkFileSystem(type)).toBe(name);
  });
});

describe('message contents in the file', () => {
  const canary = 'zebra crossing at noon';
  const readings = [...rows(message('a', 'SENT', canary)), unreadable(JSON.stringify({ text: canary }))];
  const inFiles = (): boolean =>
    readdirSync(place.folder).some((name) => readFileSync(join(place.folder, name)).includes(canary));

  it('can be read there without a key, until they are delivered or dismissed', async () => {
    const ledger = await place.open('owner');
    const { setApart } = await ledger.messages.record(source, clock.at, readings);
    expect(inFiles()).toBe(true);
    await deliverDue(ledger, clock);
    await ledger.messages.dismiss(setApart[0]?.key ?? '');
    await ledger.close();
    expect(inFiles()).toBe(false);
  });

  it('cannot be read there with a key, at any time', async () => {
    const ledger = await place.open('owner', { encryptionKey: Buffer.alloc(32, 7).toString('base64') });
    await ledger.messages.record(source, clock.at, readings);
    expect(inFiles()).toBe(false);
    const [claim] = await deliverDue(ledger, clock);
    expect(claim?.record.body['outgoingMessage']).toBe(canary);
    await ledger.close();
    expect(inFiles()).toBe(false);
  });
});
