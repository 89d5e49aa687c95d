import type { AuditLog } from '../audit/audit-log.ts';
import type { Destination } from '../destinations/destination.ts';
import type { Delivery, DeliveryOutcome } from '../exchange/delivery.ts';
import { contentDifferences } from '../exchange/difference.ts';
import { minuteMs, type Instant } from '../exchange/window.ts';
import type { Random } from './retry-policy.ts';

/** How far apart two messages are that are read back: the EHR does not feel it. */
export const readBackEveryMs = 5 * minuteMs;

export interface ReadBackParts {
  readonly destination: Destination;
  readonly audit: AuditLog;
  readonly now: () => Instant;
  readonly random: Random;
  readonly everyMs: number;
}

/** Given what was just sent, and what became of it. Never throws for what the EHR does. */
export type ReadBack = (
  deliveries: readonly Delivery[],
  outcomes: readonly DeliveryOutcome[],
  signal: AbortSignal,
) => Promise<void>;

/**
 * An EHR may take a message, say so, and hold it otherwise: it drops what it does not know, or fills in what it likes.
 * One message in a while is read back and compared with what was sent; the elements that differ are told, once each,
 * and nothing is written. What somebody else wrote since is another version, and no matter of this.
 */
export function makeReadBack({ destination, audit, now, random, everyMs }: ReadBackParts): ReadBack {
  let nextAt = Number.NEGATIVE_INFINITY;
  const told = new Set<string>();
  return async (deliveries, outcomes, signal) => {
    // A clock that was set back is no reason to wait for years.
    if (now() < nextAt && nextAt - now() <= everyMs) return;
    const written = outcomes.filter((outcome) => outcome.kind === 'accepted' && outcome.change !== 'unchanged');
    const outcome = written[Math.floor(random() * written.length)];
    const delivery = deliveries.find(({ key }) => key === outcome?.key);
    if (outcome?.kind !== 'accepted' || delivery === undefined) return;
    nextAt = now() + everyMs;
    const { key, reference, version } = outcome;
    const [held] = await destination.held([{ ...delivery, knownReference: reference }], signal);
    if (held?.kind !== 'there') return;
    if (version !== undefined && held.version !== undefined && held.version !== version) return;
    const altered = alteredElements(delivery, held.resource);
    if (altered.every((element) => told.has(element))) return;
    for (const element of altered) told.add(element);
    audit({ event: 'record_altered', key, reference, elements: altered.join(' ') });
  };
}

/** By the names that we sent; what the EHR put there besides is `other`, since it may bear any name. */
function alteredElements({ resource }: Delivery, held: Readonly<Record<string, unknown>>): readonly string[] {
  const names = contentDifferences(resource, held).map(({ element }) => /^\w+/.exec(element)?.[0] ?? '');
  return [...new Set(names.map((name) => (Object.hasOwn(resource, name) ? name : 'other')))];
}
