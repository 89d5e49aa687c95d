import type { Delivery, DeliveryOutcome } from '../../../exchange/delivery.ts';
import type { Ask } from '../answer.ts';
import { sendWrites } from './bisect.ts';
import { questionOf, type Write } from './bundle.ts';
import { versionOf } from './bundle-reply.ts';
import type { BundleExperience } from './bundle-experience.ts';
import { lookFirst, type LookOptions } from './look-first.ts';

export interface WriteOptions extends Omit<LookOptions, 'compare'> {
  readonly ask: Ask;
  readonly experience: BundleExperience;
}

/**
 * Looks for what may be there already, and writes what is not there as it should be. What a conditional create met at
 * the EHR is compared with what it should be, and updated. What turns out to be another version than ours is looked at,
 * once, and written over only where nobody else has changed it. One outcome for each.
 */
export async function writeAll(
  deliveries: readonly Delivery[],
  options: WriteOptions,
): Promise<readonly DeliveryOutcome[]> {
  const { ask, experience } = options;
  const send = (writes: readonly Write[]): Promise<readonly DeliveryOutcome[]> =>
    sendWrites(writes, experience, (type, group) => ask(questionOf(type, group)));
  const { outcomes, writes } = await lookFirst(deliveries, options);
  const sent = await send(writes);
  const met = metThere(writes, sent);
  const others = inOtherVersions(writes, sent);
  if (met.length === 0 && others.length === 0) return [...outcomes, ...sent];
  const keys = new Set([...met, ...others].map(({ key }) => key));
  const compared = await lookFirst(met, { ...options, compare: true });
  const judged = await lookFirst(others, options);
  return [
    ...outcomes,
    ...sent.filter(({ key }) => !keys.has(key)),
    ...compared.outcomes,
    ...judged.outcomes,
    ...(await send([...compared.writes, ...judged.writes])),
  ];
}

/** What the EHR has in another version than the one that was to be replaced. */
function inOtherVersions(writes: readonly Write[], outcomes: readonly DeliveryOutcome[]): readonly Delivery[] {
  const refused = new Set(
    outcomes.flatMap((outcome) =>
      outcome.kind === 'refused' && outcome.problem.code === 'version-conflict' ? [outcome.key] : [],
    ),
  );
  return writes.flatMap(({ delivery, ifMatch }) => {
    const knownVersion = versionOf(ifMatch);
    return knownVersion === undefined || !refused.has(delivery.key)
      ? []
      : [{ ...delivery, knownVersion, unsure: true }];
  });
}

/** A conditional create that is answered with 200 met what is there, and left it as it is. */
function metThere(writes: readonly Write[], outcomes: readonly DeliveryOutcome[]): readonly Delivery[] {
  const places = new Map(
    outcomes.flatMap((outcome) =>
      outcome.kind === 'accepted' && outcome.change === 'unchanged' ? [[outcome.key, outcome.reference]] : [],
    ),
  );
  return writes.flatMap(({ delivery }) => {
    const knownReference = places.get(delivery.key);
    return knownReference === undefined ? [] : [{ ...delivery, knownReference }];
  });
}
