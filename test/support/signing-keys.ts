import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { KeyFile, SigningAlgorithm } from '../../src/destinations/fhir-server/auth/signing-keys.ts';

/** A private key in the forms in which hospitals keep them. */
export interface MadeKey {
  readonly privateKey: KeyObject;
  readonly pem: string;
  /** As the file of a JWK has it. */
  readonly jwk: (kid?: string) => Readonly<Record<string, unknown>>;
  /** Its parts that must be told to nobody. */
  readonly secrets: readonly string[];
}

export function makeKey(alg: SigningAlgorithm): MadeKey {
  const { privateKey } =
    alg === 'RS384'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const jwk = privateKey.export({ format: 'jwk' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const { d, p, q, dp, dq, qi } = jwk;
  return {
    privateKey,
    pem,
    jwk: (kid) => ({ ...jwk, ...(kid === undefined ? {} : { kid }) }),
    secrets: [...[d, p, q, dp, dq, qi].filter((part) => part !== undefined), pem.split('\n')[2] ?? ''],
  };
}

/** The public key as PEM. */
export const publicPem = ({ privateKey }: MadeKey): string =>
  createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();

/** A key file as it is kept outside: written, replaced and removed. */
export function keyFile(text: string | undefined, { kid = '', alg = 'auto' }: Partial<Omit<KeyFile, 'text'>> = {}) {
  let content = text;
  const file: KeyFile = { text: () => content, kid, alg };
  return { file, write: (next: string | undefined) => void (content = next) };
}
