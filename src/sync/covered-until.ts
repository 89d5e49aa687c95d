import type { Instant } from '../exchange/window.ts';
import type { CoverageState } from '../ledger/ledger.ts';

/**
 * Everything before this has been read completely at least once, but for what a person gave up: the frontier, or where
 * the first piece of the tail begins that is still to be read. Undefined before anything was read.
 */
export function coveredUntil({ frontier, pieces }: Pick<CoverageState, 'frontier' | 'pieces'>): Instant | undefined {
  if (frontier === undefined) return undefined;
  const open = pieces.filter(({ tier }) => tier === 'tail').map(({ window }) => window.from);
  return Math.min(frontier, ...open);
}
