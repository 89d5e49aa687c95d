import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../faults.ts';
import type { EhrFault } from './ehr-fault.ts';
import type { Asked } from './fhir-http.ts';
import type { Ehr } from './interaction.ts';
import { isObject, objectsOf } from './json.ts';
import { refused, type Done, type Reply } from './reply.ts';

/** Whether a fault applies to a request. */
export function happens({ check }: Ehr, { fault, entries = 0 }: Fault<EhrFault>, { method, body }: Asked): boolean {
  if (method === 'GET') return false;
  const bundle = isObject(body) && body['resourceType'] === 'Bundle' ? objectsOf(body['entry']) : [];
  if (fault === 'bundle-too-large') return bundle.length > entries;
  if (fault !== 'refuse-whole-bundle') return true;
  return bundle.some(({ resource }) => isObject(resource) && check(resource).length > 0);
}

export type Spoiled = Reply | { readonly kind: 'dropped' } | { readonly kind: 'html'; readonly text: string };

/** Lets the request go on as it should, or does to it what the fault says. */
export async function spoil(fault: Fault<EhrFault> | undefined, answer: () => Reply): Promise<Spoiled> {
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
      return refused(429, 'throttled', 'Too many requests.');
    case 'unavailable':
      return refused(503, 'transient', 'Out of service.');
    case 'server-error':
      return refused(500, 'exception', 'Something went wrong.');
    case 'unauthorized':
      return refused(401, 'login', 'The credentials are no longer good.');
    case 'forbidden':
      return refused(403, 'forbidden', 'The credentials do not allow this.');
    case 'conflict':
      return refused(409, 'conflict', 'Somebody else writes it at this moment.');
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
