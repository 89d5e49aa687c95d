import { describe, expect, it } from 'vitest';
import type { Settlement } from '../../src/exchange/delivery.ts';
import { settleTogether } from '../../src/sync/settle-together.ts';

const delivered = (key: string): Settlement => ({
  state: 'delivered',
  key,
  token: 1,
  reference: `Communication/${key}`,
});

function opened({ withinMs = 40, most = 4, lose = [] as readonly string[], fails = false } = {}) {
  const writes: (readonly string[])[] = [];
  const told: string[] = [];
  const wakes: (() => void)[] = [];
  const settling = settleTogether({
    async settle(settlements) {
      if (fails) throw new Error('the disk is full');
      writes.push(settlements.map(({ key }) => key));
      return lose;
    },
    sleep: () => new Promise((resolve) => wakes.push(resolve)),
    withinMs,
    most,
  });
  const add = (...keys: readonly string[]): void =>
    settling.add(
      keys.map((key) => delivered(key)),
      (lost) => told.push(...keys.map((key) => (lost.has(key) ? `${key} was lost` : key))),
    );
  return { settling, add, writes, told, wakes };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('settling together', () => {
  it('writes what came in the time in one transaction, and tells each what became of it', async () => {
    const { add, writes, told, wakes } = opened({ lose: ['b'] });
    add('a');
    add('b');
    await turn();
    expect(writes).toEqual([]);
    wakes[0]?.();
    await turn();
    expect(writes).toEqual([['a', 'b']]);
    expect(told).toEqual(['a', 'b was lost']);
  });

  it('does not wait for the time when there is enough', async () => {
    const { add, writes } = opened();
    add('a', 'b');
    add('c', 'd');
    add('e');
    await turn();
    expect(writes).toEqual([['a', 'b', 'c', 'd']]);
  });

  it('waits for nothing where no time is set, nor when it is the end', async () => {
    const atOnce = opened({ withinMs: 0 });
    atOnce.add('a');
    await turn();
    expect(atOnce.writes).toEqual([['a']]);
    const { settling, add, writes, told } = opened();
    add('a');
    await settling.done();
    expect({ writes, told }).toEqual({ writes: [['a']], told: ['a'] });
  });

  it('tells at the end that it could not be written, and tells nobody that it was', async () => {
    const { settling, add, told } = opened({ withinMs: 0, fails: true });
    add('a');
    await turn();
    expect(settling.hasFailed()).toBe(true);
    await expect(settling.done()).rejects.toThrow('the disk is full');
    expect(told).toEqual([]);
    // The next cycle begins anew.
    expect(settling.hasFailed()).toBe(false);
    await settling.done();
  });
});
