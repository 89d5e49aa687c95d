import { onTestFinished } from 'vitest';
import type { AuthOptions } from '../../../../src/destinations/fhir-server/auth/authorizer.ts';
import { publishedKeys, type KeyFile } from '../../../../src/destinations/fhir-server/auth/signing-keys.ts';
import { startTokenServer, type TokenServer, type TokenServerOptions } from '../../../support/token-server.ts';

export const clientId = 'sms-bridge';
export const scope = 'system/Communication.crus system/Patient.rs';

type Options<Kind extends AuthOptions['kind']> = Extract<AuthOptions, { kind: Kind }>;

/** A token server that ends with the test. */
export async function tokenServer(options: Omit<TokenServerOptions, 'clientId'>): Promise<TokenServer> {
  const server = await startTokenServer({ clientId, ...options });
  onTestFinished(() => server.close());
  return server;
}

export const byKeys = (
  url: string,
  keys: readonly KeyFile[],
  more: Partial<Options<'backend-services'>> = {},
): Options<'backend-services'> => ({
  kind: 'backend-services',
  tokenAddress: { kind: 'configured', url },
  clientId,
  keys,
  scope,
  jwksUrl: '',
  ...more,
});

export const bySecret = (
  url: string,
  secret: () => string,
  more: Partial<Options<'client-credentials'>> = {},
): Options<'client-credentials'> => ({
  kind: 'client-credentials',
  tokenAddress: { kind: 'configured', url },
  clientId,
  clientSecret: secret,
  scope,
  ...more,
});

/** The public keys of these files as a token server registers them. */
export const registered = (files: readonly KeyFile[]) => ({
  keys: publishedKeys(files).keys.map((key) => ({ ...key })),
});
