export const tiers = ['tail', 'open', 'warm', 'cold', 'deep', 'backfill', 'range'] as const;

/**
 * What a window is read for. tail: what is new, and the last hour again. open: messages whose status may still change.
 * warm, cold, deep: everything of the last day, week or month again. backfill: a past range. range: one that somebody
 * asked for, beside all that.
 */
export type Tier = (typeof tiers)[number];

/** Those that read again and again what may have changed. */
export type SweepTier = Extract<Tier, 'open' | 'warm' | 'cold' | 'deep'>;
