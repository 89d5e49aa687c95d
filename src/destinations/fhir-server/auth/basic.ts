import type { Authorizer, AuthOptions } from './authorizer.ts';

/**
 * HTTP Basic (RFC 7617, UTF-8). A 401 is asked again only with another password than the one refused: the same one
 * twice may lock the account.
 */
export function basic({ username, password }: Extract<AuthOptions, { kind: 'basic' }>): Authorizer {
  const header = (): string => `Basic ${Buffer.from(`${username}:${password()}`, 'utf8').toString('base64')}`;
  return {
    authorize: () => Promise.resolve().then(() => ({ kind: 'header', header: header() })),
    renew: (refused) => Promise.resolve().then(() => header() !== refused),
  };
}
