import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../faults.ts';
import type { EhrFault } from './ehr-fault.ts';
import type { Asked } from './fhir-http.ts';
import type { Ehr } from './interaction.ts';
import { isObject, objectsOf, textOf, type JsonObject } from './json.ts';
import { operationOutcome, refused, type Done, type Reply } from './reply.ts';
import { findByCriteria, type Found } from './search.ts';
import { resourceTypes } from './store.ts';
import { refusal } from './words.ts';

/** Whether a fault applies to a request. */
export function happens({ check }: Ehr, { fault, entries = 0, reads = false }: Fault<EhrFault>, asked: Asked): boolean {
  const { method, path, body } = asked;
  if (method === 'GET' && !(reads && path !== 'metadata')) return false;
  const bundle = isObject(body) && body['resourceType'] === 'Bundle' ? objectsOf(body['entry']) : [];
  if (fault === 'bundle-too-large') return bundle.length > entries;
  if (fault !== 'refuse-whole-bundle') return true;
  return bundle.some(({ resource }) => isObject(resource) && check(resource).length > 0);
}

export type Spoiled = Reply | { readonly kind: 'dropped' } | { readonly kind: 'html'; readonly text: string };

/** Lets the request go on as it should, or does to it what the fault says. */
export async function spoil(
  ehr: Ehr,
  fault: Fault<EhrFault> | undefined,
  asked: Asked,
  answerWith: (ehr: Ehr, asked: Asked) => Reply,
): Promise<Spoiled> {
  const answer = (): Reply => answerWith(ehr, asked);
  if (fault === undefined) return answer();
  switch (fault.fault) {
    case 'drop-before-commit':
      return { kind: 'dropped' };
    case 'drop-after-commit':
      answer();
      return { kind: 'dropped' };
    case 'error-after-commit':
      answer();
      return refused(500, 'exception', 'Something went wrong.');
    case 'no-location':
      return withoutLocation(answer());
    case 'short-reply':
      return shortened(answer());
    case 'slow':
      await sleep(fault.delayMs ?? 1000);
      return answer();
    case 'too-many-requests':
      return refusal(ehr, 'throttled');
    case 'unavailable':
      return refused(503, 'transient', 'Out of service.');
    case 'server-error':
      return refused(500, 'exception', 'Something went wrong.');
    case 'unauthorized':
      return refused(401, 'login', 'The credentials are no longer good.');
    case 'forbidden':
      return refused(403, 'forbidden', 'The credentials do not allow this.');
    case 'conflict':
      return refusal(ehr, 'raced');
    case 'race': {
      const seen = conditionsIn(ehr, asked);
      await sleep(fault.delayMs ?? 50);
      return answerWith({ ...ehr, seen }, asked);
    }
    case 'alter':
      return answerWith(ehr, { ...asked, body: altered(asked.body) });
    case 'throttle-entries':
      return throttledAfter(ehr, fault.entries ?? 0, asked, answerWith);
    case 'html':
      return { kind: 'html', text: '<!doctype html><title>Maintenance</title><h1>We will be back soon</h1>\n' };
    case 'bundle-too-large':
      return refused(413, 'too-costly', `A Bundle may have ${fault.entries ?? 0} entries at most.`);
    case 'refuse-whole-bundle':
      return refused(400, 'structure', 'HAPI-0450: Failed to parse request body as JSON resource.');
    default:
      return fault.fault satisfies never;
  }
}

function withoutLocation(reply: Reply): Reply {
  if (reply.kind === 'refused') return reply;
  const { location: _, version: __, body, ...rest } = reply;
  const bare: Done = { ...rest, ...(body === undefined ? {} : { body: withoutKeys(body, ['location', 'etag']) }) };
  return bare;
}

/** The reply Bundle without its last entry. */
function shortened(reply: Reply): Reply {
  if (reply.kind === 'refused' || reply.body === undefined) return reply;
  const bundle: unknown = JSON.parse(reply.body);
  if (!isObject(bundle) || !Array.isArray(bundle['entry'])) return reply;
  return { ...reply, body: JSON.stringify({ ...bundle, entry: bundle['entry'].slice(0, -1) }) };
}

function withoutKeys(text: string, keys: readonly string[]): string {
  return JSON.stringify(JSON.parse(text), (key, value: unknown) => (keys.includes(key) ? undefined : value));
}

/** What each condition of a request fits now. */
function conditionsIn(ehr: Ehr, { method, path, query, headers, body }: Asked): ReadonlyMap<string, Found> {
  const entries = isObject(body) && body['resourceType'] === 'Bundle' ? objectsOf(body['entry']) : [];
  const requests = entries.flatMap(({ request }) => (isObject(request) ? [request] : []));
  const alone = {
    method,
    url: query.size === 0 ? path : `${path}?${query.toString()}`,
    ifNoneExist: headers['if-none-exist'],
  };
  const seen = new Map<string, Found>();
  for (const request of [...requests, alone]) {
    const [name, search] = (textOf(request['url']) ?? '').split('?');
    const type = resourceTypes.find((each) => each === name);
    const given =
      request['method'] === 'PUT' && search !== undefined ? new URLSearchParams(search).toString() : undefined;
    const criteria = given ?? textOf(request['ifNoneExist']);
    if (type !== undefined && criteria !== undefined)
      seen.set(`${type}?${criteria}`, findByCriteria(ehr, type, criteria));
  }
  return seen;
}

/** Without what some servers leave out: extensions they do not know, and an element. */
function altered(body: unknown): unknown {
  const text = JSON.stringify(body, (name, value: unknown) =>
    name === 'extension' || name === 'sent' ? undefined : value,
  );
  const value: unknown = JSON.parse(text);
  return value;
}

/** What a server does that has had enough in the middle of a batch. Anything but a batch is refused whole. */
function throttledAfter(ehr: Ehr, count: number, asked: Asked, answerWith: (ehr: Ehr, asked: Asked) => Reply): Reply {
  const throttled = refusal(ehr, 'throttled');
  const { body } = asked;
  if (!isObject(body) || body['type'] !== 'batch') return throttled;
  const entries = objectsOf(body['entry']);
  const reply = answerWith(ehr, { ...asked, body: { ...body, entry: entries.slice(0, count) } });
  const bundle: unknown = reply.kind === 'done' && reply.body !== undefined ? JSON.parse(reply.body) : undefined;
  if (!isObject(bundle)) return reply;
  const outcome = operationOutcome(throttled.issues, ehr.profile.habits.textIn);
  const rest = entries.slice(count).map((): JsonObject => ({ response: { status: '429', outcome } }));
  return {
    kind: 'done',
    status: 200,
    body: JSON.stringify({ ...bundle, entry: [...objectsOf(bundle['entry']), ...rest] }),
  };
}
