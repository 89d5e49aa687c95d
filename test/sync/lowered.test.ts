import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProblemCode } from '../../src/exchange/problem.ts';
import type { Reading } from '../../src/exchange/record.ts';
import { minuteMs } from '../../src/exchange/window.ts';
import { answer, keys, message, reading } from '../support/scripted.ts';
import { openSyncPlace, start, type SyncPlace } from './sync-place.ts';

let place: SyncPlace;

beforeEach(async () => {
  place = await openSyncPlace('main-clinic');
});

afterEach(() => place.close());

const ids = Array.from({ length: 40 }, (_, index) => `m${index}`);

/** The first `lowered` of forty messages as an old copy has them, the others as they are. */
const rows = (lowered: number): readonly Reading[] =>
  ids.map((id, index) => {
    const record = index < lowered ? message(id, 'SENT', 1) : message(id, 'DELIVERED', 3);
    return reading({ ...record, occurredAt: start - 30 * minuteMs });
  });

async function run(...script: ReturnType<typeof answer>[]) {
  place.source().script.push(...script);
  const started = await place.runs.start({ trigger: 'command' });
  if (started.kind !== 'started') throw new Error(started.kind);
  const { problems } = (await started.finished).sources[0] ?? {};
  place.clock.at += 15 * minuteMs;
  return problems;
}

const brokenOff =
  (code: ProblemCode, readings: readonly Reading[]): ReturnType<typeof answer> =>
  async (take) => {
    await take(readings);
    return { kind: 'failed', problem: { code }, rows: readings.length };
  };

const statuses = () => ids.filter((id) => place.destination.arrived.get(keys.outgoing(id)) === 'DELIVERED').length;

describe('statuses that go back', () => {
  it('are taken when they are few, and are read twice', async () => {
    await run(answer(...rows(0)));
    await run(answer(...rows(2)));
    expect(statuses()).toBe(40);
    await run(answer(...rows(2)));
    expect(statuses()).toBe(38);
  });

  it('by the dozen are not taken, however often they are read: an old copy answers', async () => {
    await run(answer(...rows(0)));
    for (let times = 0; times < 3; times += 1) {
      expect(await run(answer(...rows(30)))).toEqual({ 'source-statuses-lowered': 1 });
    }
    expect(statuses()).toBe(40);
  });

  it('by the dozen are not taken either where the first of these answers broke off', async () => {
    await run(answer(...rows(0)));
    expect(await run(brokenOff('source-incomplete-answer', rows(30)))).toMatchObject({ 'source-statuses-lowered': 1 });
    expect(await run(answer(...rows(30)))).toEqual({ 'source-statuses-lowered': 1 });
    expect(statuses()).toBe(40);
  });
});
