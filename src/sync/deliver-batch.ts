import type { AuditLog } from '../audit/audit-log.ts';
import type { Destination } from '../destinations/destination.ts';
import type { Settlement } from '../exchange/delivery.ts';
import type { RecordKey } from '../exchange/record-key.ts';
import type { Instant } from '../exchange/window.ts';
import type { Claim, Ledger } from '../ledger/ledger.ts';
import type { Reached } from './intake.ts';
import type { Prepared } from './prepare-deliveries.ts';
import type { Pressure } from './pressure.ts';
import { rememberSent, settlementOf, type Random } from './retry-policy.ts';
import { settlementEvent, type Change } from './settlement-event.ts';
import type { DeliveryTally } from './tally.ts';

export interface BatchParts {
  readonly ledger: Ledger;
  readonly destination: Destination;
  readonly pressure: Pressure;
  readonly audit: AuditLog;
  readonly now: () => Instant;
  readonly random: Random;
  readonly reached: Reached;
  /** Records claimed at once. */
  readonly batch: number;
  readonly prepare: (claims: readonly Claim[]) => Prepared;
  /** How long a message of that source waits for its Patient. */
  readonly waitMs: (source: string) => number;
  /** Those who count along. */
  readonly followers: ReadonlySet<DeliveryTally>;
}

/** Enough of a Bundle for its latency to tell about the EHR's load. */
const fullShare = 0.75;

/**
 * Maps claimed messages, sends them and writes down what became of each.
 * @param onTheirWay how many such batches there are now, this one among them
 * @param signal cuts off what is on its way
 */
export async function deliverBatch(
  claims: readonly Claim[],
  parts: BatchParts,
  onTheirWay: () => number,
  signal: AbortSignal,
): Promise<void> {
  const { ledger, destination, pressure, audit, now, random, reached, followers } = parts;
  const { deliveries, settlements: unsent, counts } = parts.prepare(claims);
  const byKey = new Map(claims.map((claim) => [claim.record.key, claim]));
  const changes = new Map<RecordKey, Change>();
  const settlements: Settlement[] = [...unsent];
  if (deliveries.length > 0) {
    const sent = new Map(deliveries.map((delivery) => [delivery.key, delivery]));
    const usual = deliveries.every(({ unsure }) => !unsure);
    const answered = pressure.sending(usual && deliveries.length >= fullShare * parts.batch);
    const outcomes = await destination.send(deliveries, signal);
    answered(outcomes, onTheirWay());
    for (const outcome of outcomes) {
      const claim = byKey.get(outcome.key);
      const delivery = sent.get(outcome.key);
      if (claim === undefined || delivery === undefined) continue;
      if (outcome.kind === 'accepted') changes.set(outcome.key, outcome.change);
      const settlement = settlementOf(outcome, claim, parts.waitMs(claim.source), now(), random);
      settlements.push(rememberSent(settlement, delivery.resource, delivery.sentDigests));
    }
  }
  reached('sent');
  const lost = new Set(await ledger.messages.settle(settlements, now()));
  reached('settled');
  for (const settlement of settlements) {
    const { key } = settlement;
    const claim = byKey.get(key);
    if (claim === undefined || lost.has(key)) continue;
    for (const tally of followers) tally.add(settlement, counts.get(key));
    audit(settlementEvent(settlement, claim.attempt, changes.get(key) ?? 'unchanged'));
  }
}
