import { randomBytes } from 'node:crypto';
import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Instant } from '../exchange/window.ts';
import { backfillRoutes } from './backfills.ts';
import { basicAuth } from './basic-auth.ts';
import { gatekeeper } from './gatekeeper.ts';
import { healthRoutes } from './health.ts';
import { loginCheck, type LoginOptions, type User } from './login.ts';
import type { Asker, Operations } from './operations.ts';
import { problemDetails, refusal, refusalStatus, retryAfter } from './problem-details.ts';
import { recordRoutes } from './records.ts';
import { readBody } from './request-body.ts';
import type { Reply, Route } from './route.ts';
import { runRoutes } from './runs.ts';
import { securityHeaders } from './security-headers.ts';
import { statusRoutes } from './status.ts';
import { translateRoutes } from './translate.ts';
import { windowRoutes } from './windows.ts';

export interface AppOptions {
  readonly users: readonly User[];
  readonly verify: LoginOptions['verify'];
  readonly audit: AuditLog;
  /** Names requests. */
  readonly randomId: () => string;
  readonly now: () => Instant;
  /** Addresses or subnets of proxies whose `X-Forwarded-*` headers are believed. */
  readonly trustedProxies?: readonly string[];
}

/** Every operation that is served, in the order in which paths are tried. */
export const allRoutes = (operations: Operations, audit: AuditLog): readonly Route[] => [
  ...healthRoutes(operations),
  ...statusRoutes(operations),
  ...runRoutes(operations),
  ...recordRoutes(operations),
  ...windowRoutes(operations),
  ...backfillRoutes(operations),
  ...translateRoutes(operations, audit),
];

/**
 * The HTTP API over the operations of a running service. Every answer carries `X-Request-Id`; every error is
 * `application/problem+json` and says nothing of what was sent.
 */
export function makeApp(operations: Operations, options: AppOptions): Express {
  const { users, verify, audit, randomId, now, trustedProxies = [] } = options;
  const check = loginCheck({ users, verify, now, key: randomBytes(32) });
  const admit = gatekeeper({ signIn: basicAuth(check), fingerprint: check.fingerprint, audit });

  const handle = (routes: readonly Route[]) => {
    const carryOut = worker();
    return async (request: Request, response: Response): Promise<void> => {
      const requestId = randomId();
      let operation = routes[0]?.operation ?? '-';
      try {
        const admission = await admit(routes, request, response, requestId);
        if (admission.kind === 'refusal') return send(response, admission, requestId);
        operation = admission.route.operation;
        const reply = await carryOut(admission.route, request, admission.asker);
        if (reply !== 'gone') send(response, reply, requestId);
      } catch (error) {
        audit({ event: 'request_failed', requestId, operation, errorName: nameOf(error) });
        send(response, unexpected, requestId);
      }
    };
  };

  const app = express();
  app.disable('x-powered-by').disable('etag').enable('strict routing').enable('case sensitive routing');
  app.set('query parser', 'simple').set('trust proxy', [...trustedProxies]);
  const paths = Map.groupBy(allRoutes(operations, audit), ({ path }) => path);
  for (const [path, routes] of paths) app.all(path.replaceAll(/\{(\w+)\}/g, ':$1'), handle(routes));
  app.use(handle([]));
  // What Express cannot read of an address (`/runs/%zz`) never reaches a route.
  const unreadable: ErrorRequestHandler = (_error, _request, response, _next) =>
    send(response, refusal('malformed-request', 'The address is not well-formed.'), randomId());
  app.use(unreadable);
  return app;
}

/** Reads the body where one is taken, and asks the route; holds back what would need too much memory together. */
function worker() {
  const underWay = new Map<Route, number>();
  return async (route: Route, request: Request, asker: Asker): Promise<Reply | 'gone'> => {
    const running = underWay.get(route) ?? 0;
    if (route.atOnce !== undefined && running >= route.atOnce) {
      return refusal('busy', `At most ${route.atOnce} are taken at once.`, { headers: retryAfter(1000) });
    }
    underWay.set(route, running + 1);
    try {
      const body = route.maxBodyBytes === undefined ? noBody : await readBody(request, route.maxBodyBytes);
      if (body.kind === 'gone') return 'gone';
      if (body.kind === 'refusal') return body;
      return await route.answer({
        asker,
        path: pathParameters(request),
        query: Object.entries(request.query),
        header: (name) => request.get(name),
        body: body.text,
      });
    } finally {
      underWay.set(route, (underWay.get(route) ?? 1) - 1);
    }
  };
}

const noBody = { kind: 'body', text: '' } as const;

const unexpected = refusal('unexpected-error', 'Give the requestId to whoever runs this service; the log has it.');

const pathParameters = ({ params }: Request): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)]));

/** A class of errors, never a message, which may quote what was sent. */
const nameOf = (error: unknown): string =>
  error instanceof Error && /^\w{1,60}$/.test(error.name) ? error.name : 'Error';

function send(response: Response, reply: Reply, requestId: string): void {
  if (response.headersSent || response.destroyed) return;
  response.set({ ...securityHeaders, 'X-Request-Id': requestId, ...reply.headers });
  if (response.req.secure) response.set('Strict-Transport-Security', 'max-age=31536000');
  if (reply.kind === 'answer') response.status(reply.status).type(reply.contentType).send(reply.text);
  else {
    const problem = JSON.stringify(problemDetails(reply, requestId));
    response.status(refusalStatus(reply.code)).type('application/problem+json').send(problem);
  }
}
