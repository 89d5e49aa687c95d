import type { DeliveryOutcome } from '../../../exchange/delivery.ts';
import { problemKind, type Problem } from '../../../exchange/problem.ts';
import type { Answer, Answered } from '../answer.ts';
import type { BundleType } from '../capabilities.ts';
import { isId, readReference } from '../communication-reference.ts';
import { readOutcome } from '../operation-outcome.ts';
import { isObject, isResource, objectOf, objectsOf, textOf, type JsonObject } from '../untrusted.ts';
import { failureOf, isAboutContent, recordProblem, requestProblem } from './answer-problem.ts';
import { identifierOf, type Write } from './bundle.ts';

/** What an answer means for the writes that were sent in one request. */
export type Verdict =
  /** One outcome per write, in their order. */
  | { readonly kind: 'settled'; readonly outcomes: readonly DeliveryOutcome[] }
  /** Nothing was written, because of what one or more of the writes hold. `problem` is right where there is one. */
  | { readonly kind: 'content-refused'; readonly problem: Problem; readonly inFhir: boolean }
  | { readonly kind: 'too-large'; readonly by: 'bytes' | 'entries'; readonly problem: Problem }
  /** The EHR takes no Bundle of this type. */
  | { readonly kind: 'not-offered' }
  /** It concerns the whole EHR: the same for each write. */
  | { readonly kind: 'failed'; readonly problem: Problem };

/** @param type as they were sent; `none` with exactly one write. Pure. */
export function readReply(type: BundleType, writes: readonly Write[], answer: Answer): Verdict {
  if (answer.kind === 'failed') return answer;
  const [first] = writes;
  if (isDone(answer.status)) {
    return type === 'none' && first !== undefined ? readSingle(first, answer) : readBundle(writes, answer);
  }
  const findings = readOutcome(answer.body);
  if (answer.status === 413 || (findings.tooLarge && isAboutContent(answer))) {
    const problem = { ...requestProblem(answer), code: 'resource-too-large' as const };
    return { kind: 'too-large', by: answer.status === 413 ? 'bytes' : 'entries', problem };
  }
  const bundleUnknown = findings.notSupported && findings.where === undefined && isAboutContent(answer);
  if (type !== 'none' && (answer.status === 405 || answer.status === 501 || bundleUnknown)) {
    return { kind: 'not-offered' };
  }
  if (isAboutContent(answer) && first !== undefined) {
    const inFhir = isResource(answer.body);
    return { kind: 'content-refused', problem: recordProblem(first, answer.status, answer.body, inFhir), inFhir };
  }
  return { kind: 'failed', problem: failureOf(writes, answer) };
}

/** A write that was carried out. 202 is none: it was only taken in. */
const isDone = (status: number): boolean => status === 200 || status === 201 || status === 204;

/** The answer to one write: empty (as asked for), the Communication, or remarks. Anything else is not the EHR's. */
function readSingle(write: Write, answer: Answered): Verdict {
  const { status, location, etag, body } = answer;
  const isEmpty = isObject(body) && Object.keys(body).length === 0;
  if (!isEmpty && !isResource(body, 'Communication') && !isResource(body, 'OperationOutcome')) {
    return { kind: 'failed', problem: requestProblem(answer) };
  }
  return { kind: 'settled', outcomes: [accepted(write, status, location, etag, body)] };
}

/** A reply has one entry per entry of the request, in its order, in FHIR's words. What is not so is not believed. */
function readBundle(writes: readonly Write[], answer: Answered): Verdict {
  if (!isResource(answer.body, 'Bundle')) return { kind: 'failed', problem: requestProblem(answer) };
  const entries = objectsOf(answer.body['entry']);
  const isAnswered = entries.length === writes.length && !writes.some((write, at) => isOfAnother(write, entries[at]));
  if (!isAnswered) return { kind: 'settled', outcomes: writes.map((write) => unknown(write)) };
  const [common] = new Set(entries.map(statusOf));
  if (
    entries.length > 1 &&
    (common === 429 || common === 503) &&
    entries.every((entry) => statusOf(entry) === common)
  ) {
    // It did nothing at all: that is no matter of the entries.
    return { kind: 'failed', problem: requestProblem({ ...answer, status: common, body: undefined }) };
  }
  const outcomes = writes.map((write, at) => readEntry(write, objectOf(entries[at]), answer.retryAfterMs));
  return { kind: 'settled', outcomes: blameEntries(distrustRepeated(outcomes)) };
}

/** NaN: it tells none. `201 Created` is 201. */
function statusOf(entry: JsonObject): number {
  return Number(/^(\d{3})(?!\d)/.exec(textOf(objectOf(entry['response'])['status']) ?? '')?.[1]);
}

/** It names another message than ours, so the reply is in another order than the request. */
function isOfAnother({ delivery }: Write, entry: JsonObject = {}): boolean {
  const { fullUrl, resource } = entry;
  if (typeof fullUrl === 'string' && fullUrl.startsWith('urn:uuid:')) return fullUrl !== `urn:uuid:${delivery.key}`;
  const told = isResource(resource, 'Communication') ? objectsOf(resource['identifier']) : [];
  const ours = identifierOf(delivery.resource);
  return (
    told.length > 0 &&
    ours !== undefined &&
    !told.some(({ system, value }) => system === ours.system && value === ours.value)
  );
}

function readEntry(write: Write, entry: JsonObject, retryAfterMs: number | undefined): DeliveryOutcome {
  const response = objectOf(entry['response']);
  const status = statusOf(entry);
  if (Number.isNaN(status)) return unknown(write);
  if (isDone(status)) {
    const { location, etag } = response;
    return accepted(write, status, textOf(location), textOf(etag), objectOf(entry['resource']));
  }
  const problem = recordProblem(write, status, response['outcome'], true);
  // An entry has no headers: how long to wait is said once for all of them.
  const isPutOff = retryAfterMs !== undefined && (status === 429 || status === 503);
  return { kind: 'refused', key: write.delivery.key, problem: isPutOff ? { ...problem, retryAfterMs } : problem };
}

/** Where it is now; unknown when the answer tells nothing, or of another Communication than the one written. */
function accepted(
  write: Write,
  status: number,
  location: string | undefined,
  etag: string | undefined,
  resource: JsonObject,
): DeliveryOutcome {
  const told = readReference(location ?? '');
  const toldId = told?.id ?? (isResource(resource, 'Communication') ? textOf(resource['id']) : undefined);
  const target = write.target.kind === 'id' ? write.target.id : undefined;
  const id = toldId ?? target;
  if (id === undefined || !isId(id) || (target !== undefined && id !== target)) return unknown(write);
  const version = versionOf(etag) ?? told?.version ?? textOf(objectOf(resource['meta'])['versionId']);
  return {
    kind: 'accepted',
    key: write.delivery.key,
    reference: `Communication/${id}`,
    ...(version === undefined ? {} : { version }),
    change: changeOf(write, status),
  };
}

/** A conditional create that is answered with 200 met what is there: the body that was sent is ignored. */
function changeOf({ target }: Write, status: number): 'created' | 'updated' | 'unchanged' {
  if (status === 201) return 'created';
  return target.kind === 'new' && target.conditional ? 'unchanged' : 'updated';
}

/** `W/"3"` is version 3. */
export function versionOf(etag: string | undefined): string | undefined {
  return /^(?:W\/)?"([A-Za-z0-9.-]{1,64})"$/.exec(etag ?? '')?.[1];
}

/** Two writes cannot have become one Communication: which is which is not known. */
function distrustRepeated(outcomes: readonly DeliveryOutcome[]): readonly DeliveryOutcome[] {
  const times = new Map<string, number>();
  for (const outcome of outcomes) {
    if (outcome.kind === 'accepted') times.set(outcome.reference, (times.get(outcome.reference) ?? 0) + 1);
  }
  return outcomes.map((outcome) =>
    outcome.kind === 'accepted' && (times.get(outcome.reference) ?? 0) > 1
      ? { kind: 'refused', key: outcome.key, problem: { code: 'record-answer-lost' } }
      : outcome,
  );
}

/**
 * What is said of one entry while its neighbours were taken is about that entry, and no reason to stop for all: one
 * Patient behind a lock answers 403 to a login that may write to others. A login that ended meanwhile (401) is no fault
 * of the message, which is sent again.
 */
function blameEntries(outcomes: readonly DeliveryOutcome[]): readonly DeliveryOutcome[] {
  if (!outcomes.some(({ kind }) => kind === 'accepted')) return outcomes;
  return outcomes.map((outcome) =>
    outcome.kind === 'refused' && problemKind(outcome.problem.code).scope === 'destination'
      ? { ...outcome, problem: { ...outcome.problem, code: blamed(outcome.problem) } }
      : outcome,
  );
}

const blamed = ({ httpStatus }: Problem): Problem['code'] =>
  httpStatus === 401 ? 'record-server-error' : 'resource-refused';

const unknown = ({ delivery }: Write): DeliveryOutcome => ({
  kind: 'refused',
  key: delivery.key,
  problem: { code: 'record-answer-lost' },
});
