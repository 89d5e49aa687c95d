import { describe, expect, it } from 'vitest';
import type { ProblemCode } from '../../src/exchange/problem.ts';
import { minuteMs } from '../../src/exchange/window.ts';
import { afterStep, noTrouble, type BackfillStep } from '../../src/sync/backfill.ts';
import { nothingRead } from '../../src/sync/source-report.ts';

const report = nothingRead('main-clinic');
const read: BackfillStep = { kind: 'read', report };
const failed = (code: ProblemCode, retryAfterMs?: number): BackfillStep => ({
  kind: 'failed',
  report,
  problem: { code, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
});

/** How long is waited after each of these steps, one after the other. */
function waits(...steps: readonly BackfillStep[]): readonly number[] {
  let trouble = noTrouble;
  return steps.map((step) => {
    const after = afterStep(step, trouble, () => 0);
    trouble = after.trouble;
    return after.waitMs;
  });
}

const times = (count: number, step: BackfillStep) => Array.from({ length: count }, () => step);

describe('between two windows of a backfill', () => {
  it('nothing is waited for when the first was read', () => {
    expect(waits(read, read)).toEqual([0, 0]);
  });

  it('the wait grows with failures in a row, and ends with them', () => {
    const down = failed('source-unreachable');
    expect(waits(down, down, down, read, down)).toEqual([500, 1_000, 2_000, 0, 500]);
  });

  it('nothing is waited for when the first was cut into halves, as long as there are halves', () => {
    const large = failed('source-too-large');
    expect(waits(...times(14, large), read)).toEqual(times(15, read).map(() => 0));
    expect(waits(...times(22, large)).slice(19)).toEqual([0, 500, 1_000]);
  });

  it('the budget is waited for to the moment, without counting it as a failure', () => {
    const spent = failed('budget-exhausted', 25 * minuteMs);
    expect(waits(spent, spent, failed('source-unreachable'))).toEqual([25 * minuteMs, 25 * minuteMs, 500]);
  });

  it('the vendor gets the pause it asked for', () => {
    expect(waits(failed('source-throttled', 10 * minuteMs))).toEqual([10 * minuteMs]);
  });

  it('a minute passes where nothing is due', () => {
    expect(waits({ kind: 'nothing' })).toEqual([minuteMs]);
  });
});
