import type { Delivery, DeliveryOutcome } from '../../../exchange/delivery.ts';
import type { Problem } from '../../../exchange/problem.ts';
import type { Answer } from '../answer.ts';
import type { Suitability, WayOfWriting } from '../capabilities.ts';
import { unsentProblem } from '../writing/answer-problem.ts';
import { bundleJson, cutIntoBundles, targetOf, writeOf, type BundleLimits, type Write } from '../writing/bundle.ts';
import { readReply } from '../writing/bundle-reply.ts';
import { identifierSearch } from '../writing/search-value.ts';
import { subjectOf, withPatientReference } from './patient-references.ts';

/** After this many refused transactions in a row, so many rounds go without conditional references. */
const longestDetour = 63;

/** Whether conditional references are worth a try: one that leads to no Patient costs the whole transaction. */
export interface ConditionalExperience {
  /** Counts: call it once for each round. */
  tryNow(): boolean;
  taken(): void;
  refused(): void;
}

export function conditionalExperience(): ConditionalExperience {
  let refusedInARow = 0;
  let detour = 0;
  return {
    tryNow() {
      if (detour === 0) return true;
      detour -= 1;
      return false;
    },
    taken: () => void (refusedInARow = 0),
    refused() {
      refusedInARow += 1;
      detour = Math.min(2 ** refusedInARow - 1, longestDetour);
    },
  };
}

/**
 * Whether what is new may be written with references that the EHR resolves: in transactions, and where it may be sent
 * again without a look. What a create meets is looked for or compared, and then the Patient has to be known. Pure.
 */
export function resolvesReferences({
  way,
  bundle,
  ifMatch,
}: Pick<Extract<Suitability, { kind: 'suitable' }>, 'way' | 'bundle' | 'ifMatch'>): boolean {
  return bundle === 'transaction' && !ifMatch && (way === 'put-by-id' || way === 'conditional-update');
}

export interface ConditionalOptions {
  readonly way: WayOfWriting;
  readonly limits: BundleLimits;
  readonly experience: ConditionalExperience;
  readonly send: (transaction: string) => Promise<Answer>;
}

export interface ConditionallySent {
  readonly outcomes: readonly DeliveryOutcome[];
  /** Not written: their Patients are to be looked for. */
  readonly left: readonly Delivery[];
}

/**
 * Writes what is new with references that the EHR resolves as it writes (`Patient?identifier=…`), which R4 knows in
 * transactions alone (http://hl7.org/fhir/R4/http.html#trules). What may be there already, is to be compared, or is in
 * a transaction that the EHR refuses, is left for the look-up, which says for each what is wrong.
 */
export async function sendConditionally(
  deliveries: readonly Delivery[],
  { way, limits, experience, send }: ConditionalOptions,
): Promise<ConditionallySent> {
  const left = new Set(deliveries);
  const outcomes: DeliveryOutcome[] = [];
  const writes = deliveries.flatMap((delivery) => conditionalWrite(delivery, way) ?? []);
  if (writes.length === 0 || !experience.tryNow()) return { outcomes, left: deliveries };
  const original = new Map(deliveries.map((delivery) => [delivery.key, delivery]));
  const settle = (bundle: readonly Write[], settled: readonly DeliveryOutcome[]): void => {
    outcomes.push(...settled);
    for (const { delivery } of bundle) {
      const of = original.get(delivery.key);
      if (of !== undefined) left.delete(of);
    }
  };
  let failure: Problem | undefined;
  for (const bundle of cutIntoBundles(writes, limits)) {
    if (failure !== undefined) {
      settle(bundle, refusals(bundle, unsentProblem(failure)));
      continue;
    }
    const verdict = readReply('transaction', bundle, await send(bundleJson('transaction', bundle)));
    if (verdict.kind === 'settled') {
      settle(bundle, verdict.outcomes);
      experience.taken();
      continue;
    }
    experience.refused();
    if (verdict.kind !== 'failed') continue;
    failure = verdict.problem;
    settle(bundle, refusals(bundle, failure));
  }
  return { outcomes, left: [...left] };
}

function conditionalWrite(delivery: Delivery, way: WayOfWriting): Write | undefined {
  const { resource, patient, unsure, knownReference } = delivery;
  if (patient?.reference !== 'conditional' || patient.verify !== 'none') return undefined;
  if (unsure || knownReference !== undefined) return undefined;
  const { identifier } = subjectOf(resource);
  if (identifier === undefined) return undefined;
  const target = targetOf(delivery, way);
  const conditional = withPatientReference(resource, `Patient?${identifierSearch(identifier)}`);
  return target === undefined ? undefined : writeOf({ ...delivery, resource: conditional }, target);
}

const refusals = (bundle: readonly Write[], problem: Problem): readonly DeliveryOutcome[] =>
  bundle.map(({ delivery }) => ({ kind: 'refused', key: delivery.key, problem }));
