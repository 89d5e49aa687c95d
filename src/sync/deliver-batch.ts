import type { AuditLog } from '../audit/audit-log.ts';
import type { Destination } from '../destinations/destination.ts';
import type { Delivery, DeliveryOutcome, Settlement } from '../exchange/delivery.ts';
import type { RecordKey } from '../exchange/record-key.ts';
import type { Instant } from '../exchange/window.ts';
import type { Claim } from '../ledger/ledger.ts';
import type { Reached } from './reached.ts';
import type { Prepared } from './prepare-deliveries.ts';
import type { Pressure } from './pressure.ts';
import type { ReadBack } from './read-back.ts';
import { rememberSent, settlementOf, type Random } from './retry-policy.ts';
import type { SettleTogether } from './settle-together.ts';
import { settlementEvent, type Change } from './settlement-event.ts';
import type { DeliveryTally } from './tally.ts';

export interface BatchParts {
  readonly destination: Destination;
  readonly pressure: Pressure;
  readonly settling: SettleTogether;
  readonly audit: AuditLog;
  readonly now: () => Instant;
  readonly random: Random;
  readonly reached: Reached;
  /** Records in one Bundle. */
  readonly batch: number;
  readonly prepare: (claims: readonly Claim[]) => Prepared;
  /** How long a message of that source waits for its Patient. */
  readonly waitMs: (source: string) => number;
  /** Looks at what the EHR made of a message; left out when not given. */
  readonly readBack?: ReadBack;
  /** Those who count along. */
  readonly followers: ReadonlySet<DeliveryTally>;
}

/** Enough of a Bundle for its latency to tell about the EHR's load. */
const fullShare = 0.75;

/**
 * Maps claimed messages, sends them and has written down what became of each.
 * @param signal cuts off what is on its way
 */
export async function deliverBatch(claims: readonly Claim[], parts: BatchParts, signal: AbortSignal): Promise<void> {
  const { settling, audit, reached, followers } = parts;
  const prepared = parts.prepare(claims);
  const byKey = new Map(claims.map((claim) => [claim.record.key, claim]));
  const outcomes = await send(prepared.deliveries, parts, signal);
  reached('sent');
  const changes = new Map<RecordKey, Change>();
  for (const outcome of outcomes) if (outcome.kind === 'accepted') changes.set(outcome.key, outcome.change);
  const settlements = [...prepared.settlements, ...settlementsOf(outcomes, prepared.deliveries, byKey, parts)];
  settling.add(settlements, (lost) => {
    for (const settlement of settlements) {
      const { key } = settlement;
      const claim = byKey.get(key);
      if (claim === undefined || lost.has(key)) continue;
      for (const tally of followers) tally.add(settlement, prepared.counts.get(key));
      audit(settlementEvent(settlement, claim.attempt, changes.get(key) ?? 'unchanged'));
    }
  });
  await parts.readBack?.(prepared.deliveries, outcomes, signal);
}

async function send(
  deliveries: readonly Delivery[],
  { destination, pressure, batch }: BatchParts,
  signal: AbortSignal,
): Promise<readonly DeliveryOutcome[]> {
  if (deliveries.length === 0) return [];
  const usual = deliveries.every(({ unsure }) => !unsure);
  const answered = pressure.sending(usual && deliveries.length >= fullShare * batch);
  let outcomes: readonly DeliveryOutcome[] = [];
  try {
    outcomes = await destination.send(deliveries, signal);
  } finally {
    answered(outcomes);
  }
  return outcomes;
}

function settlementsOf(
  outcomes: readonly DeliveryOutcome[],
  deliveries: readonly Delivery[],
  claims: ReadonlyMap<RecordKey, Claim>,
  { now, random, waitMs }: BatchParts,
): readonly Settlement[] {
  const sent = new Map(deliveries.map((delivery) => [delivery.key, delivery]));
  return outcomes.flatMap((outcome) => {
    const claim = claims.get(outcome.key);
    const delivery = sent.get(outcome.key);
    if (claim === undefined || delivery === undefined) return [];
    const settlement = settlementOf(outcome, claim, waitMs(claim.source), now(), random);
    return [rememberSent(settlement, delivery.resource, delivery.sentDigests)];
  });
}
