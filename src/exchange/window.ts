/** A moment, in milliseconds since 1970-01-01T00:00:00Z. Never local time. */
export type Instant = number;

/** The half-open range of UTC time [from, to): `from` belongs to it, `to` does not. */
export interface TimeWindow {
  readonly from: Instant;
  readonly to: Instant;
}

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** The vendor's times have the resolution of a minute, so windows start and end on whole minutes. */
export const grainMs = minuteMs;

export const floorToGrain = (at: Instant): Instant => Math.floor(at / grainMs) * grainMs;
export const ceilToGrain = (at: Instant): Instant => Math.ceil(at / grainMs) * grainMs;

/** `2026-03-05T14:07:00Z`: without milliseconds when there are none. For people, logs and FHIR. */
export function isoInstant(at: Instant): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}
