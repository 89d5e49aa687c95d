import type { Express } from 'express';
import request from 'supertest';
import { expect } from 'vitest';
import type { AuditEvent } from '../../src/audit/audit-event.ts';
import { makeApp } from '../../src/http/app.ts';
import type { User } from '../../src/http/login.ts';
import type { Operations } from '../../src/http/operations.ts';
import { fakeOperations } from './fake-operations.ts';
import { undeclared } from './openapi-replies.ts';

export const passwordOf = (name: string): string => `${name}:pass:wörd`;

export const users: readonly User[] = [
  { name: 'vera', passwordHash: `hash of ${passwordOf('vera')}`, role: 'viewer' },
  { name: 'otto', passwordHash: `hash of ${passwordOf('otto')}`, role: 'operator' },
  { name: 'ada', passwordHash: `hash of ${passwordOf('ada')}`, role: 'admin' },
];

export const basic = (name: string, password: string): string =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;

export interface Ask {
  readonly method?: string;
  readonly path: string;
  /** One of `users`, with the right password. */
  readonly user?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is, as application/json unless the headers say otherwise. */
  readonly body?: string | object;
}

export interface Replied {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly body: unknown;
}

/** The problem code of an error. */
export const codeOf = ({ body }: Replied): unknown => Object(body).code;

export interface ServedApp {
  readonly app: Express;
  readonly events: AuditEvent[];
  /** The passwords that were checked, each with the hash. */
  readonly checked: { readonly password: string; readonly hash: string }[];
  /** Moves the clock. */
  readonly pass: (ms: number) => void;
  /** Asks, and fails when the reply is not as openapi.yaml declares it. */
  readonly ask: (ask: Ask) => Promise<Replied>;
}

export function serveApp(
  options: {
    readonly operations?: Partial<Operations>;
    readonly users?: readonly User[];
    readonly trustedProxies?: readonly string[];
  } = {},
): ServedApp {
  const events: AuditEvent[] = [];
  const checked: { password: string; hash: string }[] = [];
  let now = Date.UTC(2026, 2, 5, 14);
  let requests = 0;
  const app = makeApp(
    { ...fakeOperations, ...options.operations },
    {
      users: options.users ?? users,
      verify: (password, hash) => {
        checked.push({ password, hash });
        if (hash === 'throw') throw new Error('not a hash');
        return Promise.resolve(hash === `hash of ${password}`);
      },
      audit: (event) => void events.push(event),
      randomId: () => `request-${(requests += 1)}`,
      now: () => now,
      ...(options.trustedProxies === undefined ? {} : { trustedProxies: options.trustedProxies }),
    },
  );
  return {
    app,
    events,
    checked,
    pass: (ms) => void (now += ms),
    ask: (asked) => ask(app, asked),
  };
}

async function ask(app: Express, { method = 'GET', path, user, headers = {}, body }: Ask): Promise<Replied> {
  const sent = request(app)[verb(method)](path).set(headers);
  if (user !== undefined) sent.set('Authorization', basic(user, passwordOf(user)));
  if (body !== undefined && !Object.keys(headers).some((name) => name.toLowerCase() === 'content-type')) {
    sent.set('Content-Type', 'application/json');
  }
  const reply = await sent
    .buffer(true)
    .parse(asText)
    .send(typeof body === 'object' ? JSON.stringify(body) : body);
  // superagent parses no body where there can be none.
  const text = typeof reply.body === 'string' ? reply.body : '';
  const seen = { status: reply.status, headers: reply.headers, text };
  if (method !== 'HEAD')
    expect({ text, wrong: undeclared(method, path.split('?')[0] ?? '', seen) }).toEqual({ text, wrong: [] });
  return { ...seen, body: text === '' ? undefined : JSON.parse(text) };
}

const verb = (method: string) => {
  const lower = method.toLowerCase();
  if (lower === 'get' || lower === 'post' || lower === 'put' || lower === 'delete') return lower;
  if (lower === 'head' || lower === 'patch' || lower === 'options' || lower === 'trace') return lower;
  throw new Error(`No such method: ${method}`);
};

type Parser = NonNullable<Parameters<ReturnType<ReturnType<typeof request>['get']>['parse']>[0]>;

const asText: Parser = (response, done) => {
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  response.on('end', () => done(null, Buffer.concat(chunks).toString('utf8')));
};
