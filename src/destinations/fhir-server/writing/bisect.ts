import type { DeliveryOutcome } from '../../../exchange/delivery.ts';
import type { Problem } from '../../../exchange/problem.ts';
import type { Answer } from '../answer.ts';
import type { BundleType } from '../capabilities.ts';
import { unsentProblem } from './answer-problem.ts';
import { cutIntoBundles, isPlainCreate, type Write } from './bundle.ts';
import type { BundleExperience } from './bundle-experience.ts';
import { readReply } from './bundle-reply.ts';

/** Sends writes in one request. With type `none` there is exactly one. */
export type SendWrites = (type: BundleType, writes: readonly Write[]) => Promise<Answer>;

interface Group {
  readonly writes: readonly Write[];
  /** Set where it must be this type; else what experience says. */
  readonly type?: BundleType;
}

/**
 * Sends all writes and gives one outcome for each. A transaction refused for its content goes once as batch where the
 * EHR takes one. What is refused as a whole is cut in two until the entries at fault stand alone: at most 2 log2 n + 1
 * requests for one of them. What concerns the whole EHR (login, load, network) ends it: nothing more is sent.
 * A server that keeps failing (500) may fail on one message: from the third time on that one is looked for, too.
 */
export async function sendWrites(
  writes: readonly Write[],
  experience: BundleExperience,
  send: SendWrites,
): Promise<readonly DeliveryOutcome[]> {
  const outcomes: DeliveryOutcome[] = [];
  const bundled = (group: readonly Write[]): readonly Group[] =>
    cutIntoBundles(group, experience.limits()).map((each) => ({ writes: each }));
  /** What waits is cut again by what was just learned. */
  const recut = ({ writes: waiting, type }: Group): readonly Group[] =>
    bundled(waiting).map((each) => ({ ...each, ...(type === undefined ? {} : { type }) }));
  let open = bundled(writes);
  let strange = 0;
  /** Looking for one message that the server fails on: errors in a row, and how many it takes to get down to one. */
  let searching = false;
  let failures = 0;
  const deepest = Math.ceil(Math.log2(writes.length)) + 1;
  for (let group = open[0]; group !== undefined; group = open[0]) {
    const rest = open.slice(1);
    const type = group.type ?? experience.next();
    const verdict = readReply(type, group.writes, await send(type, group.writes));
    const alone = group.writes.length === 1;
    open = rest;
    switch (verdict.kind) {
      case 'settled':
        outcomes.push(...verdict.outcomes);
        experience.served();
        failures = 0;
        if (type === 'transaction') experience.transaction(true);
        break;
      case 'content-refused':
        if (alone) {
          outcomes.push(...refused(group.writes, verdict.problem));
          if (!verdict.inFhir) strange += 1;
        } else if (type === 'transaction' && experience.batchWorks()) {
          experience.transaction(false);
          open = [{ writes: group.writes, type: 'batch' }, ...rest];
        } else {
          open = [...halves(group.writes).map((half) => ({ writes: half, type })), ...rest];
        }
        break;
      case 'too-large':
        if (alone) {
          outcomes.push(...refused(group.writes, verdict.problem));
        } else {
          experience.halved(verdict.by, halves(group.writes));
          open = [{ writes: group.writes, type }, ...rest].flatMap(recut);
        }
        break;
      case 'not-offered':
        experience.notOffered(type);
        open = [...bundled(group.writes), ...rest.flatMap(recut)];
        break;
      case 'failed':
        if (verdict.problem.code === 'ehr-server-error') {
          // One message may be what the server fails on: the next try goes as batch, where it fails alone.
          if (type === 'transaction') experience.transaction(false);
          experience.serverFailed();
          failures += 1;
          // Where one is at fault, every other half gets through; where none does, the server is.
          searching ||= experience.suspectsOne();
          if (searching && failures <= deepest) {
            if (alone) outcomes.push(...refused(group.writes, { ...verdict.problem, code: 'record-server-error' }));
            else open = [...halves(group.writes).map((half) => ({ writes: half, type })), ...rest];
            break;
          }
        }
        if (verdict.problem.code === 'ehr-answer-lost' && verdict.problem.httpStatus !== undefined) {
          // It failed on what may not be sent again before it was looked for: one message may be the reason here, too.
          experience.serverFailed();
          failures += 1;
          if (experience.suspectsOne() && group.writes.some(isPlainCreate)) {
            if (!alone) experience.halved('entries', halves(group.writes));
            if (alone && failures === 1) {
              outcomes.push(...refused(group.writes, { ...verdict.problem, code: 'record-answer-lost' }));
              break;
            }
          }
        }
        outcomes.push(...refused(group.writes, verdict.problem));
        return [...outcomes, ...rest.flatMap((unsent) => refused(unsent.writes, unsentProblem(verdict.problem)))];
    }
  }
  return outcomes.length > 1 && strange === outcomes.length ? outcomes.map(notFhir) : outcomes;
}

function halves(writes: readonly Write[]): readonly (readonly Write[])[] {
  const middle = Math.ceil(writes.length / 2);
  return [writes.slice(0, middle), writes.slice(middle)];
}

const refused = (writes: readonly Write[], problem: Problem): readonly DeliveryOutcome[] =>
  writes.map(({ delivery }) => ({ kind: 'refused', key: delivery.key, problem }));

/** Each write was refused alone and none in FHIR: that is a proxy in between and no fault of the messages. */
function notFhir(outcome: DeliveryOutcome): DeliveryOutcome {
  return outcome.kind === 'accepted'
    ? outcome
    : { ...outcome, problem: { ...outcome.problem, code: 'ehr-unexpected-answer' } };
}
