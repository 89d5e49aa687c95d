import type { DestinationCheck } from '../destinations/destination.ts';
import type { Delivery, PatientPolicy, Settlement } from '../exchange/delivery.ts';
import type { RecordKey } from '../exchange/record-key.ts';
import { dayMs, type Instant } from '../exchange/window.ts';
import type { Claim } from '../ledger/ledger.ts';
import type { Mapping } from '../mapping/mapping.ts';
import { deliverBy, keptBackUntil, lookAgainAt, type Deliver } from './final-only.ts';

/** What is decided of messages before they are sent. */
export interface PrepareRules {
  /** Which messages are sent; when not said, as the destination takes them. */
  readonly deliver?: Deliver | undefined;
  /** By the name of the source: how late a status may still change; a week, where it has none. */
  readonly latenessMs?: ReadonlyMap<string, number>;
  /** By the name of the source: how its messages name their Patients; as they are mapped where it has none. */
  readonly patients?: ReadonlyMap<string, PatientPolicy>;
}

/** Claims made ready. */
export interface Prepared {
  readonly deliveries: readonly Delivery[];
  /** What becomes of those that are not sent. */
  readonly settlements: readonly Settlement[];
  /** What the mapping counts of each that is. */
  readonly counts: ReadonlyMap<RecordKey, readonly string[]>;
}

/** As the settings have it. */
const defaultLatenessMs = 7 * dayMs;

const keptBack = { state: 'waiting', problem: { code: 'status-not-final' }, usedAttempt: false } as const;

/**
 * Maps claimed messages, and keeps back what is not sent yet: each of them is delivered or settled. Pure.
 * @param mappings by the name of the source
 */
export function prepareDeliveries(
  claims: readonly Claim[],
  mappings: ReadonlyMap<string, Mapping>,
  check: DestinationCheck | undefined,
  rules: PrepareRules,
  now: Instant,
): Prepared {
  const isFinalOnly = deliverBy(rules.deliver, check) === 'final';
  const deliveries: Delivery[] = [];
  const settlements: Settlement[] = [];
  const counts = new Map<RecordKey, readonly string[]>();
  for (const claim of claims) {
    const prepared = mapped(claim, mappings.get(claim.source), counts);
    if (!('resource' in prepared)) {
      settlements.push(prepared);
      continue;
    }
    const latenessMs = rules.latenessMs?.get(claim.source) ?? defaultLatenessMs;
    const until = isFinalOnly ? keptBackUntil(claim, check, latenessMs, now) : undefined;
    if (until !== undefined) {
      const { record, token, unsure } = claim;
      settlements.push({ ...keptBack, key: record.key, token, dueAt: lookAgainAt(until, now), unsure });
      continue;
    }
    const patient = rules.patients?.get(claim.source);
    deliveries.push(patient === undefined ? prepared : { ...prepared, patient });
  }
  return { deliveries, settlements, counts };
}

/** A delivery, or what becomes of the record without one. */
function mapped(
  claim: Claim,
  mapping: Mapping | undefined,
  counts: Map<RecordKey, readonly string[]>,
): Delivery | Settlement {
  const { token } = claim;
  const { key } = claim.record;
  if (claim.problem !== undefined) return { state: 'rejected', key, token, problem: claim.problem };
  if (mapping === undefined) return { state: 'rejected', key, token, problem: { code: 'source-not-configured' } };
  const made = mapping.map(claim.record);
  if (made.kind !== 'communication') return { state: made.kind, key, token, problem: made.problem };
  if (made.counts.length > 0) counts.set(key, made.counts);
  return {
    key,
    resource: made.resource,
    unsure: claim.unsure,
    ...(claim.knownReference === undefined ? {} : { knownReference: claim.knownReference }),
    ...(claim.knownVersion === undefined ? {} : { knownVersion: claim.knownVersion }),
    ...(claim.sentDigests === undefined ? {} : { sentDigests: claim.sentDigests }),
  };
}
