import type { Delivery, Held } from '../../../exchange/delivery.ts';
import type { Problem } from '../../../exchange/problem.ts';
import type { Ask } from '../answer.ts';
import type { WayOfWriting } from '../capabilities.ts';
import { unanswered } from './answer-problem.ts';
import { targetOf } from './bundle.ts';
import { lookFor, readLook, type Found } from './look.ts';

/**
 * Looks for each message where a write would put it, one after the other: whoever only looks is to be no load. What
 * concerns the whole EHR is not asked for the others again.
 */
export async function heldOf(deliveries: readonly Delivery[], way: WayOfWriting, ask: Ask): Promise<readonly Held[]> {
  const held: Held[] = [];
  let ofAll: Held | undefined;
  for (const delivery of deliveries) {
    const target = targetOf(delivery, way);
    if (target === undefined) {
      held.push(unknown({ code: 'resource-invalid', where: 'Communication.identifier' }));
      continue;
    }
    if (ofAll !== undefined) {
      held.push(ofAll);
      continue;
    }
    const found = readLook(target, await ask(lookFor(target)));
    const one = heldIn(found);
    held.push(one);
    if (concernsAll(found)) ofAll = one;
  }
  return held;
}

const concernsAll = (found: Found): boolean =>
  found.kind === 'cannot-look' || (found.kind === 'problem' && found.concernsAll);

function heldIn(found: Found): Held {
  switch (found.kind) {
    case 'absent':
      return { kind: 'absent' };
    case 'there': {
      const { id, version, resource } = found;
      return {
        kind: 'there',
        reference: `Communication/${id}`,
        ...(version === undefined ? {} : { version }),
        resource,
      };
    }
    case 'cannot-look':
      return unknown({ code: 'ehr-not-readable' });
    case 'problem':
      return unknown(unanswered(found.problem));
  }
}

const unknown = (problem: Problem): Held => ({ kind: 'unknown', problem });
