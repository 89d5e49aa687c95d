import type { AuditLog } from '../audit/audit-log.ts';
import { minuteMs, type Instant } from '../exchange/window.ts';
import type { Source } from '../sources/source.ts';

/** Clocks that are further apart are told: one of the two is wrong, and nobody knows which. */
export const clockAlarmMs = 2 * minuteMs;
/** The `Date` header is cut to whole seconds. */
const halfSecondMs = 500;

/** How far the vendor's clock is ahead of ours, as its answers tell. */
export interface VendorClocks {
  /** The same source, whose answers are listened to. */
  watched(source: Source): Source;
  /** In milliseconds; undefined before the vendor's clock was seen. */
  offsetMs(source: string): number | undefined;
}

export function makeVendorClocks(audit: AuditLog, now: () => Instant): VendorClocks {
  const offsets = new Map<string, number>();
  const alarmed = new Set<string>();

  function note(source: string, vendorNow: Instant, askedAt: Instant, answeredAt: Instant): void {
    // The vendor looked at its clock at some moment in between.
    const uncertain = Math.max(0, answeredAt - askedAt) / 2;
    const offset = Math.round(vendorNow + halfSecondMs - (askedAt + answeredAt) / 2);
    offsets.set(source, offset);
    const isOff = Math.abs(offset) - uncertain > clockAlarmMs;
    // Once, until it was right again: every answer says the same.
    if (isOff && !alarmed.has(source)) {
      audit({ event: 'vendor_clock_off', source, offsetSeconds: Math.round(offset / 1000) });
    }
    if (isOff) alarmed.add(source);
    else alarmed.delete(source);
  }

  return {
    watched: (source) => ({
      name: source.name,
      longestWindowMs: source.longestWindowMs,
      async read(window, take, signal, share) {
        const askedAt = now();
        let answeredAt: Instant | undefined;
        const listening: typeof take = (readings, vendorNow) => {
          // The header came before the first rows; the whole answer may take minutes more.
          answeredAt ??= now();
          return take(readings, vendorNow);
        };
        const outcome = await source.read(window, listening, signal, share);
        if (outcome.kind === 'complete' && outcome.vendorNow !== undefined) {
          note(source.name, outcome.vendorNow, askedAt, answeredAt ?? now());
        }
        return outcome;
      },
    }),
    offsetMs: (source) => offsets.get(source),
  };
}
