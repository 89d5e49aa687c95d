import type { Delivery, DeliveryOutcome } from '../../../exchange/delivery.ts';
import { problemKind, type Problem } from '../../../exchange/problem.ts';
import { unsentProblem } from '../writing/answer-problem.ts';
import { sendConditionally, type ConditionalOptions } from './conditional.ts';
import { subjectOf } from './patient-references.ts';
import { forgetLacking, identifierAlone, resolvePatients, type ResolveOptions } from './resolve-patients.ts';

export interface SendByPatientOptions extends ResolveOptions {
  /** Undefined: the EHR takes no transactions, or wants to be asked first. */
  readonly conditional: ConditionalOptions | undefined;
  /** Writes deliveries whose references are as they are to be; one outcome for each. */
  readonly write: (deliveries: readonly Delivery[]) => Promise<readonly DeliveryOutcome[]>;
}

/**
 * Sends each delivery with the reference to its Patient that its policy wants, and gives one outcome for each. What
 * concerns the whole EHR ends it.
 */
export async function sendByPatient(
  deliveries: readonly Delivery[],
  options: SendByPatientOptions,
): Promise<readonly DeliveryOutcome[]> {
  const { conditional, directory, logical, write } = options;
  const { outcomes: atOnce, left } =
    conditional === undefined ? { outcomes: [], left: deliveries } : await sendConditionally(deliveries, conditional);
  const failure = failureIn(atOnce);
  if (failure !== undefined) {
    return [...atOnce, ...left.map(({ key, unsure }) => refused(key, unsure ? failure : unsentProblem(failure)))];
  }
  const resolved = await resolvePatients(left, options);
  const written = resolved.deliveries.length === 0 ? [] : await write(resolved.deliveries);
  forgetLacking(resolved.deliveries, written, directory);
  const alone = failureIn(written) === undefined ? identifierAlone(resolved.deliveries, written, logical) : [];
  const writtenAlone = alone.length === 0 ? [] : await write(alone);
  const moved = failureIn(written) === undefined ? await followMoved(left, resolved.deliveries, written, options) : [];
  const replaced = new Set([...writtenAlone, ...moved].map(({ key }) => key));
  return [
    ...atOnce,
    ...resolved.outcomes,
    ...written.filter(({ key }) => !replaced.has(key)),
    ...writtenAlone,
    ...moved,
  ];
}

/**
 * The EHR has some of these under another Patient than they were to be written for: whose they are is looked for once
 * more, past what is remembered, and where that has changed they are written.
 * @param written as their references were
 */
async function followMoved(
  deliveries: readonly Delivery[],
  written: readonly Delivery[],
  outcomes: readonly DeliveryOutcome[],
  options: SendByPatientOptions,
): Promise<readonly DeliveryOutcome[]> {
  const keys = new Set(
    outcomes.flatMap((outcome) =>
      outcome.kind === 'refused' && outcome.problem.code === 'subject-moved' ? [outcome.key] : [],
    ),
  );
  const moved = deliveries.filter(({ key, patient }) => keys.has(key) && patient !== undefined);
  if (moved.length === 0) return [];
  for (const { resource } of moved) options.directory.forget(subjectOf(resource));
  const before = new Map(written.map(({ key, resource }) => [key, resource.subject?.reference]));
  const again = await resolvePatients(
    moved.map((delivery) => ({ ...delivery, unsure: true })),
    options,
  );
  const others = again.deliveries.filter(({ key, resource }) => resource.subject?.reference !== before.get(key));
  return [...again.outcomes, ...(others.length === 0 ? [] : await options.write(others))];
}

/** What concerns the whole EHR. */
function failureIn(outcomes: readonly DeliveryOutcome[]): Problem | undefined {
  const failed = outcomes.find(
    (outcome) => outcome.kind === 'refused' && problemKind(outcome.problem.code).scope === 'destination',
  );
  return failed?.kind === 'refused' ? failed.problem : undefined;
}

const refused = (key: string, problem: Problem): DeliveryOutcome => ({
  kind: 'refused',
  key,
  problem,
});
