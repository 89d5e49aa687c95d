import { describe, expect, it } from 'vitest';
import { makeBodySeal, type BodySeal } from '../../src/ledger/body-seal.ts';

const text = '{"outgoingMessage":"Your visit is on Tuesday."}';

function sealWith(letter: string): BodySeal {
  const seal = makeBodySeal(letter === '' ? '' : Buffer.alloc(32, letter).toString('base64'));
  if (seal === undefined) throw new Error('no seal');
  return seal;
}

describe('the seal of a message content', () => {
  it('opens with the key it was closed with', () => {
    const stored = sealWith('a').seal('key-1', text);
    expect(stored).not.toContain('Tuesday');
    expect(sealWith('a').open('key-1', stored)).toBe(text);
  });

  it('is another one each time', () => {
    const seal = sealWith('a');
    expect(seal.seal('key-1', text)).not.toBe(seal.seal('key-1', text));
  });

  it.each([
    ['another key', sealWith('b'), 'key-1'],
    ['no key', sealWith(''), 'key-1'],
    ['the name of another record', sealWith('a'), 'key-2'],
  ])('does not open with %s', (_, seal, key) => {
    expect(seal.open(key, sealWith('a').seal('key-1', text))).toBeUndefined();
  });

  it('does not open once it was changed', () => {
    const stored = sealWith('a').seal('key-1', text);
    const [scheme = '', keyId = '', sealed = ''] = stored.split(':');
    const bytes = Buffer.from(sealed, 'base64');
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    expect(sealWith('a').open('key-1', [scheme, keyId, bytes.toString('base64')].join(':'))).toBeUndefined();
    expect(sealWith('a').open('key-1', `${scheme}:${keyId}:AAAA`)).toBeUndefined();
  });

  it('is not needed for what was stored before there was a key', () => {
    expect(sealWith('a').open('key-1', sealWith('').seal('key-1', text))).toBe(text);
  });

  it.each(['short', 'AAAA', Buffer.alloc(33).toString('base64')])('is not made of a key of another length', (key) => {
    expect(makeBodySeal(key)).toBeUndefined();
  });
});
