import type { Tier } from '../../src/exchange/tier.ts';
import { dayMs, hourMs, minuteMs, type Instant, type TimeWindow } from '../../src/exchange/window.ts';
import type { PlanLimits } from '../../src/sync/tiers.ts';
import { dice, type Dice } from './dice.ts';

/** Everything about one simulated life of a service, its vendor and its EHR that the seed decides beforehand. */
export interface Scenario {
  readonly seed: number;
  /** The service starts. */
  readonly start: Instant;
  /** From here on there are no faults. */
  readonly calm: Instant;
  readonly end: Instant;
  readonly pollMs: number;
  readonly limits: PlanLimits;
  readonly ourClock: readonly ClockStep[];
  readonly messages: MessageHabits;
  readonly vendor: VendorHabits;
  readonly ehr: EhrHabits;
  readonly service: ServiceHabits;
  /** Tiers that never read: a worse plan is caught by what is left. */
  readonly atRest: readonly Tier[];
}

/** From then on a clock is so much ahead. */
export interface ClockStep {
  readonly from: Instant;
  readonly aheadMs: number;
}

export interface MessageHabits {
  readonly count: number;
  /** How long before the start the first ones were sent. */
  readonly historyMs: number;
  /** Share of those that appear late, and how late at most. */
  readonly late: number;
  readonly latestMs: number;
  /** How long the last status takes at most. */
  readonly statusMs: number;
  /** Share of those whose status goes back in the end. */
  readonly goingBack: number;
  readonly gone: number;
  readonly reusedIds: number;
  /** Many in one minute: how many. */
  readonly bursts: readonly number[];
}

export interface VendorHabits {
  readonly clock: readonly ClockStep[];
  readonly bounds: '[]' | '[)' | '(]';
  /** An answer of more rows is refused, or cut off without a word: the service may know of it (`limits.rowCap`). */
  readonly cap?: { readonly rows: number; readonly kind: 'loud' | 'silent' | 'known' };
  /** Which rows an answer that is cut off holds. */
  readonly order: 'none' | 'oldest-first' | 'newest-first';
  readonly retention?: { readonly ms: number; readonly kind: 'refused' | 'silent' };
  /** Share of requests that fail, and how, by weight. */
  readonly failures: number;
  readonly kinds: { readonly [kind in VendorFailure]: number };
  /** Share of answers that are empty for no reason, and how long it stays so. */
  readonly hiccups: number;
  readonly hiccupMs: number;
  /** Share of answers that come from a copy that lags, and how far. */
  readonly lagging: number;
  readonly lagMs: number;
  /** Share of answers that hold a message twice. */
  readonly repeating: number;
  /** Between these times an old copy answers. */
  readonly restored?: TimeWindow & { readonly of: Instant };
  readonly outage?: TimeWindow;
  /** Windows that hold this minute break every answer, between these times. */
  readonly poison?: TimeWindow & { readonly minute: Instant };
  /** Wider windows time out. */
  readonly widestMs?: number;
  /** The vendor's own limit, and what somebody else spends of it in an hour. */
  readonly shared?: { readonly perHour: number; readonly others: number };
  /** The login is refused once. */
  readonly lockedAt?: Instant;
}

export type VendorFailure =
  'unreachable' | 'timeout' | 'server-error' | 'throttled' | 'refused' | 'html' | 'incomplete';

export interface EhrHabits {
  readonly write: 'put' | 'create-when-sure';
  /** Shares of requests. */
  readonly lostAnswers: number;
  readonly failures: number;
  /** Share of entries that fail alone. */
  readonly entryFailures: number;
  readonly outage?: TimeWindow;
  /** Share of persons that appear late. */
  readonly missingPatients: number;
  readonly refused: number;
}

export interface ServiceHabits {
  /** After so many points each life is killed; the one after the last lives on. */
  readonly kills: readonly number[];
  readonly asleep: readonly TimeWindow[];
  readonly restarts: readonly Instant[];
  readonly backfill?: {
    readonly at: Instant;
    readonly range: TimeWindow;
    readonly order: 'newest-first' | 'oldest-first';
    readonly pausedAfterMs?: number;
  };
  /** Hours after it is calm, a person gives up what is still stuck. */
  readonly acceptsGaps: boolean;
  /** A person asks for a range, to be sent again. */
  readonly resend?: { readonly at: Instant; readonly range: TimeWindow };
}

const midnight = Date.parse('2026-03-10T00:00:00Z');

/** @param seed the same seed gives the same scenario */
export function scenarioOf(seed: number): Scenario {
  const by = dice(seed, 'scenario');
  const start = midnight + by.whole(0, 1439) * minuteMs + by.whole(0, 59_999);
  const long = by.chance(0.15);
  const calm = start + (long ? by.whole(66, 80) : by.whole(36, 60)) * hourMs;
  const span: Span = { start, calm };
  const hard = long && by.chance(0.3);
  const usual = { ...limitsOf(by.of('limits'), start), ...(hard ? onlyADay : {}) };
  const vendor = { ...vendorOf(by.of('vendor'), span, usual, long), ...(hard ? goneDuring(by.of('gone'), span) : {}) };
  const limits = vendor.cap?.kind === 'known' ? { ...usual, rowCap: vendor.cap.rows } : usual;
  const messages = messagesOf(by.of('messages'), limits, vendor);
  const ehr = ehrOf(by.of('ehr'), span);
  return {
    seed,
    start,
    calm,
    // Each cold sweep is within six hours; what goes back is believed at the second one.
    end: calm + (messages.goingBack > 0 ? 14 : 9) * hourMs,
    pollMs: by.pick([10, 15, 20, 30, 30, 60]) * minuteMs,
    limits,
    ourClock: wrongFor(by.of('wrong clock'), span, clockOf(by.of('our clock'), span)),
    messages,
    vendor,
    ehr,
    service: serviceOf(by.of('service'), span, limits, ehr),
    atRest: [],
  };
}

interface Span {
  readonly start: Instant;
  readonly calm: Instant;
}

function limitsOf(by: Dice, start: Instant): PlanLimits {
  const longestWindowMs = by.pick([7, 7, 7, 2, 1]) * dayMs;
  return {
    startAt: start - by.pick([0, 1, 3, 12]) * dayMs,
    settleDelayMs: by.pick([2, 2, 5]) * minuteMs,
    latenessMs: Math.max(longestWindowMs, dayMs),
    longestWindowMs,
    requestsPerHour: by.pick([45, 60, 120, 240]),
  };
}

function vendorOf(by: Dice, span: Span, limits: PlanLimits, long: boolean): VendorHabits {
  const some = (probability: number, habit: () => Partial<VendorHabits>): Partial<VendorHabits> =>
    by.chance(probability) ? habit() : {};
  return {
    clock: clockOf(by.of('clock'), span),
    bounds: by.pick(['[]', '[)', '(]']),
    order: by.pick(['none', 'oldest-first', 'newest-first']),
    failures: by.pick([0, 0.02, 0.1, 0.2, 0.35]),
    kinds: {
      unreachable: by.whole(0, 4),
      timeout: by.whole(0, 3),
      'server-error': by.whole(0, 4),
      throttled: by.whole(0, 2),
      refused: by.whole(0, 1),
      html: by.whole(0, 2),
      incomplete: by.whole(1, 5),
    },
    hiccups: by.pick([0, 0, 0.01, 0.05]),
    hiccupMs: by.pick([0, 0, 20, 60]) * minuteMs,
    lagging: by.pick([0, 0, 0.05, 0.2]),
    lagMs: by.whole(2, 40) * minuteMs,
    repeating: by.pick([0, 0, 0.1]),
    ...some(0.5, () => ({ cap: { rows: by.whole(60, 140), kind: by.pick(['loud', 'silent', 'known']) } })),
    ...some(0.6, () => ({ outage: rangeIn(by, span, long ? 48 * hourMs : 15 * hourMs) })),
    ...some(0.15, () => {
      const range = rangeIn(by, span, 4 * hourMs);
      return { restored: { ...range, of: range.from - by.whole(1, 8) * hourMs } };
    }),
    ...some(0.2, () => {
      const range = rangeIn(by, span, 24 * hourMs);
      return { poison: { ...range, minute: floorToMinute(range.from) - by.whole(0, 60) * minuteMs } };
    }),
    ...some(0.15, () => ({ widestMs: by.pick([6, 12, 24]) * hourMs })),
    ...some(0.2, () => {
      const perHour = limits.requestsPerHour + by.whole(0, 20);
      return { shared: { perHour, others: by.whole(5, Math.floor(perHour / 3)) } };
    }),
    ...some(0.05, () => ({ lockedAt: rangeIn(by, span, hourMs).from })),
    ...some(0.15, () => ({
      retention: { ms: limits.latenessMs + by.whole(2, 20) * hourMs, kind: by.pick(['refused', 'silent']) },
    })),
  };
}

function messagesOf(by: Dice, limits: PlanLimits, vendor: VendorHabits): MessageHabits {
  // What lies to us may lie again when a late record is looked for.
  const latest = by.pick([10 * hourMs, 10 * hourMs, Math.max(10 * hourMs, limits.latenessMs / 2 - 10 * hourMs)]);
  const { cap } = vendor;
  const most = cap === undefined ? 40 : Math.floor(cap.rows / 3);
  const tooMany = cap?.kind === 'loud' && by.chance(0.2) ? [cap.rows + by.whole(1, 20)] : [];
  return {
    count: by.whole(150, 350),
    historyMs: by.pick([2, 5, 14]) * dayMs,
    late: by.pick([0.05, 0.2, 0.4]),
    latestMs: latest,
    statusMs: latest,
    goingBack: by.pick([0, 0, 0.03]),
    gone: by.pick([0, 0, 0.02]),
    reusedIds: by.pick([0, 0, 0.02]),
    bursts: [...Array.from({ length: by.whole(0, 3) }, () => by.whole(10, most)), ...tooMany],
  };
}

function ehrOf(by: Dice, span: Span): EhrHabits {
  return {
    write: by.pick(['put', 'create-when-sure']),
    lostAnswers: by.pick([0, 0.05, 0.2]),
    failures: by.pick([0, 0.05, 0.2]),
    entryFailures: by.pick([0, 0.02, 0.1]),
    missingPatients: by.pick([0, 0.05]),
    refused: by.pick([0, 0, 0.01]),
    ...(by.chance(0.4) ? { outage: rangeIn(by, span, 10 * hourMs) } : {}),
  };
}

function serviceOf(by: Dice, span: Span, limits: PlanLimits, ehr: EhrHabits): ServiceHabits {
  const { start } = span;
  const somewhen = (): Instant => rangeIn(by, span, hourMs).from;
  const backfill = (): NonNullable<ServiceHabits['backfill']> => {
    const to = floorToMinute(start) - by.whole(0, 48) * hourMs;
    const range = { from: to - by.whole(1, 12) * dayMs, to };
    const paused = by.chance(0.3) ? { pausedAfterMs: by.whole(1, 30) * minuteMs } : {};
    return { at: somewhen(), range, order: by.pick(['newest-first', 'oldest-first']), ...paused };
  };
  const resend = (): NonNullable<ServiceHabits['resend']> => {
    const at = somewhen();
    const from = Math.max(limits.startAt, at - by.whole(2, 40) * hourMs);
    return { at, range: { from, to: Math.max(from + hourMs, at - hourMs) } };
  };
  return {
    kills: Array.from({ length: by.pick([0, 1, 3, 6]) }, () => (by.chance(0.4) ? by.whole(1, 60) : by.whole(60, 4000))),
    asleep: by.chance(0.25) ? [rangeIn(by, span, 9 * hourMs)] : [],
    restarts: by.chance(0.3) ? [somewhen()] : [],
    acceptsGaps: by.chance(0.5),
    ...(by.chance(0.4) ? { backfill: backfill() } : {}),
    // Where the EHR keeps it is forgotten then: one that creates without looking would have it twice.
    ...(by.chance(0.25) && ehr.write === 'put' ? { resend: resend() } : {}),
  };
}

/** Some minutes off, and corrected or set wrong now and then. */
function clockOf(by: Dice, { start, calm }: Span): readonly ClockStep[] {
  const off = (): number => (by.chance(0.5) ? 0 : by.whole(-240_000, 240_000));
  const steps = Array.from({ length: by.pick([0, 0, 1, 3]) }, () => by.whole(start, calm));
  return [-Infinity, ...steps.toSorted((a, b) => a - b)].map((from) => ({ from, aheadMs: off() }));
}

/** A machine that starts without a battery, or is set by hand: for some minutes it is days or years off. */
function wrongFor(by: Dice, span: Span, clock: readonly ClockStep[]): readonly ClockStep[] {
  if (!by.chance(0.06)) return clock;
  const { from, to } = rangeIn(by, span, hourMs);
  const aheadMs = by.pick([-1, 1]) * by.whole(1, 500) * dayMs;
  const { aheadMs: usual = 0 } = clock.findLast((step) => step.from <= from) ?? {};
  const others = clock.filter((step) => step.from < from || step.from >= to);
  return [...others, { from, aheadMs }, { from: to, aheadMs: usual }].toSorted((a, b) => a.from - b.from);
}

const onlyADay = { latenessMs: dayMs, longestWindowMs: dayMs } as const;

/** An outage that is longer than the vendor keeps anything. */
function goneDuring(by: Dice, { start, calm }: Span): Pick<VendorHabits, 'outage' | 'retention'> {
  const from = by.whole(start + 6 * hourMs, calm - 50 * hourMs);
  return {
    outage: { from, to: from + by.whole(38, 48) * hourMs },
    retention: { ms: by.whole(28, 36) * hourMs, kind: by.pick(['refused', 'silent']) },
  };
}

/** A part of the time with faults, at most so long. */
function rangeIn(by: Dice, { start, calm }: Span, longestMs: number): TimeWindow {
  const ms = by.whole(10 * minuteMs, longestMs);
  const from = by.whole(start + hourMs, calm - ms);
  return { from, to: from + ms };
}

const floorToMinute = (at: Instant): Instant => Math.floor(at / minuteMs) * minuteMs;
