import type { Delivery, DeliveryOutcome } from '../../../exchange/delivery.ts';
import type { Problem } from '../../../exchange/problem.ts';
import type { Ask } from '../answer.ts';
import { unsentProblem } from '../writing/answer-problem.ts';
import type { SearchedIdentifier } from '../writing/search-value.ts';
import { keyOf, type PatientAnswer, type PatientDirectory } from './patient-directory.ts';
import { subjectOf, withPatientReference } from './patient-references.ts';
import { fits } from './verify.ts';

export interface ResolveOptions {
  readonly directory: PatientDirectory;
  readonly ask: Ask;
  /** Whether the EHR takes a reference by identifier alone. */
  readonly logical: boolean;
}

export interface Resolved {
  /** Of those that must not be written now. */
  readonly outcomes: readonly DeliveryOutcome[];
  readonly deliveries: readonly Delivery[];
}

/** What of the EHR must be known before a delivery is written. */
type Wanted =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'identifier'; readonly identifier: SearchedIdentifier }
  | { readonly kind: 'id'; readonly id: string };

/**
 * Each delivery with the reference to its Patient as its policy wants it: looked for by identifier, or compared before it
 * is written. Whose Patient is not there, not the only one, or somebody else, is not written; one whose Patient was
 * merged goes to whom it was merged into.
 */
export async function resolvePatients(deliveries: readonly Delivery[], options: ResolveOptions): Promise<Resolved> {
  const { directory, ask } = options;
  const wanted = deliveries.map((delivery) => ({ delivery, want: wantedFor(delivery) }));
  const identifiers = wanted.flatMap(({ want }) => (want.kind === 'identifier' ? [want.identifier] : []));
  const ids = wanted.flatMap(({ want }) => (want.kind === 'id' ? [want.id] : []));
  const byIdentifier = await directory.byIdentifier(identifiers, ask);
  const byId = await directory.byId(ids, ask);
  const outcomes: DeliveryOutcome[] = [];
  const resolved: Delivery[] = [];
  for (const { delivery, want } of wanted) {
    const answer =
      want.kind === 'nothing'
        ? undefined
        : want.kind === 'id'
          ? byId.get(want.id)
          : byIdentifier.get(keyOf(want.identifier));
    const next = answer === undefined ? delivery : decided(delivery, answer, options.logical);
    if ('kind' in next) outcomes.push(next);
    else resolved.push(next);
  }
  return { outcomes, deliveries: resolved };
}

function wantedFor({ resource, patient }: Delivery): Wanted {
  if (patient === undefined) return { kind: 'nothing' };
  const { identifier, id } = subjectOf(resource);
  switch (patient.reference) {
    case 'identifier':
      return { kind: 'nothing' };
    case 'literal':
      return patient.verify === 'none' || id === undefined ? { kind: 'nothing' } : { kind: 'id', id };
    case 'conditional':
    case 'lookup':
      // A site's mapping may name its subject in a way of its own.
      return identifier === undefined ? { kind: 'nothing' } : { kind: 'identifier', identifier };
  }
}

/** The delivery as it is to be written, or why it is not. Pure. */
function decided(delivery: Delivery, answer: PatientAnswer, logical: boolean): Delivery | DeliveryOutcome {
  const { resource, patient, unsure } = delivery;
  switch (answer.kind) {
    case 'found':
      return fits(resource, answer.patient, patient?.verify ?? 'none')
        ? { ...delivery, resource: withPatientReference(resource, `Patient/${answer.patient.id}`) }
        : refused(delivery, { code: 'patient-mismatch' });
    case 'none':
      return answer.problem.code === 'patient-not-found' && goesAlone(delivery, logical)
        ? { ...delivery, resource: withPatientReference(resource, undefined) }
        : refused(delivery, answer.problem);
    case 'failed':
      return refused(delivery, unsure ? answer.problem : unsentProblem(answer.problem));
  }
}

/** Whether it may name its Patient by the identifier alone. */
const goesAlone = ({ resource, patient }: Delivery, logical: boolean): boolean =>
  patient?.missing === 'send-identifier' && logical && subjectOf(resource).identifier !== undefined;

/**
 * What the EHR refused since it lacks the Patient of a literal reference, to be written once more with the identifier
 * alone where that is wanted. Pure.
 */
export function identifierAlone(
  deliveries: readonly Delivery[],
  outcomes: readonly DeliveryOutcome[],
  logical: boolean,
): readonly Delivery[] {
  const refusedKeys = keysWithoutPatient(outcomes);
  return deliveries
    .filter((delivery) => refusedKeys.has(delivery.key))
    .filter((delivery) => delivery.patient?.reference === 'literal' && goesAlone(delivery, logical))
    .filter(({ resource }) => resource.subject?.reference !== undefined)
    .map((delivery) => ({
      ...delivery,
      unsure: false,
      resource: withPatientReference(delivery.resource, undefined),
    }));
}

/** A Patient that was found and that the EHR lacks after all, deleted meanwhile: it is looked for again. */
export function forgetLacking(
  deliveries: readonly Delivery[],
  outcomes: readonly DeliveryOutcome[],
  directory: Pick<PatientDirectory, 'forget'>,
): void {
  const refusedKeys = keysWithoutPatient(outcomes);
  for (const { key, resource } of deliveries) {
    if (refusedKeys.has(key)) directory.forget(subjectOf(resource));
  }
}

const keysWithoutPatient = (outcomes: readonly DeliveryOutcome[]): ReadonlySet<string> =>
  new Set(
    outcomes.flatMap((outcome) =>
      outcome.kind === 'refused' && outcome.problem.code === 'patient-not-found' ? [outcome.key] : [],
    ),
  );

const refused = ({ key }: Delivery, problem: Problem): DeliveryOutcome => ({ kind: 'refused', key, problem });
