import type { Credentials } from './login.ts';

/**
 * Reads `Authorization: Basic …` by RFC 7617: UTF-8, split at the first colon, no control characters. Undefined when it
 * is anything else; an empty name or password proves nobody.
 */
export function readBasic(header: string): Credentials | undefined {
  const [, token] = /^basic +([A-Za-z\d+/]+={0,2})$/i.exec(header) ?? [];
  const text = token === undefined ? undefined : utf8(Buffer.from(token, 'base64'));
  const [, name, password] = /^([^:\p{Cc}]+):(\P{Cc}+)$/u.exec(text ?? '') ?? [];
  return name === undefined || password === undefined ? undefined : { name, password };
}

/** The same with both halves percent-encoded: no further colon, ASCII only. */
export function encodeBasic({ name, password }: Credentials): string {
  const pair = `${encodeURIComponent(name)}:${encodeURIComponent(password)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

function utf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
