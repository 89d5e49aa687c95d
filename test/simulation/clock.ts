import type { Instant } from '../../src/exchange/window.ts';

/** Time that passes only when everything that can happen now has happened. Nobody waits for real. */
export interface VirtualClock {
  /** What time it really is, whatever the clocks of the vendor and of the service say. */
  now(): Instant;
  /** Ends early when the signal says so. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Lets everything happen that is due until then. */
  passUntil(end: Instant): Promise<void>;
  /** The machine sleeps: what was due meanwhile happens afterwards. */
  jump(ms: number): void;
}

interface Timer {
  readonly at: Instant;
  readonly ring: () => void;
}

export function virtualClock(start: Instant): VirtualClock {
  let now = start;
  /** The next one last; of two for the same moment the older one is the next. */
  const timers: Timer[] = [];

  function add(timer: Timer): void {
    const place = timers.findIndex(({ at }) => at <= timer.at);
    timers.splice(place === -1 ? timers.length : place, 0, timer);
  }

  return {
    now: () => now,
    sleep(ms, signal) {
      if (signal?.aborted === true) return Promise.resolve();
      return new Promise((resolve) => {
        const cut = (): void => {
          timers.splice(timers.indexOf(timer), 1);
          resolve();
        };
        const timer: Timer = {
          at: now + Math.max(0, ms),
          ring() {
            signal?.removeEventListener('abort', cut);
            resolve();
          },
        };
        signal?.addEventListener('abort', cut, { once: true });
        add(timer);
      });
    },
    async passUntil(end) {
      await everythingElse();
      for (let next = timers.at(-1); next !== undefined && next.at <= end; next = timers.at(-1)) {
        timers.pop();
        now = Math.max(now, next.at);
        next.ring();
        await everythingElse();
      }
      now = Math.max(now, end);
    },
    jump(ms) {
      now += ms;
    },
  };
}

/** All that waits for promises alone has its turn first: no part of the simulation waits for anything real. */
const everythingElse = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
