import type { Delivery, DeliveryOutcome } from '../../../exchange/delivery.ts';
import { contentDifferences } from '../../../exchange/difference.ts';
import type { Problem } from '../../../exchange/problem.ts';
import type { Ask } from '../answer.ts';
import type { WayOfWriting } from '../capabilities.ts';
import { objectsOf, type JsonObject } from '../untrusted.ts';
import { unsentProblem } from './answer-problem.ts';
import { identifierOf, targetOf, writeOf, type Target, type Write } from './bundle.ts';
import { lookFor, readLook, type Found } from './look.ts';

/** Longer than search indexes usually lag behind a write. */
export const searchLagMs = 2_000;

export interface LookOptions {
  readonly way: WayOfWriting;
  /** An update must name the version it replaces: every delivery is looked for, not the unsure ones only. */
  readonly ifMatch: boolean;
  /** A Communication is found by its identifier. */
  readonly searches: boolean;
  /** One that was written can be changed. */
  readonly updates: boolean;
  /** The EHR has told where each is, and it is not known yet whether it is as it should be, or even ours. */
  readonly compare?: boolean;
  readonly ask: Ask;
  readonly pause: (ms: number) => Promise<void>;
}

export interface Looked {
  /** Of those that need no write, or must not have one. */
  readonly outcomes: readonly DeliveryOutcome[];
  readonly writes: readonly Write[];
}

interface Aimed {
  readonly delivery: Delivery;
  readonly target: Target;
}

/**
 * Looks for what may be at the EHR already, and makes the writes for what is not there as it should be. A search that
 * finds nothing is made once more after a pause: its index may lag behind the write whose answer was lost. When a look
 * fails for a reason that concerns the whole EHR, nothing is written. What may be there, cannot be looked for, and would
 * be doubled is not written.
 */
export async function lookFirst(deliveries: readonly Delivery[], options: LookOptions): Promise<Looked> {
  const { way, ifMatch, updates, compare = false, ask, pause } = options;
  const outcomes: DeliveryOutcome[] = [];
  const writes: Write[] = [];
  const looks: Aimed[] = [];
  function take(delivery: Delivery, target: Target, found: Found): void {
    if (found.kind === 'problem') {
      outcomes.push(refused(delivery, found.problem));
    } else if (found.kind === 'there') {
      const { id, version, resource } = found;
      if (compare && !isSameMessage(delivery, resource)) outcomes.push(refused(delivery, { code: 'outcome-unknown' }));
      else if (contentDifferences(delivery.resource, resource).length === 0)
        outcomes.push(unchanged(delivery, id, version));
      else if (!updates) outcomes.push(refused(delivery, { code: 'update-not-offered' }));
      else writes.push(writeOf(delivery, { kind: 'id', id, known: true }, ifMatch ? etagOf(version) : undefined));
    } else if (!updates && isKnown(target)) {
      outcomes.push(refused(delivery, { code: 'update-not-offered' }));
    } else {
      writes.push(writeOf(delivery, target));
    }
  }

  for (const delivery of deliveries) {
    const target = targetOf(delivery, way);
    if (target === undefined) {
      outcomes.push(refused(delivery, { code: 'resource-invalid', where: 'Communication.identifier' }));
    } else {
      switch (firstStep(delivery, target, options)) {
        case 'look':
          looks.push({ delivery, target });
          break;
        case 'write':
          writes.push(writeOf(delivery, target));
          break;
        case 'leave':
          outcomes.push(refused(delivery, { code: 'outcome-unknown' }));
          break;
      }
    }
  }
  const again: Aimed[] = [];
  for (const round of [looks, again]) {
    if (round === again && again.length > 0) await pause(searchLagMs);
    for (const [index, { delivery, target }] of round.entries()) {
      const found = readLook(target, await ask(lookFor(target)));
      if (found.kind === 'problem' && found.concernsAll) {
        const unlooked = [...round.slice(index), ...(round === looks ? again : [])].map((each) => each.delivery);
        return { outcomes: [...outcomes, ...giveUp(unlooked, writes, found.problem)], writes: [] };
      }
      const lagging = found.kind === 'absent' && target.kind !== 'id' && delivery.unsure;
      if (lagging && round === looks) again.push({ delivery, target });
      else take(delivery, target, found);
    }
  }
  return { outcomes, writes };
}

/** Whether it is looked for before it is written, or written at once, or neither: nobody may send it but a person. */
function firstStep(
  { unsure }: Delivery,
  target: Target,
  { ifMatch, searches, updates, compare = false }: LookOptions,
): 'look' | 'write' | 'leave' {
  if (target.kind === 'id') return unsure || ifMatch || compare || (target.known && !updates) ? 'look' : 'write';
  const doubles = target.kind === 'new' && !target.conditional;
  if (searches) return unsure || ifMatch || doubles ? 'look' : 'write';
  return unsure && doubles ? 'leave' : 'write';
}

const isKnown = (target: Target): boolean => target.kind === 'id' && target.known;

/** An EHR that overlooks a condition may have met anything. */
function isSameMessage({ resource }: Delivery, held: JsonObject): boolean {
  const ours = identifierOf(resource);
  return objectsOf(held['identifier']).some(
    ({ system, value }) => ours !== undefined && system === ours.system && value === ours.value,
  );
}

/** None was sent: only those whose earlier answer was lost have to be looked for again. */
function giveUp(looks: readonly Delivery[], writes: readonly Write[], problem: Problem): readonly DeliveryOutcome[] {
  return [...looks, ...writes.map(({ delivery }) => delivery)].map((delivery) =>
    refused(delivery, delivery.unsure ? problem : unsentProblem(problem)),
  );
}

const etagOf = (version: string | undefined): string | undefined =>
  version === undefined ? undefined : `W/"${version}"`;

const refused = ({ key }: Delivery, problem: Problem): DeliveryOutcome => ({ kind: 'refused', key, problem });

function unchanged({ key }: Delivery, id: string, version: string | undefined): DeliveryOutcome {
  const reference = `Communication/${id}`;
  return { kind: 'accepted', key, reference, change: 'unchanged', ...(version === undefined ? {} : { version }) };
}
