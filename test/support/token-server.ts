import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { createLocalJWKSet, createRemoteJWKSet, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';

/** One request for a token as it arrived. */
export interface TokenRequest {
  readonly headers: IncomingMessage['headers'];
  readonly form: Readonly<Record<string, string>>;
}

/** What is done with a request instead of the usual. */
export type TokenReaction = (request: TokenRequest, response: ServerResponse) => void;

export interface TokenServer {
  /** The token endpoint, which is also the audience of assertions. */
  readonly url: string;
  readonly origin: string;
  readonly heard: TokenRequest[];
  /** What the next requests meet, one after the other. */
  readonly script: TokenReaction[];
  /** The refusals so far: why, as no client is told it. */
  readonly refusals: string[];
  /** The tokens so far, the newest last. */
  readonly issued: string[];
  /** The header that lets in now; a word of nobody's before the first token. */
  readonly header: () => string;
  readonly lifetimeS: { value: number };
  readonly close: () => Promise<void>;
}

export interface TokenServerOptions {
  readonly clientId: string;
  /** Registered for HTTP Basic. */
  readonly secret?: () => string;
  /** The public keys it knows now: given, or fetched from where they are served. */
  readonly jwks?: () => JSONWebKeySet | URL;
  /** The only place of keys that an assertion may name. */
  readonly jku?: string;
  /** What the client may be granted, with spaces. */
  readonly scopes?: string;
  /** Its own clock. */
  readonly now?: () => number;
  /** What assertions must be meant for, where it is known by another name than its own. */
  readonly audience?: () => string;
}

const grant = 'client_credentials';
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const mostLifetimeS = 300;

/**
 * A token endpoint that believes nothing: it verifies signature, kid, algorithm, audience, times and scopes, and takes
 * no assertion twice, as SMART Backend Services asks of it.
 */
export async function startTokenServer(options: TokenServerOptions): Promise<TokenServer> {
  const { clientId, secret, jwks, jku, scopes, now = Date.now } = options;
  const heard: TokenRequest[] = [];
  const script: TokenReaction[] = [];
  const refusals: string[] = [];
  const issued: string[] = [];
  const used = new Set<string>();
  const lifetimeS = { value: 300 };
  const start = Math.random().toString(36).slice(2);

  /** Why it is not this client, or nothing. */
  async function stranger({ headers, form }: TokenRequest): Promise<string | undefined> {
    if (secret !== undefined) {
      const wanted = Buffer.from(`${formEncoded(clientId)}:${formEncoded(secret())}`).toString('base64');
      return headers.authorization === `Basic ${wanted}` ? undefined : 'secret';
    }
    const assertion = form['client_assertion'] ?? '';
    if (headers.authorization !== undefined) return 'authorization beside an assertion';
    if (form['client_assertion_type'] !== assertionType) return 'client_assertion_type';
    try {
      const header = decodeProtectedHeader(assertion);
      if (header.kid === undefined || header.typ !== 'JWT') return 'header';
      if (jku !== undefined && header.jku !== jku) return 'jku';
      const keys = jwks?.() ?? { keys: [] };
      const known = keys instanceof URL ? createRemoteJWKSet(keys) : createLocalJWKSet(keys);
      const { payload } = await jwtVerify(assertion, known, {
        algorithms: ['RS384', 'ES384'],
        issuer: clientId,
        subject: clientId,
        audience: options.audience?.() ?? url,
        requiredClaims: ['exp', 'jti'],
        currentDate: new Date(now()),
      });
      if (Array.isArray(payload.aud)) return 'several audiences';
      if ((payload.exp ?? 0) - now() / 1000 > mostLifetimeS) return 'lives too long';
      if (used.has(payload.jti ?? '')) return 'jti was used';
      used.add(payload.jti ?? '');
      return undefined;
    } catch (error) {
      return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    }
  }

  async function answer(request: TokenRequest, response: ServerResponse): Promise<void> {
    const refuse = (error: string, why: string, status = 400): void => {
      refusals.push(why);
      // It is careless with what it was shown.
      const quoted = `${request.headers.authorization ?? ''} ${request.form['client_assertion'] ?? ''}`;
      json(response, status, { error, error_description: `${why}: ${quoted}` }, now());
    };
    if (request.headers['content-type'] !== 'application/x-www-form-urlencoded') {
      return refuse('invalid_request', 'content-type');
    }
    if (request.form['grant_type'] !== grant) return refuse('unsupported_grant_type', 'grant_type');
    const why = await stranger(request);
    if (why !== undefined) return refuse('invalid_client', why, 401);
    const asked = (request.form['scope'] ?? '').split(' ').filter((each) => each !== '');
    const allowed = scopes?.split(' ') ?? asked;
    const granted = asked.filter((each) => allowed.includes(each));
    if (asked.length > 0 && granted.length === 0) return refuse('invalid_scope', 'scope');
    issued.push(`token-${start}-${issued.length + 1}`);
    const token = issued.at(-1);
    const body = { access_token: token, token_type: 'Bearer', expires_in: lifetimeS.value, scope: granted.join(' ') };
    json(response, 200, body, now());
  }

  const server = createServer((request, response) => {
    void text(request).then(async (body) => {
      const one = { headers: request.headers, form: Object.fromEntries(new URLSearchParams(body)) };
      if (request.url !== '/token' || request.method !== 'POST') return void response.writeHead(404).end();
      heard.push(one);
      const reaction = script.shift();
      if (reaction === undefined) await answer(one, response);
      else reaction(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const url = `${origin}/token`;
  return {
    url,
    origin,
    heard,
    script,
    refusals,
    issued,
    header: () => `Bearer ${issued.at(-1) ?? 'nobody'}`,
    lifetimeS,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers with this, and tells no time. Text is sent as a page. */
export const tokenAnswer =
  (status: number, body: object | string, headers: Readonly<Record<string, string>> = {}): TokenReaction =>
  (_, response) => {
    const type = typeof body === 'string' ? 'text/html' : 'application/json';
    response.sendDate = false;
    response.writeHead(status, { 'content-type': type, ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };

/** Never answers. */
export const tokenSilence: TokenReaction = () => {};

function json(response: ServerResponse, status: number, body: object, now: number): void {
  const date = new Date(now).toUTCString();
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', date });
  response.end(JSON.stringify(body));
}

const formEncoded = (given: string): string => new URLSearchParams([['', given]]).toString().slice(1);
