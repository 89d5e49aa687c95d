import type { DeliveryOutcome } from '../exchange/delivery.ts';
import { problemKind, type Problem } from '../exchange/problem.ts';
import type { Instant } from '../exchange/window.ts';
import { backOffMs, wasSetBack, type Random } from './retry-policy.ts';

/** Whether anything is sent to the EHR. Each value is one state: what was sent under another says nothing of it. */
export type Circuit =
  /** `failures`: in a row, while no whole Bundle has got through since. */
  | { readonly kind: 'closed'; readonly failures: number }
  /** Nothing is sent before `until`. */
  | {
      readonly kind: 'open';
      readonly failures: number;
      readonly problem: Problem;
      readonly since: Instant;
      readonly until: Instant;
    }
  /** The pause is over: few messages go first, alone. */
  | { readonly kind: 'half-open'; readonly failures: number; readonly problem: Problem };

export const closedCircuit: Circuit = { kind: 'closed', failures: 0 };

/** So many messages are risked to see whether the EHR is back. */
export const probeRecords = 5;

/** The circuit as it is now: a pause ends by itself, also when it was a wrong clock that set its end. Pure. */
export function circuitAt(circuit: Circuit, now: Instant): Circuit {
  if (circuit.kind !== 'open' || (circuit.until > now && !wasSetBack(circuit.since, now))) return circuit;
  return halfOpen(circuit);
}

/** Somebody asks now: only a pause that the EHR asked for goes on. */
export function circuitWhenAsked(circuit: Circuit): Circuit {
  return circuit.kind === 'open' && circuit.problem.retryAfterMs === undefined ? halfOpen(circuit) : circuit;
}

const halfOpen = ({ failures, problem }: Extract<Circuit, { kind: 'open' }>): Circuit => ({
  kind: 'half-open',
  failures,
  problem,
});

/**
 * After a problem that concerns the whole EHR: a pause that doubles with each in a row. One that is under way goes on,
 * and longer where the EHR asks for that.
 */
export function circuitAfterProblem(circuit: Circuit, problem: Problem, now: Instant, random: Random): Circuit {
  if (circuit.kind === 'open') {
    const asked = now + (problem.retryAfterMs ?? 0);
    return asked > circuit.until ? { ...circuit, problem, until: asked } : circuit;
  }
  const failures = circuit.failures + 1;
  const until = now + backOffMs(failures, random, problem.retryAfterMs);
  return { kind: 'open', failures, problem, since: now, until };
}

/**
 * After answers without such a problem. After a pause the first of them lets all others go; only the one after it ends
 * the count of failures, since an EHR may take a little and fail on much.
 * @param under the circuit when they were sent
 */
export function circuitAfterAnswers(circuit: Circuit, under: Circuit, outcomes: readonly DeliveryOutcome[]): Circuit {
  if (circuit !== under || circuit.kind === 'open' || !outcomes.some(isServed)) return circuit;
  if (circuit.kind === 'half-open') return { kind: 'closed', failures: circuit.failures };
  return circuit.failures === 0 ? circuit : closedCircuit;
}

/** The EHR did what it is there for: it wrote a message, or told what it finds wrong with one. */
function isServed(outcome: DeliveryOutcome): boolean {
  if (outcome.kind === 'accepted') return true;
  const { class: kind, scope } = problemKind(outcome.problem.code);
  return scope === 'record' && outcome.problem.httpStatus !== undefined && (kind === 'permanent' || kind === 'waiting');
}

/**
 * What of these concerns the whole EHR: the longest wait that it asked for, if it asked for any. Where it throttled or
 * failed on one entry after the other and took none, that is no matter of the entries.
 */
export function destinationProblem(outcomes: readonly DeliveryOutcome[]): Problem | undefined {
  const problems = outcomes.flatMap((outcome) => (outcome.kind === 'refused' ? [outcome.problem] : []));
  const concernsAll = problems.filter(({ code }) => problemKind(code).scope === 'destination');
  if (concernsAll.length > 0) return longestWait(concernsAll);
  if (problems.length < 2 || problems.length < outcomes.length) return undefined;
  const throttled = problems.filter(({ code }) => code === 'record-throttled');
  const failed = problems.filter(({ code }) => code === 'record-server-error');
  if (throttled.length + failed.length < problems.length) return undefined;
  const worst = longestWait(throttled.length > 0 ? throttled : failed);
  return worst && { ...worst, code: throttled.length > 0 ? 'ehr-throttled' : 'ehr-server-error' };
}

const longestWait = ([first, ...others]: readonly Problem[]): Problem | undefined =>
  others.reduce((most, each) => ((each.retryAfterMs ?? 0) > (most?.retryAfterMs ?? 0) ? each : most), first);

/** Whether it asked for less at once, of the whole or of an entry, or could do nothing at all. */
export const isHeld = (outcomes: readonly DeliveryOutcome[]): boolean =>
  outcomes.some(
    (outcome) =>
      outcome.kind === 'refused' &&
      (outcome.problem.code === 'record-throttled' || problemKind(outcome.problem.code).scope === 'destination'),
  );
