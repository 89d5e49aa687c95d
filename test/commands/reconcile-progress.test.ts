import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/exchange/window.ts';
import type { ReconcileProgress } from '../../src/sync/reconcile/reconcile-source.ts';
import { progressOn } from '../../src/commands/reconcile-progress.ts';

const midnight = Date.UTC(2026, 2, 5);
const where = { source: 'main-clinic', day: { from: midnight, to: midnight + dayMs }, number: 2, days: 31 };

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

function shown(isTTY: boolean, ...steps: readonly (readonly [atMs: number, progress: ReconcileProgress])[]): string {
  const screen = new Screen(isTTY);
  let now = 0;
  const progress = progressOn({ stderr: screen, now: () => now });
  for (const [atMs, step] of steps) {
    now = atMs;
    progress.show(step);
  }
  progress.end();
  return screen.text.replaceAll('\r\u001B[K', '|');
}

const reading: ReconcileProgress = { ...where, at: 'vendor' };
const looking = (done: number): ReconcileProgress => ({ ...where, at: 'ehr', done, of: 900 });
const waiting: ReconcileProgress = { ...where, at: 'pause', until: midnight + 500 };

describe('the progress of a reconciliation', () => {
  it('is one line of a terminal that is written over, ten times a second at most, and gone at the end', () => {
    const text = shown(true, [0, reading], [10, looking(1)], [150, looking(200)], [160, looking(210)]);
    expect(text).toBe(
      '|main-clinic, 2026-03-05 (day 2 of 31): reading' +
        '|main-clinic, 2026-03-05 (day 2 of 31): 200 of 900 messages looked for at the EHR|',
    );
  });

  it('is not told where nobody watches, but for why nothing happens', () => {
    expect(shown(false, [0, reading], [500, looking(7)])).toBe('');
    expect(shown(false, [0, waiting])).toBe(
      'main-clinic: no more requests to Dialog Health for now; goes on at 2026-03-05T00:00:01Z\n',
    );
    expect(shown(true, [0, waiting])).toMatch(/^\|main-clinic: no more requests .*\n\|$/);
  });
});
