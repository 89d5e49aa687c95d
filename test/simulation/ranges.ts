import type { Instant, TimeWindow } from '../../src/exchange/window.ts';

/** Parts of time, put together. */
export class Ranges {
  /** Ascending; none touches another. */
  #parts: TimeWindow[] = [];

  add({ from, to }: TimeWindow): void {
    if (from >= to) return;
    const apart = this.#parts.filter((part) => part.to < from || part.from > to);
    const touching = this.#parts.filter((part) => part.to >= from && part.from <= to);
    const whole = {
      from: Math.min(from, ...touching.map((part) => part.from)),
      to: Math.max(to, ...touching.map((part) => part.to)),
    };
    this.#parts = [...apart, whole].toSorted((a, b) => a.from - b.from);
  }

  /** Where the first hole after that moment begins; the moment itself where it lies in none of them. */
  holeAfter(at: Instant): Instant {
    return this.#parts.find((part) => part.from <= at && at < part.to)?.to ?? at;
  }

  has(at: Instant): boolean {
    return this.#parts.some((part) => part.from <= at && at < part.to);
  }
}
