import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { minuteMs } from '../../src/exchange/window.ts';
import type { Claim, Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { claimsAhead, type ClaimsAhead } from '../../src/sync/claims-ahead.ts';
import { message, reading } from '../support/scripted.ts';

const start = Date.parse('2026-03-10T12:00:00Z');
const batch = 10;

let folder: string;
let clock: number;
let ledger: Ledger;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'claims-ahead-'));
  clock = start;
  ledger = await openLedger({ url: `sqlite:${join(folder, 'ledger.db')}`, access: 'owner', now: () => clock });
  const names = Array.from({ length: 55 }, (_, index) => `m${index}`);
  await ledger.messages.record('main-clinic', start, [reading(...names.map((name) => message(name)))]);
});

afterEach(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true, force: true });
});

const ahead = (): ClaimsAhead => claimsAhead(ledger.messages, { dueBy: clock, batch, now: () => clock });
const delivering = async (): Promise<number> => (await ledger.messages.counts()).delivering;

describe('claims ahead', () => {
  /** Takes all that is due, Bundle by Bundle, so long after each other; and what was claimed by then. */
  async function takeAll(everyMs: number) {
    const claims = ahead();
    const taken: (readonly Claim[])[] = [];
    const claimed: number[] = [];
    for (let next = await claims.take(batch); next !== undefined; next = await claims.take(batch)) {
      taken.push(next);
      claimed.push(await delivering());
      clock += everyMs;
    }
    return { taken, claimed };
  }

  it('are taken Bundle by Bundle, each message once, the more in one transaction the faster they go', async () => {
    const { taken, claimed } = await takeAll(10);
    expect(claimed).toEqual([10, 30, 30, 55, 55, 55]);
    expect(taken.map(({ length }) => length)).toEqual([10, 10, 10, 10, 10, 5]);
    expect(new Set(taken.flat().map(({ record }) => record.key)).size).toBe(55);
  });

  it('are claimed as they are sent where the EHR is slow', async () => {
    const { taken, claimed } = await takeAll(600);
    expect(claimed).toEqual([10, 20, 30, 40, 50, 55]);
    expect(taken.flat()).toHaveLength(55);
  });

  it('are no more than asked for where that is less than a Bundle', async () => {
    expect(await ahead().take(5)).toHaveLength(5);
    expect(await delivering()).toBe(5);
  });

  it('are given back where they were not taken, and nothing has become of them', async () => {
    const claims = ahead();
    const taken = [...((await claims.take(batch)) ?? []), ...((await claims.take(batch)) ?? [])];
    expect(await delivering()).toBe(30);
    await claims.end();
    expect(await ledger.messages.counts()).toMatchObject({ delivering: 20, pending: 35 });
    const others = await ledger.messages.claim({ limit: 100, now: clock, leaseMs: minuteMs });
    expect(others).toHaveLength(35);
    expect(others.every(({ unsure, attempt }) => !unsure && attempt === 1)).toBe(true);
    expect(others.some(({ record }) => taken.some((each) => each.record.key === record.key))).toBe(false);
  });

  it('are not sent once they are old: a lease is to last for the request', async () => {
    const claims = ahead();
    await claims.take(batch);
    await claims.take(batch);
    expect(await delivering()).toBe(30);
    clock += minuteMs;
    const next = await claims.take(batch);
    expect(next?.every(({ token }) => token === 1)).toBe(true);
    // Those given back come due in the next cycle.
    expect(await ledger.messages.counts()).toMatchObject({ pending: 25, delivering: 30 });
  });
});

describe('one write in flight for each message', () => {
  it('is what a claim means: however many take at once, nobody gets a message that another has', async () => {
    const takers = [ahead(), ahead(), ahead()];
    const keys: string[] = [];
    for (let more = true; more;) {
      const taken = await Promise.all(takers.map((each) => each.take(batch)));
      more = taken.some((each) => each !== undefined);
      keys.push(...taken.flatMap((each) => each ?? []).map(({ record }) => record.key));
    }
    expect(keys).toHaveLength(55);
    expect(new Set(keys).size).toBe(55);
  });
});
