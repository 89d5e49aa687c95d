import { describe, expect, it } from 'vitest';
import { mayRead, pauseAfter, pauseWith } from '../../src/sync/source-pause.ts';

const now = 1_000_000;
const none = (): number => 0;

describe('the pause after a failed reading', () => {
  it('ends with a good reading', () => {
    const paused = pauseAfter({ code: 'source-unreachable' }, undefined, now, none);
    expect(pauseAfter(undefined, paused, now, none)).toBeUndefined();
  });

  it('holds the schedule back, longer with each failure, but not a person who asks', () => {
    const first = pauseAfter({ code: 'source-server-error' }, undefined, now, none);
    const second = pauseAfter({ code: 'source-server-error' }, first, now, none);
    expect((second?.until ?? 0) - now).toBeGreaterThan((first?.until ?? 0) - now);
    expect(mayRead(first, false, now)).toBe(false);
    expect(mayRead(first, true, now)).toBe(true);
    expect(mayRead(first, false, first?.until ?? 0)).toBe(true);
  });

  it('holds everybody back for as long as the vendor asked', () => {
    const paused = pauseAfter({ code: 'source-throttled', retryAfterMs: 60_000 }, undefined, now, none);
    expect(mayRead(paused, true, now + 59_999)).toBe(false);
    expect(mayRead(paused, true, now + 60_000)).toBe(true);
  });

  it('stops the schedule for good after a refused login, so that the account is not locked', () => {
    const paused = pauseAfter({ code: 'source-unauthorized', httpStatus: 401 }, undefined, now, none);
    expect(mayRead(paused, false, now + 10 ** 12)).toBe(false);
    expect(mayRead(paused, true, now)).toBe(true);
  });

  it('A14: after a refused login is over with another one, and with no failure of another kind', () => {
    const refused = pauseAfter({ code: 'source-unauthorized' }, undefined, now, none, 'first');
    expect(pauseWith(refused, 'first', now)).toBe(refused);
    expect(pauseWith(refused, 'second', now)).toBeUndefined();
    const down = pauseAfter({ code: 'source-unreachable' }, undefined, now, none, 'first');
    expect(pauseWith(down, 'second', now)).toBe(down);
    expect(pauseWith(undefined, 'second', now)).toBeUndefined();
  });
});
