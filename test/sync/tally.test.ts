import { describe, expect, it } from 'vitest';
import type { Settlement } from '../../src/exchange/delivery.ts';
import { DeliveryTally, ProblemTally } from '../../src/sync/tally.ts';

const delivered = (key: string): Settlement => ({
  state: 'delivered',
  key,
  token: 1,
  reference: `Communication/${key}`,
});
const pending = (key: string): Settlement => ({
  state: 'pending',
  key,
  token: 1,
  problem: { code: 'ehr-throttled' },
  dueAt: 0,
  usedAttempt: false,
  unsure: false,
});
const rejected = (key: string): Settlement => ({
  state: 'rejected',
  key,
  token: 1,
  problem: { code: 'resource-refused' },
});

describe('what a run reports', () => {
  it('counts the last word on each message', () => {
    const tally = new DeliveryTally();
    for (const settlement of [pending('a'), pending('b'), delivered('a'), rejected('c')]) tally.add(settlement);
    expect(tally.report(1)).toEqual({
      delivered: 1,
      pending: 1,
      waiting: 0,
      rejected: 1,
      skipped: 0,
      problems: { 'ehr-throttled': 1, 'resource-refused': 1 },
      counts: {},
    });
  });

  it('counts what the mapping counts once the message is delivered, and only then', () => {
    const tally = new DeliveryTally();
    tally.add(pending('a'), ['status-unlisted']);
    tally.add(delivered('a'), ['status-unlisted']);
    tally.add(delivered('b'), ['status-unlisted', 'code-points-replaced']);
    tally.add(delivered('c'));
    expect(tally.report(0).counts).toEqual({ 'status-unlisted': 2, 'code-points-replaced': 1 });
  });

  it('counts under any name that a mapping may choose', () => {
    const tally = new DeliveryTally();
    tally.add(delivered('a'), ['constructor']);
    expect(tally.report(0).counts).toEqual({ constructor: 1 });
  });

  it('names no problem that did not happen', () => {
    const problems = new ProblemTally();
    problems.add('unreadable-row', 0);
    problems.add('missing-id');
    problems.add('missing-id', 2);
    expect(problems.counts()).toEqual({ 'missing-id': 3 });
  });
});
