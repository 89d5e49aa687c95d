import { minuteMs, hourMs, type Instant, type TimeWindow } from '../../src/exchange/window.ts';
import type { VirtualClock } from './clock.ts';
import { dice } from './dice.ts';
import { stages, statusAt, type SimulatedMessage, type Status } from './messages.ts';
import type { ClockStep, Scenario, VendorFailure } from './scenario.ts';

/** One request as the vendor saw it. */
export interface SeenRequest {
  readonly at: Instant;
  readonly asked: TimeWindow;
  /** It has told all that it showed then; `cut`: but for what it left out without a word. */
  kind: 'under way' | 'complete' | 'cut' | 'failed';
  /** As of when it showed its messages; -Infinity: none of them. */
  viewAt: Instant;
  /** How many rows it told. */
  rows?: number;
  /** What its own clock said. */
  vendorNow: Instant;
}

export interface VendorRow {
  readonly message: SimulatedMessage;
  readonly status: Status;
  readonly reply: string | undefined;
  /** Its text is another than the message's. */
  readonly garbled: boolean;
}

export type VendorAnswer =
  | { readonly kind: 'rows'; readonly rows: readonly VendorRow[]; readonly vendorNow: Instant }
  /** So many rows of the answer come before it breaks off. */
  | { readonly kind: 'broken'; readonly how: VendorFailure | 'too-large'; readonly rows: readonly VendorRow[] }
  | { readonly kind: 'locked' }
  | { readonly kind: 'throttled'; readonly retryAfterMs: number | undefined };

export interface SimulatedVendor {
  readonly seen: readonly SeenRequest[];
  /** One request; takes its time. */
  ask(window: TimeWindow): Promise<VendorAnswer>;
  /** The vendor's clock. */
  now(): Instant;
  /** Statuses it showed although it had shown later ones: when, by true time. */
  readonly steppedBack: ReadonlyMap<string, readonly { readonly at: Instant; readonly status: Status }[]>;
  /** Ids it has shown with another text than theirs. */
  readonly garbled: ReadonlySet<string>;
}

export const aheadAt = (steps: readonly ClockStep[], at: Instant): number =>
  steps.findLast(({ from }) => from <= at)?.aheadMs ?? 0;

/** Messages that the vendor has at a moment in that part of its time; both ends belong to it. */
export function shownAt(
  messages: readonly SimulatedMessage[],
  view: Instant,
  { from, to }: TimeWindow,
): readonly SimulatedMessage[] {
  const shown: SimulatedMessage[] = [];
  for (let at = firstFrom(messages, from); at < messages.length; at += 1) {
    const message = messages[at];
    if (message === undefined || message.occurredAt > to) break;
    if (message.shownFrom <= view && view < message.shownUntil) shown.push(message);
  }
  return shown;
}

function firstFrom(messages: readonly SimulatedMessage[], from: Instant): number {
  let low = 0;
  let high = messages.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((messages[middle]?.occurredAt ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function simulatedVendor(
  scenario: Scenario,
  messages: readonly SimulatedMessage[],
  clock: VirtualClock,
): SimulatedVendor {
  const { calm, vendor: habits } = scenario;
  const by = dice(scenario.seed, 'vendor');
  const seen: SeenRequest[] = [];
  const steppedBack = new Map<string, { at: Instant; status: Status }[]>();
  const highest = new Map<string, number>();
  const garbled = new Set<string>();
  const failureKinds = Object.entries(habits.kinds).flatMap(([kind, weight]) =>
    Array.from({ length: weight }, () => kind as VendorFailure),
  );
  let hiccupUntil = -Infinity;
  const now = (): Instant => clock.now() + aheadAt(habits.clock, clock.now());
  const within = (range: TimeWindow | undefined): boolean =>
    range !== undefined && range.from <= clock.now() && clock.now() < range.to;

  /** The failure that this request meets, if any. */
  function failureOf(asked: TimeWindow): VendorFailure | 'locked' | 'too-much' | undefined {
    const { outage, lockedAt, poison, retention, widestMs, shared } = habits;
    // What it keeps no longer is no fault.
    if (retention?.kind === 'refused' && asked.from < now() - retention.ms) return 'refused';
    if (clock.now() >= calm) return undefined;
    if (within(outage)) return 'unreachable';
    if (lockedAt !== undefined && within({ from: lockedAt, to: lockedAt + hourMs / 2 })) return 'locked';
    if (shared !== undefined) {
      const ours = seen.filter(({ at }) => at > clock.now() - hourMs).length;
      if (ours + shared.others > shared.perHour) return 'too-much';
    }
    if (by.chance(habits.failures) && failureKinds.length > 0) {
      return failureKinds[by.whole(0, failureKinds.length - 1)];
    }
    if (within(poison) && poison !== undefined && asked.from <= poison.minute && poison.minute <= asked.to) {
      return 'incomplete';
    }
    return widestMs !== undefined && asked.to - asked.from > widestMs ? 'timeout' : undefined;
  }

  /** As of when it shows its messages. */
  function viewNow(): Instant {
    const at = clock.now();
    if (at >= calm) return at;
    if (at < hiccupUntil) return -Infinity;
    if (by.chance(habits.hiccups)) {
      hiccupUntil = at + habits.hiccupMs;
      return -Infinity;
    }
    if (within(habits.restored) && habits.restored !== undefined) return habits.restored.of;
    return by.chance(habits.lagging) ? at - by.whole(0, habits.lagMs) : at;
  }

  function rowOf(message: SimulatedMessage, view: Instant): VendorRow {
    const { reply, id } = message;
    const status = statusAt(message, view);
    const { rank } = stages[status];
    const before = highest.get(id) ?? 0;
    if (rank > before) highest.set(id, rank);
    if (rank < before) {
      const steps = steppedBack.get(id) ?? [];
      steps.push({ at: clock.now(), status });
      steppedBack.set(id, steps);
    }
    return {
      message,
      status,
      reply: reply !== undefined && reply.from <= view ? reply.text : undefined,
      garbled: false,
    };
  }

  function rowsFor({ from, to }: TimeWindow, view: Instant): VendorRow[] {
    const oldest = habits.retention === undefined ? -Infinity : now() - habits.retention.ms;
    const first = habits.bounds.startsWith('[') ? from : from + 1;
    const last = habits.bounds.endsWith(']') ? to : to - 1;
    const shown = shownAt(messages, view, { from: Math.max(first, oldest), to: last });
    return by.shuffled(shown.map((message) => rowOf(message, view)));
  }

  /** Some messages stand in it once more: as they were, or with another text. */
  function repeated(rows: readonly VendorRow[]): readonly VendorRow[] {
    if (clock.now() >= calm || rows.length === 0 || !by.chance(habits.repeating)) return rows;
    const row = rows[by.whole(0, rows.length - 1)];
    if (row === undefined) return rows;
    const old = rowOf(row.message, -Infinity);
    const again = by.chance(0.8) ? old : { ...old, garbled: true };
    if (again.garbled) garbled.add(row.message.id);
    return rows.toSpliced(by.whole(0, rows.length), 0, again);
  }

  async function ask(asked: TimeWindow): Promise<VendorAnswer> {
    const request: SeenRequest = { at: clock.now(), asked, kind: 'under way', viewAt: clock.now(), vendorNow: now() };
    seen.push(request);
    const failure = failureOf(asked);
    const answer = failure === undefined ? await told(request) : await failing(failure, request);
    if (answer.kind !== 'rows') request.kind = 'failed';
    return answer;
  }

  async function told(request: SeenRequest): Promise<VendorAnswer> {
    const { asked } = request;
    await clock.sleep(by.whole(100, clock.now() >= calm ? 500 : 4_000));
    request.viewAt = viewNow();
    request.vendorNow = now();
    const all = repeated(rowsFor(asked, request.viewAt));
    const { cap } = habits;
    const tooMany = cap !== undefined && all.length > cap.rows;
    if (tooMany && cap.kind === 'loud') {
      return { kind: 'broken', how: 'too-large', rows: by.chance(0.5) ? [] : all.slice(0, by.whole(0, cap.rows)) };
    }
    await clock.sleep(by.whole(100, 2_000));
    request.kind = tooMany ? 'cut' : 'complete';
    const rows = tooMany ? inOrder(all).slice(0, cap.rows) : all;
    request.rows = rows.length;
    // The Date header has whole seconds.
    return { kind: 'rows', rows, vendorNow: Math.floor(request.vendorNow / 1000) * 1000 };
  }

  function inOrder(rows: readonly VendorRow[]): readonly VendorRow[] {
    const byTime = (a: VendorRow, b: VendorRow): number => a.message.occurredAt - b.message.occurredAt;
    switch (habits.order) {
      case 'none':
        return rows;
      case 'oldest-first':
        return rows.toSorted(byTime);
      case 'newest-first':
        return rows.toSorted((a, b) => byTime(b, a));
    }
  }

  async function failing(
    how: NonNullable<ReturnType<typeof failureOf>>,
    { asked }: SeenRequest,
  ): Promise<VendorAnswer> {
    await clock.sleep(how === 'timeout' ? 2 * minuteMs : by.whole(50, 20_000));
    switch (how) {
      case 'locked':
        return { kind: 'locked' };
      case 'too-much':
      case 'throttled':
        return { kind: 'throttled', retryAfterMs: by.chance(0.5) ? by.whole(1, 20) * minuteMs : undefined };
      case 'incomplete':
      case 'timeout': {
        const rows = rowsFor(asked, clock.now());
        return { kind: 'broken', how, rows: rows.slice(0, by.whole(0, rows.length)) };
      }
      case 'unreachable':
      case 'server-error':
      case 'refused':
      case 'html':
        return { kind: 'broken', how, rows: [] };
    }
  }

  return { seen, ask, now, steppedBack, garbled };
}
