import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type {
  Bundle,
  BundleEntry,
  CapabilityStatement,
  CapabilityStatementRestResource,
  Communication,
  OperationOutcome,
} from 'fhir/r4.js';

/** One request as it arrived. */
export interface Heard {
  readonly method: string;
  /** Below the base, with the query; empty is the base itself. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What is done with a request instead of the usual; `usual` does that, and answers unless told not to. */
export type Reaction = (
  heard: Heard,
  response: ServerResponse,
  usual: (options?: { readonly answer: boolean }) => void,
) => void;

export interface Refusal {
  readonly status: number;
  readonly outcome: OperationOutcome;
}

export interface Held {
  readonly resource: Communication;
  readonly version: number;
}

export interface ScriptedEhr {
  readonly url: string;
  readonly heard: Heard[];
  /** What the next requests meet, one after the other, metadata and the try of the login apart. */
  readonly script: Reaction[];
  /** What the next requests for metadata meet. */
  readonly metadata: Reaction[];
  /** What the next tries of the login meet. */
  readonly login: Reaction[];
  readonly held: Map<string, Held>;
  /** How often a Communication was created or got another version. */
  readonly writes: () => number;
  /** The requests that carried Communications. */
  readonly sent: () => readonly Heard[];
  readonly close: () => Promise<void>;
}

export interface EhrOptions {
  readonly statement?: CapabilityStatement;
  /** Whether it does not take a Communication, for itself or within a Bundle. */
  readonly refuses?: (resource: Communication) => Refusal | undefined;
  /** A Bundle with such a Communication is refused whole, as HAPI does for what it cannot parse. */
  readonly cannotParse?: (resource: Communication) => boolean;
  readonly maxBytes?: number;
  /** It overlooks If-None-Exist, as some servers do. */
  readonly ignoresConditions?: boolean;
  /** Searches do not find what was written so many searches ago. */
  readonly lag?: number;
  readonly locations?: boolean;
  /** What it says at .well-known/smart-configuration; without it there is none. */
  readonly smartConfiguration?: () => object;
  /** Answers to any request with another header are 401. */
  readonly authorization?: () => string;
}

type Answerable = Bundle | CapabilityStatement | Communication | OperationOutcome;

const nothing: Communication = { resourceType: 'Communication', status: 'unknown' };

/** An EHR of a few lines: it keeps Communications in memory and does what a script says. */
export async function startScriptedEhr(options: EhrOptions = {}): Promise<ScriptedEhr> {
  const { statement = hapiLike, refuses = () => undefined, cannotParse = () => false, locations = true } = options;
  const held = new Map<string, Held>();
  const heard: Heard[] = [];
  const script: Reaction[] = [];
  const metadata: Reaction[] = [];
  const login: Reaction[] = [];
  let writes = 0;
  let ids = 0;
  let lag = options.lag ?? 0;

  interface Reply {
    readonly status: number;
    readonly body?: Answerable;
    readonly location?: string;
    readonly etag?: string;
  }

  function put(url: string, resource: Communication): Reply {
    const refusal = refuses(resource);
    if (refusal !== undefined) return { status: refusal.status, body: refusal.outcome };
    if (!url.includes('?')) return store(url.split('/')[1] ?? '', resource);
    const found = matching(url);
    if (found.length > 1) return { status: 412, body: outcome('multiple-matches') };
    return store(found[0] ?? `server-${(ids += 1)}`, resource);
  }

  function create(resource: Communication, ifNoneExist: string | undefined): Reply {
    const refusal = refuses(resource);
    if (refusal !== undefined) return { status: refusal.status, body: refusal.outcome };
    if (ifNoneExist !== undefined && options.ignoresConditions !== true) {
      const [met, another] = matching(`?${ifNoneExist}`);
      if (another !== undefined) return { status: 412, body: outcome('multiple-matches') };
      // What is there stays as it is.
      if (met !== undefined) return { status: 200, ...placeOf(met) };
    }
    return store(`server-${(ids += 1)}`, resource);
  }

  function placeOf(id: string): Pick<Reply, 'etag' | 'location'> {
    const { version = 0 } = held.get(id) ?? {};
    return {
      etag: `W/"${version}"`,
      ...(locations ? { location: `Communication/${id}/_history/${version}` } : {}),
    };
  }

  function store(id: string, resource: Communication): Reply {
    const before = held.get(id);
    const content = JSON.stringify({ ...resource, id });
    const same = before !== undefined && JSON.stringify(before.resource) === content;
    const version = before === undefined ? 1 : before.version + (same ? 0 : 1);
    if (!same) writes += 1;
    held.set(id, { resource: JSON.parse(content), version });
    return { status: before === undefined ? 201 : 200, ...placeOf(id) };
  }

  function matching(url: string): readonly string[] {
    const wanted = new URLSearchParams(url.split('?')[1]).get('identifier')?.replace(/\\(.)/g, '$1');
    return [...held].flatMap(([id, { resource }]) =>
      resource.identifier?.some(({ system, value }) => `${system}|${value}` === wanted) ? [id] : [],
    );
  }

  function get(path: string): Reply {
    if (path === 'metadata') return { status: 200, body: statement };
    if (path.includes('?')) {
      lag -= 1;
      const entry = lag >= 0 ? [] : matching(path).map((id) => ({ resource: shown(id) }));
      return { status: 200, body: { resourceType: 'Bundle', type: 'searchset', entry } };
    }
    const id = path.split('/')[1] ?? '';
    return held.has(id) ? { status: 200, body: shown(id) } : { status: 404, body: outcome('not-found') };
  }

  function shown(id: string): Communication {
    const { resource, version } = held.get(id) ?? { resource: nothing, version: 0 };
    return { ...resource, meta: { versionId: `${version}`, lastUpdated: '2026-03-05T14:00:00Z' } };
  }

  function post(body: string): Reply {
    const { type, entry = [] }: Bundle<Communication> = JSON.parse(body);
    if (entry.some(({ resource }) => resource !== undefined && cannotParse(resource))) {
      return { status: 400, body: outcome('processing', 'HAPI-0450: Failed to parse request body') };
    }
    if (type === 'transaction') {
      for (const { resource } of entry) {
        const refusal = resource === undefined ? undefined : refuses(resource);
        if (refusal !== undefined) return { status: refusal.status, body: refusal.outcome };
      }
    }
    return {
      status: 200,
      body: {
        resourceType: 'Bundle',
        type: type === 'transaction' ? 'transaction-response' : 'batch-response',
        entry: entry.map((each) => responseTo(each)),
      },
    };
  }

  function responseTo({ request, resource }: BundleEntry<Communication>): BundleEntry {
    if (request === undefined || resource === undefined) return { response: { status: '400 Bad Request' } };
    const { status, body, etag, location } =
      request.method === 'POST' ? create(resource, request.ifNoneExist) : put(request.url, resource);
    return {
      response: {
        status: status < 300 ? `${status} Done` : `${status}`,
        ...(body?.resourceType === 'OperationOutcome' ? { outcome: body } : {}),
        ...(etag === undefined ? {} : { etag }),
        ...(location === undefined ? {} : { location }),
      },
    };
  }

  function usual(request: Heard): Reply {
    if (options.authorization !== undefined && request.headers.authorization !== options.authorization()) {
      return { status: 401, body: outcome('login') };
    }
    if (request.body.length > (options.maxBytes ?? Infinity)) return { status: 413, body: outcome('too-costly') };
    if (request.method === 'GET') return get(request.path);
    if (request.method === 'PUT') return put(request.path, JSON.parse(request.body));
    if (request.path === '') return post(request.body);
    const condition = request.headers['if-none-exist'];
    return create(JSON.parse(request.body), typeof condition === 'string' ? condition : undefined);
  }

  async function react(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    const one: Heard = { method, path: url.replace(/^\/fhir\/?/, ''), headers, body: await text(request) };
    heard.push(one);
    if (one.path === '.well-known/smart-configuration' && options.smartConfiguration !== undefined) {
      // Open to everybody.
      return answerWith(200, options.smartConfiguration())(one, response, () => {});
    }
    const isLogin = one.path.includes('00000000-0000');
    const scripted = one.path === 'metadata' ? metadata : isLogin ? login : script;
    const reaction = scripted.shift() ?? asUsual;
    reaction(one, response, ({ answer } = { answer: true }) => {
      const reply = usual(one);
      if (answer) answerWith(reply.status, reply.body, headersOf(reply))(one, response, () => {});
    });
  }

  const server = createServer((request, response) => {
    react(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}/fhir`,
    heard,
    script,
    metadata,
    login,
    held,
    writes: () => writes,
    sent: () => heard.filter(({ method }) => method !== 'GET'),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const headersOf = ({ etag, location }: { readonly etag?: string; readonly location?: string }) => ({
  ...(etag === undefined ? {} : { etag }),
  ...(location === undefined ? {} : { location }),
});

/** Answers with this and does nothing. Text is sent as a page. */
export function answerWith(status: number, body?: object | string, headers: Record<string, string> = {}): Reaction {
  return (_, response) => {
    const type = typeof body === 'string' ? 'text/html' : 'application/fhir+json';
    response.writeHead(status, { 'content-type': type, ...headers });
    response.end(typeof body === 'object' ? JSON.stringify(body) : body);
  };
}

/** Writes what it was sent, and breaks the connection instead of answering. */
export const loseAnswer: Reaction = (_, response, usual) => {
  usual({ answer: false });
  response.destroy();
};

export const breakBefore: Reaction = (_, response) => void response.destroy();

export const asUsual: Reaction = (_, __, usual) => usual();

export const outcome = (
  code: OperationOutcome['issue'][number]['code'],
  diagnostics?: string,
  expression?: string,
): OperationOutcome => ({
  resourceType: 'OperationOutcome',
  issue: [
    {
      severity: 'error',
      code,
      ...(diagnostics === undefined ? {} : { diagnostics }),
      ...(expression === undefined ? {} : { expression: [expression] }),
    },
  ],
});

export function statementOf(
  communication: Partial<CapabilityStatementRestResource>,
  options: { readonly software?: string; readonly system?: readonly ('transaction' | 'batch')[] } = {},
): CapabilityStatement {
  const { software = 'Example FHIR Server', system = ['transaction', 'batch'] } = options;
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: '2026-01-01',
    kind: 'instance',
    fhirVersion: '4.0.1',
    format: ['json'],
    software: { name: software },
    rest: [
      {
        mode: 'server',
        interaction: system.map((code) => ({ code })),
        resource: [
          {
            type: 'Communication',
            interaction: [{ code: 'read' }, { code: 'create' }, { code: 'update' }, { code: 'search-type' }],
            searchParam: [{ name: 'identifier', type: 'token' }],
            ...communication,
          },
        ],
      },
    ],
  };
}

/** What HAPI says: no word of updateCreate, and transaction only. */
export const hapiLike = statementOf(
  { conditionalCreate: true, conditionalUpdate: true, versioning: 'versioned-update' },
  { software: 'HAPI FHIR Server', system: ['transaction'] },
);

/** What MEDITECH says: it creates, reads and searches, and that is all. */
export const createOnly = statementOf(
  { interaction: [{ code: 'read' }, { code: 'create' }, { code: 'search-type' }] },
  { system: [] },
);

/** What Medplum says: no ids of the client's. */
export const conditionalOnly = statementOf({ updateCreate: false, conditionalUpdate: true, versioning: 'versioned' });
