import { describe, expect, it } from 'vitest';
import { budgetShare, sweepRules, tierOrder } from '../../src/sync/tiers.ts';
import { limits } from './reading.ts';

describe('the requests of an hour', () => {
  it('are kept for what is new: nothing that can wait may use all of them', () => {
    for (const tier of tierOrder) if (tier !== 'tail') expect(budgetShare[tier]).toBeLessThanOrEqual(5 / 6);
    expect(budgetShare.tail).toBe(1);
  });

  it('are never all used up by a sweep before a longer one, which would not be done any more', () => {
    const promised = ['open', 'warm', 'cold'] as const;
    for (const [index, tier] of promised.entries()) {
      for (const longer of promised.slice(index + 1)) {
        expect(sweepRules[longer].everyMs).toBeGreaterThan(sweepRules[tier].everyMs);
        expect(budgetShare[longer]).toBeGreaterThan(budgetShare[tier]);
      }
    }
    expect(sweepRules.cold.spanMs(limits)).toBeGreaterThan(limits.latenessMs);
  });
});
