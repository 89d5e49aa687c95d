import type { Request, Response } from 'express';
import type { AuditLog } from '../audit/audit-log.ts';
import { challenge, type SignIn } from './basic-auth.ts';
import { clientAddress } from './client-address.ts';
import type { User } from './login.ts';
import type { Asker } from './operations.ts';
import { refusal, retryAfter, type Refusal } from './problem-details.ts';
import { mayActAs } from './roles.ts';
import type { Route } from './route.ts';
import { isFromAnotherSite } from './same-origin.ts';

export interface GatekeeperParts {
  readonly signIn: (request: Request, response: Response) => Promise<SignIn>;
  /** What stands in the log for a name that was typed. */
  readonly fingerprint: (name: string) => string;
  readonly audit: AuditLog;
}

export type Admission = { readonly kind: 'admitted'; readonly route: Route; readonly asker: Asker } | Refusal;

/**
 * Lets a request in, or says why not: the site it comes from, then the login, then whether the address and the method
 * exist, then the role. So a stranger learns of no address but the open ones.
 * @param routes those of the request's path; none where nothing is
 */
export function gatekeeper({ signIn, fingerprint, audit }: GatekeeperParts) {
  async function knownUser(request: Request, response: Response, requestId: string): Promise<User | Refusal> {
    const proof = await signIn(request, response);
    if (proof.kind === 'none') return loginRequired;
    const { answer, name } = proof;
    if (answer.kind === 'known') return answer.user;
    if (answer.kind === 'busy') return refusal('busy', 'Ask again in a moment.', { headers: retryAfter(1000) });
    const reason = answer.kind === 'throttled' ? 'too-many-failures' : answer.reason;
    if (answer.kind !== 'throttled' || answer.first) {
      const address = clientAddress(request.ip);
      audit({ event: 'login_failed', requestId, address, userFingerprint: fingerprint(name), reason });
    }
    return answer.kind === 'throttled'
      ? refusal('too-many-failures', 'Wait, then log in with the right password.', {
          headers: retryAfter(answer.waitMs),
        })
      : loginRequired;
  }

  return async (
    routes: readonly Route[],
    request: Request,
    response: Response,
    requestId: string,
  ): Promise<Admission> => {
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    if (method !== 'GET' && isFromAnotherSite(request.headers, request.host)) return crossSite;
    const route = routes.find((one) => one.method === method);
    if (routes.some(({ role }) => role === null)) {
      return route === undefined
        ? methodNotAllowed(routes)
        : { kind: 'admitted', route, asker: { user: '-', requestId } };
    }
    const user = await knownUser(request, response, requestId);
    if ('kind' in user) return user;
    if (routes.length === 0) return refusal('not-found', 'See openapi.yaml for the addresses.');
    if (route === undefined) return methodNotAllowed(routes);
    if (route.role !== null && !mayActAs(user.role, route.role)) {
      audit({ event: 'access_denied', requestId, user: user.name, operation: route.operation });
      return refusal('role-required', `This takes the role ${route.role}.`);
    }
    return { kind: 'admitted', route, asker: { user: user.name, requestId } };
  };
}

const loginRequired = refusal('login-required', 'Send HTTP Basic credentials.', {
  headers: { 'WWW-Authenticate': challenge },
});

const crossSite = refusal('cross-site-request', 'Requests that change something are taken from this origin only.');

function methodNotAllowed(routes: readonly Route[]): Refusal {
  const methods = routes.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
  return refusal('method-not-allowed', `Use ${methods}.`, { headers: { Allow: methods } });
}
