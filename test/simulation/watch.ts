import type { AuditEvent } from '../../src/audit/audit-event.ts';
import { hourMs, minuteMs, type Instant, type TimeWindow } from '../../src/exchange/window.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { VirtualClock } from './clock.ts';
import type { LedgerFile } from './ledger-file.ts';
import type { SimulatedMessage } from './messages.ts';
import { Ranges } from './ranges.ts';
import type { Scenario } from './scenario.ts';
import { keys } from './source.ts';
import { aheadAt, shownAt, type SeenRequest, type SimulatedVendor } from './vendor.ts';

/** A promise that was not kept. */
export interface Broken {
  /** Its number and name. */
  readonly promise: string;
  readonly at: Instant;
  readonly what: string;
}

export interface WatchParts {
  readonly scenario: Scenario;
  readonly clock: VirtualClock;
  readonly vendor: SimulatedVendor;
  readonly messages: readonly SimulatedMessage[];
  readonly file: LedgerFile;
  readonly trace?: (line: string) => void;
}

/** Looks on while the service works, and holds what it claims against what the vendor has really said. */
export interface Watch {
  readonly broken: readonly Broken[];
  readonly read: Ranges;
  /** Of what is left open: when it was seen first. */
  readonly openSince: ReadonlyMap<number, Instant>;
  readonly events: ReadonlyMap<AuditEvent['event'], number>;
  /** The same ledger, looked at after everything that moves coverage. */
  over(ledger: Ledger): Ledger;
  audit(event: AuditEvent): void;
  breaks(promise: string, what: string): void;
}

const grain = minuteMs;
/** What every run reads again. */
const hotMs = hourMs + 2 * grain;

export function watch({ scenario, clock, vendor, messages, file, trace }: WatchParts): Watch {
  const { limits } = scenario;
  const broken: Broken[] = [];
  const read = new Ranges();
  const events = new Map<AuditEvent['event'], number>();
  const openSince = new Map<number, Instant>();
  let looked = 0;
  const underWay = new Set<SeenRequest>();
  let newestVendorNow = -Infinity;
  let frontierBefore = -Infinity;
  let coveredBefore = -Infinity;
  /** But for what is stuck, which a person is told of. */
  let readBefore = -Infinity;
  let hasCaughtUp = false;
  let runBegan: { readonly at: Instant; readonly seen: number; readonly frontier: Instant } | undefined;

  function breaks(promise: string, what: string): void {
    trace?.(`${show(clock.now())} BROKEN ${promise}: ${what}`);
    broken.push({ promise, at: clock.now(), what });
  }

  /** Everything that the vendor has answered in full since. */
  function lookAtRequests(rowCap: number): void {
    for (; looked < vendor.seen.length; looked += 1) {
      const request = vendor.seen[looked];
      if (request !== undefined) underWay.add(request);
    }
    for (const request of underWay) {
      if (request.kind === 'under way') continue;
      underWay.delete(request);
      if (!toldAll(request, rowCap)) continue;
      newestVendorNow = Math.max(newestVendorNow, request.vendorNow);
      const { from, to } = request.asked;
      const present = floor(request.vendorNow - limits.settleDelayMs);
      // Whatever the bounds mean, the inside of what was asked for was told.
      read.add({ from: from + grain, to: Math.min(to - grain, present) });
    }
  }

  /** Nobody can know of a cap before it is told or learned. */
  const toldAll = ({ kind }: SeenRequest, rowCap: number): boolean =>
    kind === 'complete' || (kind === 'cut' && limits.rowCap === undefined && rowCap === Infinity);

  function lookAtCoverage(): void {
    const coverage = file.coverage();
    lookAtRequests(coverage?.rowCap ?? Infinity);
    if (coverage === undefined) return;
    const { start, frontier } = coverage;
    const pieces = file.pieces();
    for (const piece of pieces) {
      if (piece.state === 'accepted') read.add(piece);
      if (!openSince.has(piece.id)) openSince.set(piece.id, clock.now());
    }
    const open = pieces.filter(({ tier, state }) => tier === 'tail' && state !== 'accepted');
    const covered = Math.min(frontier, ...open.map(({ from }) => from));
    if (frontier < frontierBefore)
      breaks('I7 the frontier never moves back', `${show(frontierBefore)} to ${show(frontier)}`);
    if (covered < coveredBefore) breaks('I7 coverage never moves back', `${show(coveredBefore)} to ${show(covered)}`);
    if (covered > Math.max(start, floor(newestVendorNow - limits.settleDelayMs))) {
      breaks(
        'I7 coverage is never ahead of the vendor',
        `covered until ${show(covered)}, the vendor's clock was ${show(newestVendorNow)}`,
      );
    }
    const hole = read.holeAfter(start);
    if (covered > Math.max(start, hole)) {
      breaks('I7 what is covered was read without a gap', `covered until ${show(covered)}, read until ${show(hole)}`);
    }
    readBefore = Math.min(frontier, ...open.flatMap(({ from, state }) => (state === 'stuck' ? [] : [from])));
    frontierBefore = frontier;
    coveredBefore = covered;
  }

  /** A window counts as read: all that the vendor showed of it is in the ledger. */
  function lookAtWindow(window: TimeWindow): void {
    const answered = vendor.seen.findLast(
      ({ asked, kind }) => kind !== 'under way' && asked.from <= window.from + grain && asked.to >= window.to - grain,
    );
    if (answered === undefined || answered.kind === 'failed') {
      breaks('I9 what failed counts as nothing', `${showWindow(window)} counts as read`);
      return;
    }
    if (answered.kind === 'cut') {
      if (limits.rowCap !== undefined) breaks('I9 what was cut off counts as nothing', showWindow(window));
      return;
    }
    if (answered.viewAt === -Infinity) return lookAtEmpty(window);
    const oldest =
      scenario.vendor.retention === undefined ? -Infinity : answered.vendorNow - scenario.vendor.retention.ms;
    const shown = shownAt(messages, answered.viewAt, { from: Math.max(window.from, oldest), to: window.to - 1 });
    const missing = shown.filter(({ id }) => !file.has(keys.outgoing(id)));
    if (missing.length > 0) {
      breaks(
        'I8 what counts as read is in the ledger',
        `${showWindow(window)}: ${missing.map(({ id }) => id).join(', ')} is not`,
      );
    }
  }

  /** An answer without rows is believed at once where little is known, else when it came three times. */
  function lookAtEmpty(window: TimeWindow): void {
    // Whatever it was that showed none: a slip, or an old copy of the vendor's data.
    const empty = vendor.seen.filter(
      ({ asked, kind, rows }) => kind === 'complete' && rows === 0 && asked.from < window.to && asked.to > window.from,
    );
    if (empty.length < 3 && file.known(window) >= 10) {
      breaks(
        'A10 an empty answer is not believed at once',
        `${showWindow(window)}, where ${file.known(window)} are known`,
      );
    }
  }

  return {
    broken,
    read,
    openSince,
    events,
    over: (ledger) => ({
      ...ledger,
      coverage: {
        ...ledger.coverage,
        async cover(one, moves) {
          await ledger.coverage.cover(one, moves);
          lookAtWindow(one.window);
          lookAtCoverage();
        },
        async failed(one, problem, moves) {
          await ledger.coverage.failed(one, problem, moves);
          lookAtCoverage();
        },
      },
    }),
    audit(event) {
      trace?.(`${show(clock.now())} ${JSON.stringify(event)}`);
      events.set(event.event, (events.get(event.event) ?? 0) + 1);
      if (event.event === 'run_started' && (event.trigger === 'schedule' || event.trigger === 'startup')) {
        const present = floor(clock.now() + aheadAt(scenario.ourClock, clock.now()) - limits.settleDelayMs);
        // With a clock that was set back there is nothing new for a while.
        const isNew = present > frontierBefore;
        runBegan = isNew ? { at: clock.now(), seen: vendor.seen.length, frontier: frontierBefore } : undefined;
      }
      if (event.event !== 'run_finished') return;
      lookAtLag();
      if (runBegan !== undefined) lookAtFairness(runBegan);
      runBegan = undefined;
    },
    breaks,
  };

  /** With a vendor that fails now and then, and says what is so, coverage stays close to the present. */
  function lookAtLag(): void {
    const { hiccups, failures, poison, shared, outage, restored, lockedAt = Infinity } = scenario.vendor;
    const isSlow = failures > 0.2 || hiccups > 0 || poison !== undefined || shared !== undefined;
    const isOff = scenario.ourClock.some(({ aheadMs }) => Math.abs(aheadMs) > hourMs);
    const isTooMuch = scenario.messages.bursts.some((size) => size > 40);
    if (isSlow || isOff || isTooMuch) return;
    const troubles = [outage, restored, ...scenario.service.asleep, { from: lockedAt, to: lockedAt + 2 * hourMs }];
    const begun = troubles.flatMap((range) => (range !== undefined && range.from <= clock.now() ? [range.to] : []));
    // Some polls in a row may fail.
    const most = 2 * hourMs + 4 * scenario.pollMs;
    const isCalm = clock.now() - Math.max(scenario.start, ...begun) > 2 * most;
    const lag = clock.now() - readBefore;
    hasCaughtUp ||= lag <= most;
    if (isCalm && hasCaughtUp && lag > most)
      breaks('I14 coverage is never far behind', `${Math.round(lag / minuteMs)} minutes`);
  }

  /** What is new is asked for at once, or after the one window that is being read. */
  function lookAtFairness({ at, seen, frontier }: NonNullable<typeof runBegan>): void {
    const first = vendor.seen.slice(seen, seen + 2);
    const isNew = ({ asked, at: began }: SeenRequest): boolean =>
      began - at <= 5 * minuteMs && asked.to >= frontier - hotMs;
    if (first.length > 0 && !first.some(isNew)) {
      breaks('I15 nothing delays what is new', `a run that began at ${show(at)} asked for other things first`);
    }
  }
}

const floor = (at: Instant): Instant => Math.floor(at / grain) * grain;

export const show = (at: Instant): string => (Number.isFinite(at) ? new Date(at).toISOString() : String(at));
export const showWindow = ({ from, to }: TimeWindow): string => `${show(from)} to ${show(to)}`;
