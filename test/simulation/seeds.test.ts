import { beforeAll, describe, expect, it } from 'vitest';
import { carryOutAll, type Done } from './pool.ts';

const seeds = 200;
let all: readonly Done[];

beforeAll(async () => {
  all = await carryOutAll(Array.from({ length: seeds }, (_, index) => ({ seed: index + 1 })));
}, 800_000);

const sum = (fact: string): number => all.reduce((total, { facts }) => total + (facts[fact] ?? 0), 0);

describe(`${seeds} simulated lives of the service`, () => {
  it('keep every promise', () => {
    const broken = all.flatMap(({ task, broken: [first] }) =>
      first === undefined ? [] : [`npm run simulate -- --seed ${task.seed}: ${first.promise}: ${first.what}`],
    );
    expect(broken).toEqual([]);
  });

  it.each([
    'window_failed',
    'window_stuck',
    'row_set_apart',
    'destination_failed',
    'record_waiting',
    'record_rejected',
    'backfill_finished',
    'run_skipped',
  ])('had something to cope with: %s', (event) => {
    expect(sum(event)).toBeGreaterThan(seeds / 10);
  });

  it.each([
    'reading',
    'recorded',
    'covered',
    'failed',
    'claimed',
    'sent',
    'settled',
    'messages.record',
    'coverage.cover',
  ])('ended now and then when they reached "%s"', (point) => {
    expect(sum(`died at ${point}`)).toBeGreaterThan(0);
  });
});
