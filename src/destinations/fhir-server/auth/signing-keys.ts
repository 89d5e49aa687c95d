import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { isObject, objectsOf, textOf, type JsonObject } from '../untrusted.ts';

/** What SMART Backend Services asks every server to take. https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html */
export type SigningAlgorithm = 'RS384' | 'ES384';

/** A file with one key or several: PEM, a JWK or a JWKS. */
export interface KeyFile {
  /** The content of now; undefined where the file is not there, or cannot be read. */
  readonly text: () => string | undefined;
  /** Of a JWKS with several, the key of that name; else the name of its only key. Empty: its own, or its thumbprint. */
  readonly kid: string;
  readonly alg: 'auto' | SigningAlgorithm;
}

/** A public key as everybody may see it: built of these members, never copied from what was read. */
export type PublicJwk = { readonly kid: string; readonly alg: SigningAlgorithm; readonly use: 'sig' } & (
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
  | { readonly kty: 'EC'; readonly crv: 'P-384'; readonly x: string; readonly y: string }
);

export interface SigningKey {
  readonly jwk: PublicJwk;
  readonly privateKey: KeyObject;
}

interface ReadKey {
  readonly jwk: PublicJwk;
  /** A public key alone is published and never signs. */
  readonly privateKey?: KeyObject;
}

export type ReadKeyFile =
  | { readonly kind: 'keys'; readonly keys: readonly ReadKey[] }
  | { readonly kind: 'absent' }
  /** `why` goes on after the setting: `is no …: write …` */
  | { readonly kind: 'unusable'; readonly why: string };

/** What stands in one file. No part of it is in what is told when it is no key. */
export function readKeyFile(file: KeyFile): ReadKeyFile {
  const text = file.text();
  if (text === undefined) return { kind: 'absent' };
  const given = text.trimStart().startsWith('{') ? jwksIn(text) : [text];
  if (given === undefined) return unusable('is no JSON, although it begins like it');
  const wanted = given.filter(
    (each) => file.kid === '' || given.length === 1 || (isObject(each) && each['kid'] === file.kid),
  );
  if (wanted.length === 0) return unusable('holds no key with that kid');
  const keys: ReadKey[] = [];
  for (const each of wanted) {
    const read = readKey(each, file);
    if (typeof read === 'string') return unusable(read);
    keys.push(read);
  }
  return { kind: 'keys', keys };
}

/** The one that signs: the first private key of the first file that is there. */
export function signingKey(files: readonly KeyFile[]): SigningKey | undefined {
  for (const { jwk, privateKey } of keysIn(files)) {
    if (privateKey !== undefined) return { jwk, privateKey };
  }
  return undefined;
}

/**
 * What is published: every key that is there, so that the EHR knows the next one before it signs. A kid stands there
 * once: for the first key of that name.
 */
export function publishedKeys(files: readonly KeyFile[]): { readonly keys: readonly PublicJwk[] } {
  const jwks = keysIn(files).map(({ jwk }) => jwk);
  return { keys: jwks.filter(({ kid }, index) => jwks.findIndex((each) => each.kid === kid) === index) };
}

function keysIn(files: readonly KeyFile[]): readonly ReadKey[] {
  return files.flatMap((file) => {
    const read = readKeyFile(file);
    return read.kind === 'keys' ? read.keys : [];
  });
}

/** The keys of a JWKS, or the one JWK. */
function jwksIn(text: string): readonly JsonObject[] | undefined {
  try {
    const json: unknown = JSON.parse(text);
    if (!isObject(json)) return undefined;
    return Array.isArray(json['keys']) ? objectsOf(json['keys']) : [json];
  } catch {
    return undefined;
  }
}

function readKey(given: string | JsonObject, file: KeyFile): ReadKey | string {
  const objects = typeof given === 'string' ? fromPem(given) : fromJwk(given);
  if (objects === undefined) {
    return 'is no key: name a file with a PEM without a passphrase, a JWK or a JWKS';
  }
  const { publicKey, privateKey } = objects;
  const named = typeof given === 'string' ? undefined : textOf(given['kid']);
  const saidAlg = file.alg === 'auto' && typeof given !== 'string' ? textOf(given['alg']) : undefined;
  const jwk = publicJwk(publicKey, file.kid === '' ? named : file.kid);
  if (typeof jwk === 'string') return jwk;
  const alg = file.alg === 'auto' ? saidAlg : file.alg;
  if (alg !== undefined && alg !== jwk.alg) {
    return `is of a kind that cannot sign by ${alg === 'RS384' || alg === 'ES384' ? alg : 'its alg'}: it signs by ${jwk.alg}`;
  }
  return privateKey === undefined ? { jwk } : { jwk, privateKey };
}

interface KeyObjects {
  readonly publicKey: KeyObject;
  readonly privateKey?: KeyObject;
}

function fromPem(text: string): KeyObjects | undefined {
  const privateKey = attempt(() => createPrivateKey(text));
  const publicKey = attempt(() => createPublicKey(privateKey ?? text));
  return publicKey === undefined ? undefined : { publicKey, ...(privateKey === undefined ? {} : { privateKey }) };
}

function fromJwk(jwk: JsonObject): KeyObjects | undefined {
  const isPrivate = jwk['d'] !== undefined;
  const input = { key: { ...jwk }, format: 'jwk' as const };
  const privateKey = isPrivate ? attempt(() => createPrivateKey(input)) : undefined;
  if (isPrivate && privateKey === undefined) return undefined;
  const publicKey = attempt(() => (privateKey === undefined ? createPublicKey(input) : createPublicKey(privateKey)));
  return publicKey === undefined ? undefined : { publicKey, ...(privateKey === undefined ? {} : { privateKey }) };
}

function publicJwk(key: KeyObject, kid: string | undefined): PublicJwk | string {
  const { kty, n, e, crv, x, y } = key.export({ format: 'jwk' });
  if (kty === 'RSA' && n !== undefined && e !== undefined) {
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    if (bits < 2048) return `has ${bits} bits: RS384 needs 2048 at least`;
    return { kid: kid ?? thumbprint({ e, kty, n }), alg: 'RS384', use: 'sig', kty, n, e };
  }
  if (kty === 'EC' && crv === 'P-384' && x !== undefined && y !== undefined) {
    return { kid: kid ?? thumbprint({ crv, kty, x, y }), alg: 'ES384', use: 'sig', kty, crv, x, y };
  }
  return 'is neither an RSA key (RS384) nor one on the curve P-384 (ES384), which SMART asks for';
}

/** RFC 7638: of the members that make the key, in the order of the alphabet. */
const thumbprint = (members: Readonly<Record<string, string>>): string =>
  createHash('sha256').update(JSON.stringify(members)).digest('base64url');

/** What OpenSSL says of a text that is no key may quote it. */
function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

const unusable = (why: string): ReadKeyFile => ({ kind: 'unusable', why });
