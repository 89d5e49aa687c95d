import type { Instant } from '../exchange/window.ts';

/** So many failures at once, then one more each `drainMs`. */
export interface LimitSettings {
  readonly failures: number;
  readonly drainMs: number;
  /** Who is remembered; beyond that, who failed longest ago is forgotten. */
  readonly maxKeys: number;
}

interface Bucket {
  /** What has not drained yet, in milliseconds: whole numbers, so that a wait that is over is over. */
  readonly levelMs: number;
  readonly at: Instant;
  /** Whether it was refused since it was last open. */
  readonly refused: boolean;
}

export type Gate =
  | { readonly open: true }
  /** `first`: the one refusal worth a line in the log. */
  | { readonly open: false; readonly waitMs: number; readonly first: boolean };

/** Counts failures by key. Does nothing but count: who asks, and when it is, are told. */
export interface FailureLimit {
  ask(key: string, now: Instant): Gate;
  /** Before the try, not after it: tries at the same moment see each other. */
  count(key: string, now: Instant): void;
  /** The try was none: takes one `count` back. */
  takeBack(key: string, now: Instant): void;
  forget(key: string): void;
}

export function failureLimit({ failures, drainMs, maxKeys }: LimitSettings): FailureLimit {
  const buckets = new Map<string, Bucket>();

  const openBelowMs = (failures - 1) * drainMs;
  const levelOf = (key: string, now: Instant): number => {
    const bucket = buckets.get(key);
    // A clock set back drains nothing.
    return bucket === undefined ? 0 : Math.max(0, bucket.levelMs - Math.max(0, now - bucket.at));
  };
  const keep = (key: string, bucket: Bucket): void => {
    buckets.delete(key);
    if (bucket.levelMs > 0) buckets.set(key, bucket);
    const [oldest] = buckets.keys();
    if (buckets.size > maxKeys && oldest !== undefined) buckets.delete(oldest);
  };

  return {
    ask(key, now) {
      const levelMs = levelOf(key, now);
      if (levelMs <= openBelowMs) return { open: true };
      const first = buckets.get(key)?.refused === false;
      keep(key, { levelMs, at: now, refused: true });
      return { open: false, waitMs: levelMs - openBelowMs, first };
    },
    count: (key, now) => keep(key, { levelMs: levelOf(key, now) + drainMs, at: now, refused: false }),
    takeBack: (key, now) => keep(key, { levelMs: Math.max(0, levelOf(key, now) - drainMs), at: now, refused: false }),
    forget: (key) => void buckets.delete(key),
  };
}
