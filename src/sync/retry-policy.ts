import { contentDigest } from '../exchange/content-digest.ts';
import type { DeliveryOutcome, Settlement } from '../exchange/delivery.ts';
import { problemKind } from '../exchange/problem.ts';
import { dayMs, hourMs, minuteMs, type Instant } from '../exchange/window.ts';

export const firstBackOffMs = 1_000;
export const longestBackOffMs = 15 * minuteMs;
/** The shortest time between two looks for a Patient that is not in the EHR yet. */
export const shortestWaitMs = minuteMs;

/** Nothing is put off for longer: what looks so was put off by a clock that was wrong then. */
export const longestPutOffMs = dayMs + hourMs;

/** Whether the clock was set back since then, by more than clocks are: it was wrong, and so is what it put off. */
export const wasSetBack = (since: Instant, now: Instant): boolean => now < since - hourMs;

/** A number in [0, 1), passed in so that tests decide it. */
export type Random = () => number;

/**
 * How long to wait before try number `failures + 1`: doubling from a second to a quarter of an hour, with jitter over
 * its upper half, so that many waiting sides do not come back together. What the other side asked for is the least.
 */
export function backOffMs(failures: number, random: Random, retryAfterMs = 0): number {
  const whole = Math.min(longestBackOffMs, firstBackOffMs * 2 ** Math.min(failures - 1, 30));
  return Math.max(retryAfterMs, Math.round(whole / 2 + (random() * whole) / 2));
}

export interface TriedRecord {
  /** Of its claim. */
  readonly token: number;
  /** 1 at the first try. */
  readonly attempt: number;
  readonly firstReadAt: Instant;
  /** An earlier answer was lost, and it has not been looked for since. */
  readonly unsure: boolean;
}

/**
 * What becomes of a record after one try. What is transient, or concerns the whole EHR, never rejects a record: it
 * comes back until it succeeds. A missing Patient is waited for at most `patientMaxWaitMs` since the record was read.
 */
export function settlementOf(
  outcome: DeliveryOutcome,
  tried: TriedRecord,
  patientMaxWaitMs: number,
  now: Instant,
  random: Random,
): Settlement {
  if (outcome.kind === 'accepted') {
    const { key, reference, version } = outcome;
    return { state: 'delivered', key, token: tried.token, reference, ...(version === undefined ? {} : { version }) };
  }
  const { key, problem } = outcome;
  const { token } = tried;
  const kind = problemKind(problem.code);
  const ofThisRecord = kind.scope === 'record';
  switch (kind.class) {
    case 'permanent':
      // What the whole EHR lacks is no fault of the record.
      if (ofThisRecord) return { state: 'rejected', key, token, problem };
      return again(outcome, token, { dueAt: now + longestBackOffMs, usedAttempt: false, unsure: tried.unsure });
    case 'waiting': {
      const age = now - tried.firstReadAt;
      if (age >= patientMaxWaitMs) return { state: 'rejected', key, token, problem };
      const wait = Math.min(longestBackOffMs, Math.max(shortestWaitMs, age / 4));
      const dueAt = now + Math.round(wait * (1 - random() / 4));
      return { ...again(outcome, token, { dueAt, usedAttempt: false, unsure: tried.unsure }), state: 'waiting' };
    }
    case 'transient':
    case 'ambiguous': {
      const dueAt = now + backOffMs(ofThisRecord ? tried.attempt : 1, random, problem.retryAfterMs);
      // A look that failed has shown nothing: the next try looks again.
      const unsure = kind.class === 'ambiguous' || tried.unsure;
      return again(outcome, token, { dueAt, usedAttempt: ofThisRecord, unsure });
    }
  }
}

function again(
  { key, problem }: Extract<DeliveryOutcome, { kind: 'refused' }>,
  token: number,
  when: { readonly dueAt: Instant; readonly usedAttempt: boolean; readonly unsure: boolean },
) {
  return { state: 'pending' as 'pending' | 'waiting', key, token, problem, ...when };
}

/** So many lost answers in a row are told apart. */
const mostDigests = 8;

/**
 * What was sent in a try whose answer was lost may have arrived: it is kept by its digest, so that it is known again at
 * the EHR when newer content has come meanwhile. Anything else is settled as it is.
 * @param before what may have arrived from earlier tries
 */
export function rememberSent(settlement: Settlement, sent: object, before: readonly string[] = []): Settlement {
  if (settlement.state !== 'pending' || problemKind(settlement.problem.code).class !== 'ambiguous') return settlement;
  const digests = new Set([...before, contentDigest(sent)]);
  return { ...settlement, sentDigests: [...digests].slice(-mostDigests) };
}
