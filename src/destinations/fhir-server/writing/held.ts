import type { Delivery, Held } from '../../../exchange/delivery.ts';
import type { Problem } from '../../../exchange/problem.ts';
import type { Ask } from '../answer.ts';
import type { WayOfWriting } from '../capabilities.ts';
import { unanswered } from './answer-problem.ts';
import { identifierOf, targetOf, type Target } from './bundle.ts';
import { judged } from './judged.ts';
import { lookFor, readLook, type Found } from './look.ts';

export interface HeldOptions {
  readonly way: WayOfWriting;
  /** A Communication is found by its identifier. */
  readonly searches: boolean;
  /** Looks by identifier first, which finds every copy; what that does not find may still be where a write would put it. */
  readonly everyCopy: boolean;
}

/**
 * Looks for each message where a write would put it, one after the other: whoever only looks is to be no load. What
 * concerns the whole EHR is not asked for the others again.
 */
export async function heldOf(
  deliveries: readonly Delivery[],
  { way, searches, everyCopy }: HeldOptions,
  ask: Ask,
): Promise<readonly Held[]> {
  const held: Held[] = [];
  let ofAll: Held | undefined;
  for (const delivery of deliveries) {
    const target = targetOf(delivery, way);
    if (target === undefined) {
      held.push(unknown({ code: 'resource-invalid', where: 'Communication.identifier' }));
      continue;
    }
    if (target.kind !== 'id' && !searches) {
      held.push(unknown({ code: 'ehr-not-readable' }));
      continue;
    }
    if (ofAll !== undefined) {
      held.push(ofAll);
      continue;
    }
    const anywhere = everyCopy ? identifierOf(delivery.resource) : undefined;
    const found = await lookAt(anywhere === undefined || target.kind !== 'id' ? [target] : [anywhere, target], ask);
    const one = await heldIn(found, delivery, ask);
    held.push(one);
    if (concernsAll(found)) ofAll = one;
  }
  return held;
}

/** The next place is looked at only where nothing is at the one before: an index may lag, or lead to nothing. */
async function lookAt(places: readonly Target[], ask: Ask): Promise<Found> {
  let found: Found = { kind: 'absent' };
  for (const place of places) {
    found = readLook(place, await ask(lookFor(place)));
    if (found.kind !== 'absent') return found;
  }
  return found;
}

const concernsAll = (found: Found): boolean =>
  found.kind === 'cannot-look' || (found.kind === 'problem' && found.concernsAll);

async function heldIn(found: Found, delivery: Delivery, ask: Ask): Promise<Held> {
  switch (found.kind) {
    case 'absent':
      return { kind: 'absent' };
    case 'there': {
      const { id, version, resource } = found;
      const verdict = await judged(delivery, found, ask);
      if (verdict.kind === 'unasked') return unknown(verdict.problem);
      return {
        kind: 'there',
        reference: `Communication/${id}`,
        ...(version === undefined ? {} : { version }),
        resource,
        ...(verdict.kind === 'foreign' ? { foreign: verdict.problem } : {}),
      };
    }
    case 'cannot-look':
      return unknown({ code: 'ehr-not-readable' });
    case 'problem':
      return unknown(unanswered(found.problem));
  }
}

const unknown = (problem: Problem): Held => ({ kind: 'unknown', problem });
