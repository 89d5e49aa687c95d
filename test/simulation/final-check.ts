import { unreadableKey } from '../../src/exchange/record-key.ts';
import { hourMs, minuteMs, type Instant, type TimeWindow } from '../../src/exchange/window.ts';
import type { SimulatedEhr } from './ehr.ts';
import type { LedgerFile, StoredMessage } from './ledger-file.ts';
import { stages, statusAt, type SimulatedMessage, type Status } from './messages.ts';
import { Ranges } from './ranges.ts';
import type { Scenario } from './scenario.ts';
import { patientMaxWaitMs } from './service.ts';
import { keys, sourceName } from './source.ts';
import type { SeenRequest, SimulatedVendor } from './vendor.ts';
import { show, showWindow, type Watch } from './watch.ts';

/** So long before the end everything is there, and is asked for once more. */
export const askedAgainMs = 40 * minuteMs;
/** Where requests are few, what is cut in parts takes hours. */
const longestQueuedMs = 4 * hourMs;

export interface FinalParts {
  readonly scenario: Scenario;
  readonly vendor: SimulatedVendor;
  readonly ehr: SimulatedEhr;
  readonly messages: readonly SimulatedMessage[];
  readonly file: LedgerFile;
  readonly watch: Watch;
}

/** Once it has been calm for long, and once more at the end when somebody has asked for all of it again. */
export function finalCheck(parts: FinalParts): void {
  checkWrites(parts);
  checkRequests(parts);
  checkReadAgain(parts);
  checkNothingLeft(parts);
}

/** I1 to I4, once it has been calm for long: everything is there, once, as it was last. */
export function checkMessages({ scenario, vendor, ehr, messages, file, watch }: FinalParts): void {
  const { end } = scenario;
  const stored = new Map(file.messages().map((message) => [message.key, message]));
  const { kept, past } = rangesOwed(file);
  const oldest = vendor.now() - (scenario.vendor.retention?.ms ?? Infinity);
  const isShown = (message: SimulatedMessage): boolean =>
    end < message.shownUntil && message.occurredAt >= oldest + hourMs;
  const isOwed = (message: SimulatedMessage): boolean => isShown(message) && kept.has(message.occurredAt);
  const byId = Map.groupBy(messages, ({ id }) => id);
  const known = new Set<string>();
  for (const [id, same] of byId) {
    const key = keys.outgoing(id);
    known.add(key);
    const [only, ...others] = same;
    if (only === undefined) continue;
    const isContested = others.length > 0 || vendor.garbled.has(id);
    if (!isContested && isOwed(only)) checkArrived(key, only.text, statusAt(only, end));
    if (!isContested && isShown(only) && past.has(only.occurredAt) && wasRead(only)) checkArrived(key, only.text);
    if (others.length > 0 && same.every(isOwed)) checkContested(key, same);
    for (const { reply } of same) {
      if (reply === undefined) continue;
      const replyKey = keys.reply(id, reply.text);
      known.add(replyKey);
      if (!isContested && isOwed(only)) checkArrived(replyKey, reply.text, '');
    }
  }
  for (const [key, copies] of ehr.copies) {
    if (!known.has(key)) watch.breaks('I3 nothing is invented', `${key} is at the EHR`);
    if (copies.length > 1) watch.breaks('I2 nothing is doubled', `${key} is there ${copies.length} times`);
  }

  /** By a backfill, which asks once: what the vendor hid then is not asked for again. */
  function wasRead({ shownFrom }: SimulatedMessage): boolean {
    const { vendor: habits, service } = scenario;
    const isHonest = habits.hiccups === 0 && habits.lagging === 0 && habits.restored === undefined;
    return isHonest && habits.cap?.kind !== 'silent' && shownFrom <= (service.backfill?.at ?? -Infinity);
  }

  function checkArrived(key: string, text: string, status?: string): void {
    const copy = ehr.copies.get(key)?.[0];
    const kept = stored.get(key);
    if (ehr.refuses(key)) {
      if (kept?.state !== 'rejected')
        watch.breaks('I20 nothing is silent', `${key} was refused, and is ${kept?.state ?? 'unknown'}`);
    } else if (copy === undefined && isAged(kept)) {
      // A clock that is months ahead has seen it wait for its Patient for so long: a person is shown it.
    } else if (copy === undefined) {
      watch.breaks('I1 nothing is lost', `${nameOf(key)} is not at the EHR; in the ledger ${stateOf(kept)}`);
    } else if (copy.text !== text) {
      watch.breaks('I3 nothing is invented', `${nameOf(key)} has another text`);
    } else if (status !== undefined && copy.status !== status) {
      watch.breaks(
        'I4 the last status',
        `${nameOf(key)} is ${copy.status}, not ${status}; in the ledger ${stateOf(kept)}`,
      );
    }
  }

  function isAged(kept: StoredMessage | undefined): boolean {
    const isAhead = scenario.ourClock.some(({ aheadMs }) => Math.abs(aheadMs) > patientMaxWaitMs / 2);
    return isAhead && kept?.state === 'rejected' && kept.code === 'patient-not-found';
  }

  function nameOf(key: string): string {
    const message = messages.find(
      ({ id, reply }) => keys.outgoing(id) === key || (reply && keys.reply(id, reply.text) === key),
    );
    return message === undefined
      ? key
      : `${message.id} of ${show(message.occurredAt)}, shown from ${show(message.shownFrom)}`;
  }

  /** Several messages have the same id: one of them is there, the others are shown to a person. */
  function checkContested(key: string, same: readonly SimulatedMessage[]): void {
    const apart = same.filter((message) => {
      const conflict = unreadableKey(sourceName, `${key}|${message.occurredAt} ${message.text}`);
      return stored.get(conflict)?.state === 'rejected';
    });
    if (apart.length < same.length - 1)
      watch.breaks('I20 nothing is silent', `${same[0]?.id ?? ''} means several messages`);
    const copy = ehr.copies.get(key)?.[0];
    const chosen = same.find(({ text }) => text === copy?.text);
    if (chosen !== undefined && copy?.status !== statusAt(chosen, end)) {
      watch.breaks('I4 the last status', `${nameOf(key)} is ${copy?.status ?? ''}, not ${statusAt(chosen, end)}`);
    }
  }
}

const stateOf = (stored: StoredMessage | undefined): string =>
  stored === undefined
    ? 'unknown'
    : `${stored.state}${stored.code === null ? '' : ` (${stored.code})`} ${stored.status}`;

interface Owed {
  has(at: Instant): boolean;
}

/**
 * What the service has to have: everything from its start on, kept up to date, and the past that a finished backfill
 * has read; but for what a person can see is missing.
 */
function rangesOwed(file: LedgerFile): { readonly kept: Owed; readonly past: Owed } {
  const shown = file.pieces();
  const isMissing = (at: Instant): boolean => shown.some(({ from, to }) => from <= at && at < to);
  const start = file.coverage()?.start ?? Infinity;
  const past = new Ranges();
  for (const { range, state } of file.backfills())
    if (state === 'done') past.add({ ...range, to: Math.min(range.to, start) });
  return {
    kept: { has: (at) => at >= start && !isMissing(at) },
    past: { has: (at) => past.has(at) && !isMissing(at) },
  };
}

/** I16, I17: a status goes back only when the vendor has said so twice; one write at a time for each message. */
function checkWrites({ ehr, vendor, watch, messages }: FinalParts): void {
  const idOf = new Map(messages.map(({ id }) => [keys.outgoing(id), id]));
  const before = new Map<string, string>();
  for (const { key, status, at } of ehr.writes) {
    const earlier = before.get(key);
    before.set(key, status);
    if (earlier === undefined || status === '' || rankOf(status) >= rankOf(earlier)) continue;
    const steps = (vendor.steppedBack.get(idOf.get(key) ?? '') ?? []).filter(
      (step) => step.status === status && step.at <= at,
    );
    const [first, last] = [steps[0]?.at ?? 0, steps.at(-1)?.at ?? 0];
    if (last - first < 5 * minuteMs)
      watch.breaks('I16 no older status is written', `${key} went from ${earlier} to ${status}`);
  }
  for (const key of ehr.crossed) watch.breaks('I17 one write at a time', key);
}

const rankOf = (status: string): number => stages[status as Status].rank;

/** I5, I6: never more than the budget, never wider than the vendor takes. */
function checkRequests({ scenario, vendor, watch }: FinalParts): void {
  const { limits, ourClock } = scenario;
  const ahead = ourClock.map(({ aheadMs }) => aheadMs);
  // An hour of our clock may be shorter than an hour.
  const hour = hourMs - (Math.max(...ahead) - Math.min(...ahead));
  const times = vendor.seen.map(({ at }) => at);
  for (const [index, at] of times.entries()) {
    const first = times[index - limits.requestsPerHour];
    if (first !== undefined && at - first < hour) {
      watch.breaks('I5 the budget', `${limits.requestsPerHour + 1} requests in the hour before ${show(at)}`);
      break;
    }
  }
  for (const { asked } of vendor.seen) {
    if (asked.to - asked.from > limits.longestWindowMs) watch.breaks('I6 no request is wider', showWindow(asked));
  }
}

/** I19: what may have changed during an outage, and as long before as things may be late, was read again after it. */
function checkReadAgain({ scenario, vendor, file, watch }: FinalParts): void {
  const { limits, calm } = scenario;
  const coverage = file.coverage();
  if (coverage === undefined || scenario.atRest.length > 0) return;
  const { from, to } = scenario.vendor.outage ?? { from: calm, to: calm };
  const again = new Ranges();
  const isComplete = ({ kind, at }: SeenRequest): boolean => kind !== 'failed' && at >= to;
  for (const { asked } of vendor.seen.filter(isComplete))
    again.add({ from: asked.from + minuteMs, to: asked.to - minuteMs });
  for (const piece of file.pieces()) again.add(piece);
  const oldest = scenario.vendor.retention === undefined ? -Infinity : vendor.now() - scenario.vendor.retention.ms;
  const since = Math.max(coverage.start, from - limits.latenessMs, oldest + hourMs);
  const hole = again.holeAfter(since);
  if (hole < coverage.frontier)
    watch.breaks('I19 after an outage it is read again', `${show(since)} on, only until ${show(hole)}`);
}

/** I14, I20: nothing is left to do but what a person can see, and coverage is close to the present. */
function checkNothingLeft({ scenario, vendor, file, watch, ehr, messages }: FinalParts): void {
  const left = file.messages().filter(({ state }) => state !== 'delivered' && state !== 'rejected');
  if (left.length > 0) watch.breaks('I14 it comes to rest', `${left.length} messages are ${left[0]?.state ?? ''}`);
  const isOld = (id: number): boolean => (watch.openSince.get(id) ?? 0) < scenario.end - longestQueuedMs;
  const queued = file.pieces().filter(({ state, id }) => state === 'queued' && isOld(id));
  if (queued.length > 0) watch.breaks('I14 it comes to rest', `queued: ${queued.map(showPiece).join(', ')}`);
  const stuck = file.pieces().filter(({ state }) => state === 'stuck');
  const given = file.pieces().filter(({ state }) => state === 'accepted');
  const again = stuck.filter(({ from, to }) => given.some((gap) => gap.from < to && from < gap.to));
  if (again.length > 0) watch.breaks('I20 what was given up stays so', again.map(showPiece).join(', '));
  const coverage = file.coverage();
  const lag = vendor.now() - (coverage?.frontier ?? 0);
  const most = scenario.pollMs + scenario.limits.settleDelayMs + 10 * minuteMs;
  if (lag > most) watch.breaks('I14 it comes to rest', `it is ${Math.round(lag / minuteMs)} minutes behind`);
  // Of what is stuck some messages may come, when the vendor breaks off its answer.
  const unread = messages.filter(({ occurredAt: at }) => file.pieces().some(({ from, to }) => from <= at && at < to));
  const free = new Set(unread.flatMap(({ id, reply }) => [keys.outgoing(id), keys.reply(id, reply?.text ?? '')]));
  const late = ehr.writes.filter(({ at, key }) => at > scenario.end - askedAgainMs && !free.has(key));
  if (late.length > 0)
    watch.breaks('I10 what is unchanged is not written', `${late.length} writes although all was there`);
}

const showPiece = (piece: TimeWindow & { readonly tier: string; readonly code: string }): string =>
  `${piece.tier} ${showWindow(piece)} ${piece.code}`;
