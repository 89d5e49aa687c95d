import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { calculateJwkThumbprint, importJWK } from 'jose';
import { describe, expect, it } from 'vitest';
import {
  publishedKeys,
  readKeyFile,
  signingKey,
  type KeyFile,
} from '../../../../src/destinations/fhir-server/auth/signing-keys.ts';
import { keyFile, makeKey, publicPem } from '../../../support/signing-keys.ts';

const rsa = makeKey('RS384');
const ec = makeKey('ES384');
const jwks = (...keys: readonly unknown[]): string => JSON.stringify({ keys });
const file = (text: string | undefined, options?: Parameters<typeof keyFile>[1]): KeyFile =>
  keyFile(text, options).file;
const why = (one: KeyFile): string => {
  const read = readKeyFile(one);
  return read.kind === 'unusable' ? read.why : read.kind;
};
const pkcs1 = rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const sec1 = ec.privateKey.export({ type: 'sec1', format: 'pem' }).toString();

describe('a file with a key', () => {
  it.each([
    ['PEM (PKCS 8)', rsa.pem, 'RS384'],
    ['PEM of OpenSSL for RSA (PKCS 1)', pkcs1, 'RS384'],
    ['PEM (PKCS 8) of a curve', ec.pem, 'ES384'],
    ['PEM of OpenSSL for a curve (SEC 1)', sec1, 'ES384'],
    [
      'PEM with parameters before it',
      `-----BEGIN EC PARAMETERS-----\nBgUrgQQAIg==\n-----END EC PARAMETERS-----\n${sec1}`,
      'ES384',
    ],
    ['JWK', JSON.stringify(rsa.jwk()), 'RS384'],
    ['JWKS', `\n ${jwks(ec.jwk())}`, 'ES384'],
  ])('is read: %s', (_form, text, alg) => {
    const key = signingKey([file(text)]);
    expect(key?.jwk.alg).toBe(alg);
  });

  it.each([
    ['nothing of use', 'hunter2', /^is no key/],
    ['JSON that is broken', '{"kty": "hunter2"', /^is no JSON/],
    ['JSON that is none of these', '{"kty": "hunter2"}', /^is no key/],
    ['a symmetric key', '{"kty":"oct","k":"aHVudGVyMg"}', /^is no key/],
    ['a private key that is broken', JSON.stringify({ ...rsa.jwk(), d: 7 }), /^is no key/],
    ['a JWKS without keys', jwks(), /^holds no key/],
    [
      'an RSA key that is short',
      generateKeyPairSync('rsa', { modulusLength: 1024 })
        .privateKey.export({ type: 'pkcs8', format: 'pem' })
        .toString(),
      /^has 1024 bits/,
    ],
    [
      'a key on another curve',
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      /^is neither/,
    ],
    [
      'a key with a passphrase',
      ec.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hunter2' }).toString(),
      /^is no key/,
    ],
  ])('is refused, without a word of it: %s', (_what, text, expected) => {
    expect(why(file(text))).toMatch(expected);
    expect(why(file(text))).not.toContain('hunter2');
  });

  it('is refused for an algorithm that it cannot sign by', () => {
    expect(why(file(rsa.pem, { alg: 'ES384' }))).toBe('is of a kind that cannot sign by ES384: it signs by RS384');
    expect(why(file(JSON.stringify({ ...rsa.jwk(), alg: 'RS256' })))).toContain('it signs by RS384');
    expect(why(file(JSON.stringify({ ...rsa.jwk(), alg: 'RS384' })))).toBe('keys');
  });

  it('gives the key its name: of the settings, its own, or its thumbprint', async () => {
    const kid = (one: KeyFile): string | undefined => signingKey([one])?.jwk.kid;
    expect(kid(file(ec.pem, { kid: 'sms-2026' }))).toBe('sms-2026');
    expect(kid(file(JSON.stringify(ec.jwk('own'))))).toBe('own');
    expect(kid(file(JSON.stringify(ec.jwk('own')), { kid: 'sms-2026' }))).toBe('sms-2026');
    for (const made of [rsa, ec]) {
      const thumbprint = await calculateJwkThumbprint(
        createPublicKey(made.privateKey).export({ format: 'jwk' }),
        'sha256',
      );
      expect(kid(file(made.pem))).toBe(thumbprint);
    }
    const several = jwks(rsa.jwk('one'), ec.jwk('two'));
    expect(kid(file(several, { kid: 'two' }))).toBe('two');
    expect(why(file(several, { kid: 'three' }))).toBe('holds no key with that kid');
  });
});

describe('of several files', () => {
  const next = makeKey('ES384');
  const kids = (files: readonly KeyFile[]) => publishedKeys(files).keys.map(({ kid }) => kid);

  it('the first that is there signs, and all that are there are published', () => {
    const files = [file(undefined), file(JSON.stringify(ec.jwk('a'))), file(JSON.stringify(next.jwk('b')))];
    expect(signingKey(files)?.jwk.kid).toBe('a');
    expect(kids(files)).toEqual(['a', 'b']);
  });

  it('one that cannot be used is passed over', () => {
    expect(signingKey([file('half a key'), file(JSON.stringify(ec.jwk('a')))])?.jwk.kid).toBe('a');
  });

  it('public keys alone are published, and sign nothing', () => {
    const files = [file(publicPem(rsa), { kid: 'old' }), file(JSON.stringify(ec.jwk('a')))];
    expect(signingKey(files)?.jwk.kid).toBe('a');
    expect(kids(files)).toEqual(['old', 'a']);
    expect(signingKey([files[0] ?? file('')])).toBeUndefined();
  });

  it('a name stands there once', () => {
    expect(kids([file(JSON.stringify(ec.jwk('a'))), file(JSON.stringify(next.jwk('a')))])).toEqual(['a']);
  });
});

describe('what is published', () => {
  it('is public keys that verify, and no private part of any', async () => {
    const files = [file(rsa.pem), file(JSON.stringify({ ...ec.jwk('own'), x5c: ['hunter2'], oth: 'hunter2' }))];
    const { keys } = publishedKeys(files);
    expect(keys.map((key) => Object.keys(key).toSorted())).toEqual([
      ['alg', 'e', 'kid', 'kty', 'n', 'use'],
      ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
    ]);
    for (const key of keys) expect(await importJWK({ ...key })).toMatchObject({ type: 'public' });
    for (const secret of [...rsa.secrets, ...ec.secrets, 'hunter2']) expect(JSON.stringify(keys)).not.toContain(secret);
  });
});
