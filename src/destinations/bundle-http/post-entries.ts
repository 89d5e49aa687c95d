import type { DeliveryOutcome } from '../../exchange/delivery.ts';
import { problemKind, type Problem } from '../../exchange/problem.ts';
import { cutIntoPutBundles, putBundleBytes, type BundleLimits, type PutEntry } from '../put-bundle.ts';
import { verdictOn, type Answer } from './answer.ts';

/** What the answers of the receiver taught; kept as long as the process lives. */
export interface Experience {
  limits: BundleLimits;
  /** It has taken a Bundle once: what it refuses now, it refuses for what is in it. */
  hasTaken: boolean;
}

/**
 * Posts all entries in Bundles and gives one outcome for each. A Bundle refused for its content is cut in two until the
 * entries at fault stand alone; one refused for its size is cut in two, and the size remembered. What concerns the
 * receiver (login, load, network) ends it: nothing more is posted.
 */
export async function postEntries(
  entries: readonly PutEntry[],
  experience: Experience,
  post: (entries: readonly PutEntry[]) => Promise<Answer>,
): Promise<readonly DeliveryOutcome[]> {
  const outcomes: DeliveryOutcome[] = [];
  let open = cutIntoPutBundles(entries, experience.limits);
  for (let group = open[0]; group !== undefined; group = open[0]) {
    const rest = open.slice(1);
    const verdict = verdictOn(await post(group));
    const alone = group.length === 1;
    open = rest;
    switch (verdict.kind) {
      case 'taken':
        experience.hasTaken = true;
        outcomes.push(...group.map(accepted));
        break;
      case 'content-refused':
        if (alone) outcomes.push(...refused(group, verdict.problem));
        else open = [...halves(group), ...rest];
        break;
      case 'too-large':
        if (alone) {
          outcomes.push(...refused(group, verdict.problem));
        } else {
          const maxBytes = Math.min(experience.limits.maxBytes, Math.max(...halves(group).map(putBundleBytes)));
          experience.limits = { ...experience.limits, maxBytes };
          open = cutIntoPutBundles([...group, ...rest.flat()], experience.limits);
        }
        break;
      case 'failed':
        return [
          ...blameReceiver(outcomes, experience),
          ...refused(group, verdict.problem),
          ...rest.flatMap((unsent) => refused(unsent, unsentProblem(verdict.problem))),
        ];
    }
  }
  return blameReceiver(outcomes, experience);
}

/**
 * One that has taken nothing yet, or refuses each of several, wants something else than Bundles: no message is to blame
 * for that, and none is rejected.
 */
function blameReceiver(outcomes: readonly DeliveryOutcome[], { hasTaken }: Experience): readonly DeliveryOutcome[] {
  const tookSome = outcomes.some(({ kind }) => kind === 'accepted');
  if (tookSome || (hasTaken && outcomes.length === 1)) return outcomes;
  return outcomes.map((outcome) =>
    outcome.kind === 'refused' && outcome.problem.code === 'resource-refused'
      ? { ...outcome, problem: { ...outcome.problem, code: 'listener-refused' } }
      : outcome,
  );
}

function halves(entries: readonly PutEntry[]): readonly (readonly PutEntry[])[] {
  const middle = Math.ceil(entries.length / 2);
  return [entries.slice(0, middle), entries.slice(middle)];
}

/** What was not sent cannot have arrived. */
const unsentProblem = (problem: Problem): Problem =>
  problemKind(problem.code).class === 'ambiguous' ? { code: 'ehr-unreachable' } : problem;

const refused = (entries: readonly PutEntry[], problem: Problem): readonly DeliveryOutcome[] =>
  entries.map(({ delivery }) => ({ kind: 'refused', key: delivery.key, problem }));

const accepted = ({ delivery: { key, knownReference }, reference }: PutEntry): DeliveryOutcome => ({
  kind: 'accepted',
  key,
  reference,
  change: knownReference === undefined ? 'created' : 'updated',
});
