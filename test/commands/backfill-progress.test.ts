import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { backfillProgressOn } from '../../src/commands/backfill-progress.ts';
import type { BackfillProgress } from '../../src/sync/read-to-end.ts';
import { backfill } from '../http/fake-operations.ts';

class Screen extends Writable {
  text = '';
  readonly isTTY: boolean;
  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }
  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

function shown(isTTY: boolean, ...steps: readonly BackfillProgress[]): string {
  const screen = new Screen(isTTY);
  const progress = backfillProgressOn({ stderr: screen });
  for (const step of steps) progress.show(step);
  progress.end();
  return screen.text.replaceAll('\r\u001B[K', '|');
}

const read: BackfillProgress = { at: 'window', job: backfill };
const waiting: BackfillProgress = {
  at: 'pause',
  source: 'main-clinic',
  until: Date.UTC(2026, 2, 5, 14) + 500,
  problem: { code: 'budget-exhausted' },
};

describe('the progress of a backfill', () => {
  it('is one line of a terminal that is written over, and gone at the end', () => {
    const done = { ...backfill, percent: 100, forecast: null };
    expect(shown(true, read, { at: 'window', job: done })).toBe(
      '|main-clinic: 49 %, 26 windows, 210411 rows; left: 30 requests, 0.3 h at this budget' +
        '|main-clinic: 100 %, 26 windows, 210411 rows|',
    );
  });

  it('is not told where nobody watches, but for why nothing happens', () => {
    expect(shown(false, read)).toBe('');
    expect(shown(false, waiting)).toBe(
      'main-clinic: sources[].requestsPerHour is used up. Reading goes on when the hour allows it. Waits until 2026-03-05T14:00:01Z.\n',
    );
    expect(shown(true, waiting)).toMatch(/^\|main-clinic: .*\n\|$/);
  });
});
