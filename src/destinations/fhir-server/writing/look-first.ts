import type { Delivery, DeliveryOutcome } from '../../../exchange/delivery.ts';
import type { Problem } from '../../../exchange/problem.ts';
import type { Ask } from '../answer.ts';
import type { WayOfWriting } from '../capabilities.ts';
import { objectsOf, type JsonObject } from '../untrusted.ts';
import { unsentProblem } from './answer-problem.ts';
import { identifierOf, targetOf, writeOf, type Target, type Write } from './bundle.ts';
import { judged } from './judged.ts';
import { lookFor, readLook, type Found } from './look.ts';

/** Longer than search indexes usually lag behind a write. */
export const searchLagMs = 2_000;

export interface LookOptions {
  readonly way: WayOfWriting;
  /** An update must name the version it replaces: what is not known by its version is looked for, too. */
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
 * Looks for what may be at the EHR already, and makes the writes for what is not there as it should be. An update of
 * what is known by its version names that, so that nobody else's change is written over. A search that
 * finds nothing is made once more after a pause: its index may lag behind the write whose answer was lost. When a look
 * fails for a reason that concerns the whole EHR, nothing is written. What may be there, cannot be looked for, and would
 * be doubled is not written.
 */
export async function lookFirst(deliveries: readonly Delivery[], options: LookOptions): Promise<Looked> {
  const { way, updates, compare = false, ask, pause } = options;
  const outcomes: DeliveryOutcome[] = [];
  const writes: Write[] = [];
  const looks: Aimed[] = [];
  async function take(delivery: Delivery, target: Target, found: Found): Promise<Problem | undefined> {
    if (found.kind === 'problem') {
      outcomes.push(refused(delivery, found.problem));
    } else if (found.kind === 'there') {
      return takeHeld(delivery, found);
    } else if (!updates && isKnown(target)) {
      outcomes.push(refused(delivery, { code: 'update-not-offered' }));
    } else {
      writes.push(writeOf(delivery, target, etagOfKnown(delivery, target)));
    }
    return undefined;
  }

  async function takeHeld(delivery: Delivery, found: Extract<Found, { kind: 'there' }>): Promise<Problem | undefined> {
    const { id, version = delivery.knownVersion, resource } = found;
    if (compare && !isSameMessage(delivery, resource)) {
      outcomes.push(refused(delivery, { code: 'outcome-unknown' }));
      return undefined;
    }
    const verdict = await judged(delivery, found, ask);
    switch (verdict.kind) {
      case 'equal':
        outcomes.push(unchanged(delivery, id, version));
        return undefined;
      case 'ours':
        if (updates) writes.push(writeOf(delivery, { kind: 'id', id, known: true }, etagOf(version)));
        else outcomes.push(refused(delivery, { code: 'update-not-offered' }));
        return undefined;
      case 'foreign':
        outcomes.push(refused(delivery, verdict.problem));
        return undefined;
      case 'unasked':
        return verdict.problem;
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
          writes.push(writeOf(delivery, target, etagOfKnown(delivery, target)));
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
      const giveUpAll = (problem: Problem): Looked => {
        const unlooked = [...round.slice(index), ...(round === looks ? again : [])].map((each) => each.delivery);
        return { outcomes: [...outcomes, ...giveUp(unlooked, writes, problem)], writes: [] };
      };
      if (found.kind === 'problem' && found.concernsAll) return giveUpAll(found.problem);
      const lagging = found.kind === 'absent' && target.kind !== 'id' && delivery.unsure;
      if (lagging && round === looks) {
        again.push({ delivery, target });
        continue;
      }
      const failure = await take(delivery, target, found);
      if (failure !== undefined) return giveUpAll(failure);
    }
  }
  return { outcomes, writes };
}

/** Whether it is looked for before it is written, or written at once, or neither: nobody may send it but a person. */
function firstStep(
  delivery: Delivery,
  target: Target,
  { ifMatch, searches, updates, compare = false }: LookOptions,
): 'look' | 'write' | 'leave' {
  const { unsure } = delivery;
  if (target.kind === 'id') {
    const lacksVersion = ifMatch && etagOfKnown(delivery, target) === undefined;
    return unsure || lacksVersion || compare || (target.known && !updates) ? 'look' : 'write';
  }
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

/** What is known to be there is updated as the version that we wrote. */
const etagOfKnown = ({ knownVersion }: Delivery, target: Target): string | undefined =>
  isKnown(target) ? etagOf(knownVersion) : undefined;

const etagOf = (version: string | undefined): string | undefined =>
  version === undefined ? undefined : `W/"${version}"`;

const refused = ({ key }: Delivery, problem: Problem): DeliveryOutcome => ({ kind: 'refused', key, problem });

function unchanged({ key }: Delivery, id: string, version: string | undefined): DeliveryOutcome {
  const reference = `Communication/${id}`;
  return { kind: 'accepted', key, reference, change: 'unchanged', ...(version === undefined ? {} : { version }) };
}
