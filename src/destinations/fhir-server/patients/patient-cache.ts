import type { Instant } from '../../../exchange/window.ts';

export interface CacheLimits {
  /** The oldest gives way to what is new. */
  readonly most: number;
}

/** Remembers for a while what was found. Bounded: it is never larger than its limit. */
export interface ExpiringCache<Value> {
  /** Undefined: not known, or no longer. */
  get(key: string, now: Instant): Value | undefined;
  set(key: string, value: Value, until: Instant): void;
  forget(key: string): void;
}

export function expiringCache<Value>({ most }: CacheLimits): ExpiringCache<Value> {
  // A Map keeps the order in which its keys were set.
  const entries = new Map<string, { readonly value: Value; readonly until: Instant }>();
  return {
    get(key, now) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (now < entry.until) return entry.value;
      entries.delete(key);
      return undefined;
    },
    set(key, value, until) {
      entries.delete(key);
      entries.set(key, { value, until });
      if (entries.size <= most) return;
      const [oldest] = entries.keys();
      if (oldest !== undefined) entries.delete(oldest);
    },
    forget: (key) => void entries.delete(key),
  };
}
