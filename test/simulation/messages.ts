import { hourMs, minuteMs, type Instant } from '../../src/exchange/window.ts';
import { dice, type Dice } from './dice.ts';
import type { Scenario } from './scenario.ts';

export type Status = 'SENT' | 'ACCEPTED' | 'RETRYING' | 'DELIVERED' | 'FAILED';

export const stages: Readonly<Record<Status, { readonly rank: number; readonly final: boolean }>> = {
  SENT: { rank: 1, final: false },
  ACCEPTED: { rank: 2, final: false },
  RETRYING: { rank: 2, final: false },
  DELIVERED: { rank: 3, final: true },
  FAILED: { rank: 3, final: true },
};

/** A message as it really is at the vendor. All of it is invented. */
export interface SimulatedMessage {
  /** Where it stands among all. */
  readonly index: number;
  readonly id: string;
  readonly text: string;
  readonly person: string;
  /** A whole minute, by the vendor's clock. */
  readonly occurredAt: Instant;
  /** The vendor shows it from then on, and until then; by true time. */
  readonly shownFrom: Instant;
  readonly shownUntil: Instant;
  /** Ascending; the first is there from the beginning. */
  readonly statuses: readonly { readonly from: Instant; readonly status: Status }[];
  readonly reply?: { readonly from: Instant; readonly text: string };
}

export const persons = 25;

/** What the vendor will have, in the order of their time. */
export function messagesOf(scenario: Scenario): readonly SimulatedMessage[] {
  const { seed, start, calm, messages: habits, vendor } = scenario;
  const by = dice(seed, 'messages');
  const from = start - habits.historyMs;
  // A third lies before the start.
  const somewhen = (): Instant => (by.chance(0.3) ? by.whole(from, start) : by.whole(start, calm));
  const sent = Array.from({ length: habits.count }, somewhen);
  for (const size of habits.bursts) {
    const at = somewhen();
    sent.push(...Array.from({ length: size }, () => at));
  }
  const made: SimulatedMessage[] = [];
  for (const at of sent.toSorted((a, b) => a - b)) {
    const earlier = by.chance(habits.reusedIds) ? made[by.whole(0, made.length - 1)] : undefined;
    made.push(messageOf(by, scenario, made.length, at, earlier?.id));
  }
  const vendorAhead = (at: Instant): number => vendor.clock.findLast((step) => step.from <= at)?.aheadMs ?? 0;
  return made
    .map((message) => ({
      ...message,
      occurredAt: Math.floor((message.occurredAt + vendorAhead(message.occurredAt)) / minuteMs) * minuteMs,
    }))
    .toSorted((a, b) => a.occurredAt - b.occurredAt)
    .map((message, index) => ({ ...message, index }));
}

function messageOf(
  by: Dice,
  { calm, messages: habits }: Scenario,
  index: number,
  at: Instant,
  reusedId: string | undefined,
): SimulatedMessage {
  const lateMs = by.chance(habits.late) ? by.whole(minuteMs, habits.latestMs) : by.whole(0, 50_000);
  // Nothing of this changes once it is calm, or there would be no end.
  const until = (ms: number): Instant => Math.min(at + ms, calm - minuteMs);
  const shownFrom = Math.max(at, until(lateMs));
  const statuses: SimulatedMessage['statuses'][number][] = [{ from: at, status: 'SENT' }];
  if (by.chance(0.3)) statuses.push({ from: until(by.whole(0, hourMs)), status: 'ACCEPTED' });
  if (by.chance(0.9)) {
    const after = statuses.at(-1)?.from ?? at;
    const last = Math.max(after, until(by.chance(0.5) ? by.whole(0, hourMs) : by.whole(0, habits.statusMs)));
    statuses.push({ from: last, status: by.chance(0.8) ? 'DELIVERED' : 'FAILED' });
    const afterwards = Math.max(last, until(by.whole(0, habits.statusMs)));
    if (by.chance(habits.goingBack)) statuses.push({ from: afterwards, status: 'RETRYING' });
    else if (by.chance(0.03)) statuses.push({ from: afterwards, status: 'FAILED' });
  }
  const gone = by.chance(habits.gone) ? shownFrom + by.whole(0, 24 * hourMs) : Infinity;
  return {
    index,
    id: reusedId ?? `message-${index}`,
    text: `invented text ${index}`,
    person: `person-${by.whole(1, persons)}`,
    occurredAt: at,
    shownFrom,
    shownUntil: gone,
    statuses,
    ...(by.chance(0.15)
      ? { reply: { from: until(by.whole(0, habits.statusMs)), text: `invented reply ${index}` } }
      : {}),
  };
}

export const statusAt = ({ statuses }: SimulatedMessage, at: Instant): Status =>
  statuses.findLast(({ from }) => from <= at)?.status ?? 'SENT';
