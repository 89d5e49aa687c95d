import type { DestinationConfig } from './config/config.ts';
import type { AuthOptions, TokenAddress } from './destinations/fhir-server/auth/authorizer.ts';
import {
  publishedKeys,
  readKeyFile,
  type KeyFile,
  type PublicJwk,
} from './destinations/fhir-server/auth/signing-keys.ts';
import type { Instant } from './exchange/window.ts';
import { Refused } from './refused.ts';

/** The login to the destination, out of its configuration; beside `parts.ts`, which makes the rest. */

/** A port that anybody may ask reads the files of the keys no more often. */
const reReadMs = 10_000;

/**
 * Secrets as functions: one that stands in a file may be another one tomorrow. Throws `Refused` for files of keys that
 * hold none.
 */
export function authOptions({ auth, url }: Pick<DestinationConfig, 'auth' | 'url'>): AuthOptions {
  const { kind, clientId, scope, jwksUrl } = auth;
  switch (kind) {
    case 'none':
      return { kind };
    case 'basic':
      return { kind, username: auth.username, password: () => auth.password.reveal() };
    case 'bearer':
      return { kind, token: () => auth.token.reveal() };
    case 'client-credentials':
      return {
        kind,
        tokenAddress: tokenAddress(auth, url),
        clientId,
        clientSecret: () => auth.clientSecret.reveal(),
        scope,
      };
    case 'backend-services':
      return { kind, tokenAddress: tokenAddress(auth, url), clientId, keys: keysOf(auth), scope, jwksUrl };
  }
}

type Auth = DestinationConfig['auth'];

const tokenAddress = ({ tokenUrl, tokenOrigin }: Auth, base: string): TokenAddress =>
  tokenUrl === ''
    ? { kind: 'discovered', origin: tokenOrigin === '' ? new URL(base).origin : tokenOrigin }
    : { kind: 'configured', url: tokenUrl };

/** What the EHR is to know of the keys of `destination.auth.keys` now. Throws `Refused` where there are none. */
export function publicKeys({ auth }: Pick<DestinationConfig, 'auth'>): { readonly keys: readonly PublicJwk[] } {
  if (auth.keys.length === 0) {
    throw new Refused('destination.auth.keys: there are none. Name a file with a private key, or give --key FILE.');
  }
  return publishedKeys(usable(auth.keys, (index) => `destination.auth.keys[${index}].file`));
}

/** The same for a port: read anew, now and then, for as long as the service runs. */
export function publicKeysNow(
  { keys }: Pick<Auth, 'keys'>,
  now: () => Instant,
): () => { readonly keys: readonly PublicJwk[] } {
  let read = { at: now(), jwks: publishedKeys(keys) };
  return () => {
    if (Math.abs(now() - read.at) >= reReadMs) read = { at: now(), jwks: publishedKeys(keys) };
    return read.jwks;
  };
}

function keysOf({ keys }: Auth): readonly KeyFile[] {
  const files = usable(keys, (index) => `destination.auth.keys[${index}].file`);
  const signs = files.some((file) => {
    const read = readKeyFile(file);
    return read.kind === 'keys' && read.keys.some(({ privateKey }) => privateKey !== undefined);
  });
  if (!signs) throw new Refused('destination.auth.keys: none of them is a private key, so nothing can be signed.');
  return files;
}

/** The files as they are, once every one that is there holds keys. */
export function usable(files: readonly KeyFile[], nameOf: (index: number) => string): readonly KeyFile[] {
  const wrong = files.flatMap((file, index) => {
    const read = readKeyFile(file);
    return read.kind === 'unusable' ? [`${nameOf(index)} ${read.why}.`] : [];
  });
  if (wrong.length > 0) throw new Refused(wrong.join('\n'));
  return files;
}
