import { expect, it } from 'vitest';
import type { Tier } from '../../src/exchange/tier.ts';
import { hourMs } from '../../src/exchange/window.ts';
import type { OpenPiece } from '../../src/ledger/ledger.ts';
import { coveredUntil } from '../../src/sync/covered-until.ts';

const open = (tier: Tier, fromHour: number, state: OpenPiece['state'] = 'queued'): OpenPiece => ({
  id: fromHour,
  tier,
  window: { from: fromHour * hourMs, to: (fromHour + 1) * hourMs },
  state,
  failures: 1,
  code: 'source-too-large',
  dueAt: 0,
});
const frontier = 10 * hourMs;

it('is nothing before anything was read', () => {
  expect(coveredUntil({ pieces: [] })).toBeUndefined();
});

it('is the frontier where nothing of the tail is left open', () => {
  expect(coveredUntil({ frontier, pieces: [] })).toBe(frontier);
  expect(coveredUntil({ frontier, pieces: [open('cold', 3), open('backfill', 1, 'stuck')] })).toBe(frontier);
});

it.each(['queued', 'stuck'] as const)('ends where the first %s piece of the tail begins', (state) => {
  const pieces = [open('cold', 2), open('tail', 7), open('tail', 6, state)];
  expect(coveredUntil({ frontier, pieces })).toBe(6 * hourMs);
});

it('is never after the frontier', () => {
  expect(coveredUntil({ frontier, pieces: [open('tail', 12)] })).toBe(frontier);
});
