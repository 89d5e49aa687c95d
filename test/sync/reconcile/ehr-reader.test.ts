import { describe, expect, it } from 'vitest';
import type { Delivery, Held } from '../../../src/exchange/delivery.ts';
import type { Problem, ProblemCode } from '../../../src/exchange/problem.ts';
import { makeEhrReader } from '../../../src/sync/reconcile/ehr-reader.ts';

const signal = new AbortController().signal;
const deliveries = (count: number): readonly Delivery[] =>
  Array.from({ length: count }, (_, index) => ({
    key: `k${index}`,
    resource: { resourceType: 'Communication', status: 'completed' },
    unsure: false,
  }));

interface Scripted {
  /** What the EHR answers, one after the other; absent when the script is empty. */
  readonly script?: readonly Held[];
  /** What it answers for ever. */
  readonly always?: Held;
  readonly checks?: readonly ('ready' | Problem)[];
  readonly down?: Problem;
}

const unknown = (code: ProblemCode, retryAfterMs?: number): Held => ({
  kind: 'unknown',
  problem: { code, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
});

function reader({ script = [], always, checks = [], down }: Scripted) {
  const [answers, checked] = [[...script], [...checks]];
  const pauses: number[] = [];
  const told = { asked: 0, checks: 0, most: 0, everyCopy: true };
  let onTheirWay = 0;
  const ehr = makeEhrReader({
    destination: {
      check() {
        told.checks += 1;
        const next = checked.shift() ?? 'ready';
        return Promise.resolve(
          next === 'ready'
            ? { kind: 'ready', write: 'put-by-id', bundle: 'batch', why: '' }
            : { kind: 'failed', problem: next, why: '' },
        );
      },
      async held(asked, _, { everyCopy = false } = {}) {
        told.asked += asked.length;
        told.everyCopy &&= everyCopy;
        onTheirWay += asked.length;
        told.most = Math.max(told.most, onTheirWay);
        await new Promise(setImmediate);
        onTheirWay -= asked.length;
        return asked.map(() => always ?? answers.shift() ?? { kind: 'absent' });
      },
    },
    atOnce: 4,
    random: () => 1,
    sleep: (ms) => {
      pauses.push(ms);
      return Promise.resolve();
    },
    down,
  });
  const read = async (count: number, stop: AbortSignal = signal): Promise<readonly string[]> => {
    const got: string[] = [];
    await ehr.read(
      deliveries(count),
      ({ key }, held) => got.push(`${key} ${held.kind === 'unknown' ? held.problem.code : held.kind}`),
      stop,
    );
    return got.toSorted();
  };
  return { read, pauses, told };
}

const each = (count: number, what: string): readonly string[] =>
  deliveries(count)
    .map(({ key }) => `${key} ${what}`)
    .toSorted();

describe('reading from the EHR', () => {
  it('asks once for each message and every copy of it, so many at once and no more', async () => {
    const { read, told } = reader({});
    expect(await read(10)).toEqual(each(10, 'absent'));
    expect(told).toEqual({ asked: 10, checks: 0, most: 4, everyCopy: true });
  });

  it('waits out a hiccup, longer each time, and as long as the EHR asks', async () => {
    const { read, pauses } = reader({ script: [unknown('ehr-server-error'), unknown('ehr-throttled', 30_000)] });
    expect(await read(1)).toEqual(['k0 absent']);
    expect(pauses).toEqual([1_000, 30_000]);
  });

  it('asks nothing more once the EHR is down, and again as soon as it is up', async () => {
    const problem: Problem = { code: 'ehr-unreachable' };
    const { read, told, pauses } = reader({
      script: Array.from({ length: 16 }, () => unknown('ehr-unreachable')),
      checks: [problem],
    });
    expect(await read(100)).toEqual(each(100, 'ehr-unreachable'));
    expect(told.asked).toBe(16);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(4_000);
    expect(await read(100)).toEqual(each(100, 'ehr-unreachable'));
    expect(told).toMatchObject({ asked: 16, checks: 1 });
    expect(await read(5)).toEqual(each(5, 'absent'));
    expect(told).toMatchObject({ asked: 21, checks: 2 });
  });

  it.each<ProblemCode>(['ehr-unauthorized', 'ehr-forbidden', 'ehr-tls-error', 'ehr-not-readable', 'ehr-unsuitable'])(
    'does not try again what a second later is no better: %s',
    async (code) => {
      const { read, told, pauses } = reader({ always: unknown(code) });
      expect(await read(50)).toEqual(each(50, code));
      expect({ pauses, most: told.asked }).toEqual({ pauses: [], most: 4 });
    },
  );

  it('does not wait for an EHR that asks for an hour', async () => {
    const { read, pauses } = reader({ always: unknown('ehr-throttled', 3_600_000) });
    expect(await read(3)).toEqual(each(3, 'ehr-throttled'));
    expect(pauses).toEqual([]);
  });

  it('takes what concerns one message for an answer', async () => {
    const { read, pauses } = reader({ script: [unknown('multiple-matches'), unknown('outcome-unknown')] });
    expect(await read(3)).toEqual(['k0 multiple-matches', 'k1 outcome-unknown', 'k2 absent']);
    expect(pauses).toEqual([]);
  });

  it('looks whether an EHR is up that was down a moment ago, before it asks for messages', async () => {
    const { read, told } = reader({ down: { code: 'ehr-unreachable' }, checks: [{ code: 'ehr-unreachable' }] });
    expect(await read(9)).toEqual(each(9, 'ehr-unreachable'));
    expect(told).toMatchObject({ asked: 0, checks: 1 });
  });

  it('waits for nothing when it is told to stop', async () => {
    const { read, pauses } = reader({ always: unknown('ehr-unreachable') });
    expect(await read(9, AbortSignal.abort())).toEqual(each(9, 'ehr-unreachable'));
    expect(pauses).toEqual([]);
  });
});
