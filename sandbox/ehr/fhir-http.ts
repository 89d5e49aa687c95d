import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FaultQueue } from '../faults.ts';
import { readBody, readJson } from '../http.ts';
import { challengeOf, isLetIn, type EhrAuth } from './authorization.ts';
import { performBundle } from './bundle.ts';
import type { EhrFault } from './ehr-fault.ts';
import { happens, spoil } from './faulty-answer.ts';
import { perform, type Ehr } from './interaction.ts';
import { etagOf } from './read.ts';
import { operationOutcome, refused, type Refused, type Reply } from './reply.ts';
import { refusal } from './words.ts';

/** A request, and what became of it. */
export interface EhrRequest {
  readonly at: number;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly status: number;
  /** What went wrong because it was told to. */
  readonly fault?: EhrFault;
}

export interface FhirHttp {
  readonly ehr: Ehr;
  readonly auth: EhrAuth;
  readonly faults: FaultQueue<EhrFault>;
  readonly requests: EhrRequest[];
  readonly now: () => number;
  readonly maxBodyBytes: number;
}

const requestsKept = 10_000;
const fhirJson = 'application/fhir+json; charset=utf-8';

/** Answers one request in FHIR's words; every error is an OperationOutcome. */
export async function answerFhir(http: FhirHttp, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { ehr, faults, requests, now } = http;
  const log = (status: number, fault?: EhrFault): void => {
    const { method = '', url: path = '' } = request;
    requests.push({ at: now(), method, path, status, ...(fault === undefined ? {} : { fault }) });
    if (requests.length > requestsKept) requests.shift();
  };
  const read = await readRequest(http, request);
  if (read.kind === 'gone') return;
  if (read.kind === 'refused') {
    log(read.status);
    return send(http, request, response, read);
  }
  const fault = faults.take((each) => happens(ehr, each, read));
  const reply = await spoil(ehr, fault, read, answerOf);
  log(reply.kind === 'dropped' ? 0 : reply.kind === 'html' ? 200 : reply.status, fault?.fault);
  if (fault?.retryAfter !== undefined) response.setHeaders(waitHeaders(ehr, fault.retryAfter));
  if (reply.kind === 'done' || reply.kind === 'refused') send(http, request, response, reply);
  else if (reply.kind === 'html') response.writeHead(200, { 'content-type': 'text/html' }).end(reply.text);
  else request.socket.destroy();
}

/** How servers of that kind say how long to wait; none for those that do not. */
function waitHeaders({ profile }: Ehr, retryAfter: string): Headers {
  const seconds = Number(retryAfter);
  const values = {
    'retry-after': retryAfter,
    'x-ms-retry-after-ms': String(seconds * 1000),
    ratelimit: `"requests";r=0;t=${retryAfter}`,
  };
  return new Headers(profile.habits.tellsWait.map((name): [string, string] => [name, values[name]]));
}

/** What was asked, once it is known to be FHIR and to be allowed. */
export interface Asked {
  readonly kind: 'asked';
  readonly method: string;
  /** Below the base, without a slash in front; '' is the base. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  /** Undefined where there is none. */
  readonly body: unknown;
}

async function readRequest(
  { ehr, auth, maxBodyBytes }: FhirHttp,
  request: IncomingMessage,
): Promise<Asked | Refused | { readonly kind: 'gone' }> {
  const { method = '', url = '', headers } = request;
  const [path = '', ...query] = url.split('?');
  const asked = new URLSearchParams(query.join('?'));
  const below = /^\/fhir(?:\/(.*))?$/.exec(path);
  const format = asked.get('_format');
  asked.delete('_format');
  asked.delete('_pretty');
  if (below === null) return refused(404, 'not-found', 'FHIR is below /fhir.');
  const read = {
    kind: 'asked',
    method: method === 'HEAD' ? 'GET' : method,
    path: below[1] ?? '',
    query: asked,
    headers,
  } as const;
  if (read.path !== 'metadata' && !isLetIn(auth, headers.authorization)) {
    return refused(401, 'login', 'Credentials are needed.');
  }
  if (!takesJson(format ?? headers.accept)) return refused(406, 'not-supported', 'This EHR speaks JSON only.');
  const patches = method === 'PATCH' && ehr.offers.interactions.Communication.includes('patch');
  if (method !== 'POST' && method !== 'PUT' && !patches) return { ...read, body: undefined };
  const type = headers['content-type'] ?? '';
  const isForm = read.path.endsWith('/_search') && /^application\/x-www-form-urlencoded\b/i.test(type);
  if (!isForm && !/^application\/(?:fhir\+|json-patch\+)?json\b/i.test(type)) {
    return refused(415, 'not-supported', 'Send application/fhir+json.');
  }
  if (headers['content-encoding'] !== undefined) return refused(415, 'not-supported', 'Send it uncompressed.');
  const body = await readBody(request, maxBodyBytes);
  if (body.kind === 'too-large') return refusal(ehr, 'body-too-large');
  if (body.kind === 'unreadable') {
    return request.complete ? refused(400, 'structure', 'The body is not UTF-8.') : { kind: 'gone' };
  }
  if (isForm) {
    for (const [name, value] of new URLSearchParams(body.text)) asked.append(name, value);
    return { ...read, method: 'GET', path: read.path.slice(0, -'/_search'.length), body: undefined };
  }
  const json = readJson(body.text);
  return json.kind === 'malformed' ? refused(400, 'structure', 'The body is not JSON.') : { ...read, body: json.value };
}

const takesJson = (accept: string | undefined): boolean =>
  accept === undefined || /\bjson\b|\*\/\*|application\/\*/i.test(accept);

function answerOf(ehr: Ehr, { method, path, query, headers, body }: Asked): Reply {
  try {
    if (path === '') {
      if (method !== 'POST') return { ...refused(405, 'not-supported', 'POST a Bundle here.'), allow: 'POST' };
      return performBundle(ehr, body, { echo: preferOf(headers) === 'representation' });
    }
    const { 'if-match': ifMatch, 'if-none-exist': ifNoneExist, 'cache-control': cacheControl = '' } = headers;
    return perform(ehr, {
      method,
      path: decodeURIComponent(path),
      query,
      ifMatch,
      noCache: /\bno-cache\b/i.test(cacheControl),
      ifNoneExist: typeof ifNoneExist === 'string' ? ifNoneExist : undefined,
      resource: body,
    });
  } catch (error) {
    if (error instanceof URIError) return refused(400, 'invalid', 'The address is not well-formed.');
    return refused(500, 'exception', error instanceof Error ? error.name : 'Error');
  }
}

const preferOf = ({ prefer }: IncomingMessage['headers']): string | undefined =>
  /\breturn=(\w+)/.exec(String(prefer ?? ''))?.[1];

function send({ ehr, auth }: FhirHttp, request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  if (response.destroyed) return;
  if (reply.kind === 'refused') {
    if (reply.allow !== undefined) response.setHeader('allow', reply.allow);
    if (reply.status === 401) response.setHeader('www-authenticate', challengeOf(auth));
    response
      .writeHead(reply.status, { 'content-type': fhirJson })
      .end(`${JSON.stringify(operationOutcome(reply.issues, ehr.profile.habits.textIn))}\n`);
    return;
  }
  const { status, body, location, version, lastUpdated } = reply;
  if (version !== undefined) response.setHeader('etag', etagOf(version));
  if (lastUpdated !== undefined) response.setHeader('last-modified', new Date(lastUpdated).toUTCString());
  const isWrite = request.method !== 'GET' && request.method !== 'HEAD';
  const locates = request.method !== 'PUT' || ehr.profile.habits.locatesUpdates;
  if (location !== undefined && isWrite && locates) response.setHeader('location', `${ehr.base}/${location}`);
  // A Bundle is the answer itself; minimal leaves out what the client has sent.
  const minimal = isWrite && location !== undefined && preferOf(request.headers) === 'minimal';
  if (body === undefined || minimal) response.writeHead(status).end();
  else response.writeHead(status, { 'content-type': fhirJson }).end(body);
}
