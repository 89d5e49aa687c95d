import { callbackify } from 'node:util';
import type { Request, Response } from 'express';
import { Passport } from 'passport';
import { BasicStrategy } from 'passport-http';
import { encodeBasic, readBasic } from './authorization-header.ts';
import { clientAddress } from './client-address.ts';
import type { LoginAnswer, LoginCheck } from './login.ts';

/** RFC 7617; the charset tells browsers to send UTF-8. */
export const challenge = 'Basic realm="dialog-health-fhir", charset="UTF-8"';

/** What a request's `Authorization` header proves, and for whom it speaks. `none`: it has no such header. */
export type SignIn =
  { readonly kind: 'none' } | { readonly kind: 'named'; readonly name: string; readonly answer: LoginAnswer };

/**
 * HTTP Basic by passport-http, without a session. Its own reading of the header (0.3.0, measured) cuts a password at its
 * second colon, refuses one that begins with a colon, takes any scheme that contains "basic", and answers 400 without a
 * challenge. So the header is read here first, and the strategy is shown it with both halves percent-encoded, where no
 * colon is left to cut at.
 */
export function basicAuth(check: LoginCheck): (request: Request, response: Response) => Promise<SignIn> {
  const answers = new WeakMap<Request, LoginAnswer>();
  const ask = callbackify(check.answer);
  const passport = new Passport();
  passport.use(
    new BasicStrategy({ passReqToCallback: true }, (request, name, password, done) => {
      const credentials = { name: decodeURIComponent(name), password: decodeURIComponent(password) };
      ask(credentials, clientAddress(request.ip), (error, answer) => {
        if (error !== null) return done(error);
        answers.set(request, answer);
        done(null, answer.kind === 'known' ? answer.user : false);
      });
    }),
  );

  /** Only a user that passport let through is known. */
  const authenticate = (request: Request, response: Response): Promise<LoginAnswer> =>
    new Promise((resolve, reject) => {
      passport.authenticate('basic', { session: false }, (error: unknown, user?: unknown) => {
        const answer = answers.get(request);
        if (error !== null && error !== undefined) reject(asError(error));
        else if (answer === undefined || (answer.kind === 'known' && answer.user !== user)) {
          resolve({ kind: 'refused', reason: 'malformed-header' });
        } else resolve(answer);
      })(request, response, reject);
    });

  return async (request, response) => {
    const { authorization } = request.headers;
    if (authorization === undefined) return { kind: 'none' };
    const credentials = readBasic(authorization);
    if (credentials === undefined) {
      return { kind: 'named', name: '', answer: await check.answer(undefined, clientAddress(request.ip)) };
    }
    request.headers.authorization = encodeBasic(credentials);
    return { kind: 'named', name: credentials.name, answer: await authenticate(request, response) };
  };
}

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error('The login check failed.'));
