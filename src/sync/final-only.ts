import type { DestinationCheck } from '../destinations/destination.ts';
import { dayMs, type Instant } from '../exchange/window.ts';
import type { Claim } from '../ledger/ledger.ts';

/** `destination.deliver`: every message at once, or each once its status is final. */
export type Deliver = 'always' | 'final';

/** As it is set; when it is not, what the destination takes: where nothing can be changed afterwards, `final`. */
export function deliverBy(set: Deliver | undefined, check: DestinationCheck | undefined): Deliver {
  return set ?? (writesOnce(check) ? 'final' : 'always');
}

const writesOnce = (check: DestinationCheck | undefined): boolean =>
  check?.kind === 'ready' && check.writesOnce === true;

type Aged = Pick<Claim, 'record' | 'firstReadAt' | 'knownReference' | 'unsure'>;

/**
 * Where final messages alone are sent: until when this one is kept back, for a status that may still change; then it
 * goes as it is. Undefined: it may go. What the EHR may have already is not kept back, where it can be sent no more
 * than once: what it holds is to be compared with it. Pure.
 * @param latenessMs how late a status may still change
 */
export function keptBackUntil(
  { record, firstReadAt, knownReference, unsure }: Aged,
  check: DestinationCheck | undefined,
  latenessMs: number,
  now: Instant,
): Instant | undefined {
  if (record.stage.final || unsure || (knownReference !== undefined && writesOnce(check))) return undefined;
  // A message dated in the future was sent when it was read, at the latest.
  const until = Math.min(record.occurredAt ?? firstReadAt, firstReadAt) + latenessMs;
  return until <= now ? undefined : until;
}

/** It is looked at again by then, since a clock that was wrong may have said `until`. */
export const lookAgainAt = (until: Instant, now: Instant): Instant => Math.min(until, now + dayMs);
