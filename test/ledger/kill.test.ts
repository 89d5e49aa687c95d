import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestClock } from './contract/place.ts';
import { keyOf, view } from './contract/rows.ts';
import { sqlitePlace, type SqlitePlace } from './sqlite-place.ts';

const child = fileURLToPath(new URL('recording-child.ts', import.meta.url));
const clock = new TestClock();
let place: SqlitePlace;

beforeEach(async () => {
  place = await sqlitePlace(clock.now);
});
afterEach(() => place.remove());

/** Records in a process of its own; `lines` are what it says, `kill` ends it in the middle of whatever it does. */
function recordElsewhere(first: number) {
  const process_ = spawn(process.execPath, [child, place.path, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: process_.stdout });
  const closed = once(process_, 'close');
  return {
    lines,
    async kill() {
      process_.kill('SIGKILL');
      await closed;
    },
  };
}

/** Lets it record for a while, kills it, and gives how many messages it had acknowledged. */
async function recordUntilKilled(first: number, batches: number): Promise<number> {
  const elsewhere = recordElsewhere(first);
  let acknowledged = first;
  for await (const line of elsewhere.lines) {
    if (line !== 'open') acknowledged = Number(line);
    if (acknowledged >= first + batches * 100) await elsewhere.kill();
  }
  return acknowledged;
}

describe('a process killed while it records', () => {
  it('loses no batch that it had acknowledged, and no count', async () => {
    let acknowledged = 0;
    for (const batches of [1, 7, 20]) {
      acknowledged = await recordUntilKilled(acknowledged, batches);
      const ledger = await place.open('owner');
      const { pending } = await ledger.messages.counts();
      // The batch under way may be there too: whole, or not at all.
      expect([acknowledged, acknowledged + 100]).toContain(pending);
      let listed = 0;
      for (let cursor: string | undefined; ;) {
        const page = await ledger.messages.list({}, { limit: 1_000, ...(cursor === undefined ? {} : { cursor }) });
        listed += page.items.length;
        if (page.next === null) break;
        cursor = page.next;
      }
      expect(listed).toBe(pending);
      expect((await view(ledger, keyOf(`n-${acknowledged - 1}`))).state).toBe('pending');
      await ledger.close();
    }
  });

  it('keeps others out while it lives, and not a moment longer', async () => {
    const elsewhere = recordElsewhere(0);
    await once(elsewhere.lines, 'line');
    await expect(place.open('owner')).rejects.toMatchObject({ reason: 'held-by-another' });
    const reader = await place.open('reader');
    await reader.messages.counts();
    await reader.close();
    const visitor = await place.open('visitor');
    expect(await visitor.messages.release({}, clock.at)).toBe(0);
    await visitor.close();
    await elsewhere.kill();
    const ledger = await place.open('owner');
    await ledger.ping();
    await ledger.close();
  });
});
