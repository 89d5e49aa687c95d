import { array, assert, integer, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failureLimit } from '../../src/http/failure-limit.ts';

const settings = { failures: 3, drainMs: 1000, maxKeys: 100 };

function failing(times: number, at = 0) {
  const limit = failureLimit(settings);
  for (let count = 0; count < times; count++) limit.count('k', at);
  return limit;
}

describe('the limit of failures', () => {
  it('is open until so many failures', () => {
    expect(failing(2).ask('k', 0)).toEqual({ open: true });
    expect(failing(3).ask('k', 0)).toEqual({ open: false, waitMs: 1000, first: true });
  });

  it('says once that it has closed', () => {
    const limit = failing(3);
    expect(limit.ask('k', 0)).toMatchObject({ first: true });
    expect(limit.ask('k', 0)).toMatchObject({ first: false });
    limit.count('k', 1000);
    expect(limit.ask('k', 1000)).toMatchObject({ open: false, first: true });
  });

  it('opens again as time passes, one failure at a time', () => {
    const limit = failing(3);
    expect(limit.ask('k', 999)).toMatchObject({ open: false, waitMs: 1 });
    expect(limit.ask('k', 1000)).toEqual({ open: true });
    limit.count('k', 1000);
    expect(limit.ask('k', 1000)).toMatchObject({ open: false, waitMs: 1000 });
  });

  it('is not moved by asking', () => {
    const limit = failing(3);
    for (let at = 0; at < 1000; at += 100) limit.ask('k', at);
    expect(limit.ask('k', 1000)).toEqual({ open: true });
  });

  it('takes a count back', () => {
    const limit = failing(3);
    limit.takeBack('k', 0);
    expect(limit.ask('k', 0)).toEqual({ open: true });
  });

  it('forgets', () => {
    const limit = failing(3);
    limit.forget('k');
    expect(limit.ask('k', 0)).toEqual({ open: true });
  });

  it('keeps one key from another', () => {
    expect(failing(3).ask('other', 0)).toEqual({ open: true });
  });

  it('is not opened by a clock that is set back', () => {
    const limit = failing(3, 5000);
    expect(limit.ask('k', 0).open).toBe(false);
  });

  it('remembers so many keys, and those who failed last', () => {
    const limit = failureLimit({ ...settings, maxKeys: 2 });
    for (const key of ['first', 'second', 'third']) for (let count = 0; count < 3; count++) limit.count(key, 0);
    expect(['first', 'second', 'third'].map((key) => limit.ask(key, 0).open)).toEqual([true, false, false]);
  });

  it('lets through at most the failures at once and one for each time that passed', () => {
    assert(
      property(array(nat({ max: 3000 }), { maxLength: 60 }), (pauses) => {
        const limit = failureLimit(settings);
        let now = 0;
        let failed = 0;
        for (const pause of pauses) {
          now += pause;
          if (limit.ask('k', now).open) {
            limit.count('k', now);
            failed += 1;
          }
        }
        expect(failed).toBeLessThanOrEqual(3 + now / 1000);
      }),
    );
  });

  it('is open after the wait it names', () => {
    assert(
      property(integer({ min: 3, max: 20 }), nat({ max: 30_000 }), (failures, later) => {
        const limit = failing(failures);
        const gate = limit.ask('k', later);
        const waitMs = gate.open ? 0 : gate.waitMs;
        expect(limit.ask('k', later + waitMs)).toEqual({ open: true });
      }),
      // Fractions of a failure did not add up here.
      { examples: [[10, 5369]] },
    );
  });
});
