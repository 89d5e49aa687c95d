import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentName, keySpace, secretFingerprint, unreadableKey } from '../../src/exchange/record-key.ts';
import { sha1 } from './sha1.ts';

/** RFC 9562, 5.5: name-based, by SHA-1. */
function uuid5(namespace: string, name: string): string {
  const digest = sha1(Buffer.concat([Buffer.from(namespace.replaceAll('-', ''), 'hex'), Buffer.from(name, 'utf8')]));
  const bytes = Buffer.from(digest.subarray(0, 16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const urls = '6ba7b811-9dad-11d1-80b4-00c04fd430c8';
const base = 'https://fhir.example-health.org';
const namespace = '7c6594df-38bd-561f-98b0-480b56182e14';
const keys = keySpace(base);

describe('the SHA-1 of these tests', () => {
  it('gives the digests of the standard', () => {
    const hex = (text: string): string => Buffer.from(sha1(Buffer.from(text))).toString('hex');
    expect(hex('abc')).toBe('a9993e364706816aba3e25717850c26c9cd0d89d');
    expect(hex('')).toBe('da39a3ee5e6b4b0d3255bfef95601890afd80709');
    expect(hex('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')).toBe(
      '84983e441c3bd26ebaae4aa1f95129e5e54670f1',
    );
    expect(uuid5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')).toBe(
      '2ed6657d-e927-568b-95e1-2665a8aea6a2',
    );
  });
});

describe('the keys of a canonical base', () => {
  it('stand in a namespace made of the base', () => {
    expect(uuid5(urls, `${base}/sid/sms-outgoing-message-id`)).toBe(namespace);
    const other = keySpace('https://fhir.another.example');
    expect(other.outgoing('a')).not.toBe(keys.outgoing('a'));
  });

  it('are those that are published, for ever', () => {
    expect(keys.outgoing('0f3c9a1be2d44c7f8a5b6c7d8e9f0a1b')).toBe('e7944007-600e-51f9-a22e-a99780454081');
    expect(keys.outgoing('7b2e4f6081a94d3cb5e6f70819a2b3c4')).toBe('d5f09637-d587-5fac-a411-2ab574774ec6');
    expect(keys.reply('7b2e4f6081a94d3cb5e6f70819a2b3c4', 'YES see you then')).toBe(
      '4870eb49-a54b-590a-b723-b74104617fb2',
    );
  });

  it('are UUIDv5 of the message id, and of the message id and the text', () => {
    const texts = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(texts, texts, (id, text) => {
        const identifier = id.trim().toLowerCase();
        expect(keys.outgoingIdentifier(id)).toBe(identifier);
        expect(keys.outgoing(id)).toBe(uuid5(namespace, `out|${identifier}`));
        const trimmed = text.trim().normalize('NFC');
        expect(keys.reply(id, text)).toBe(uuid5(namespace, `reply|${identifier}|${trimmed}`));
      }),
    );
  });

  it('are the same however the id is padded or written, and however the text is composed', () => {
    expect(keys.outgoing(' 4C700B54 ')).toBe(keys.outgoing('4c700b54'));
    expect(keys.reply('A', ' caf\u0065\u0301 ')).toBe(keys.reply('a', 'caf\u00E9'));
    expect(keys.reply('a', 'yes')).not.toBe(keys.reply('a', 'YES'));
  });

  it('tell a reply from its message, and one reply from another', () => {
    expect(new Set([keys.outgoing('a'), keys.reply('a', ''), keys.reply('a', 'b'), keys.reply('ab', '')]).size).toBe(4);
  });
});

describe('the name made of what a message says', () => {
  const secret = 'a secret of sixteen or more';

  it('is HMAC-SHA-256 of facts and ordinal, and the key is UUIDv5 of it', () => {
    const facts = ['SIDJUL8079', '2026-03-05T08:32:00Z', 'text'];
    const name = createHmac('sha256', secret).update('["SIDJUL8079","2026-03-05T08:32:00Z","text",1]').digest('hex');
    expect(contentName(secret, facts, 1)).toBe(name);
    expect(keys.withoutId(name)).toBe(uuid5(namespace, `record|${name}`));
    expect(keys.reply(keys.withoutId(name), ' YES ')).toBe(uuid5(namespace, `reply|${keys.withoutId(name)}|YES`));
  });

  it('is another one for other facts, another ordinal, another secret', () => {
    const names = [
      contentName(secret, ['a', 'b'], 0),
      contentName(secret, ['ab', ''], 0),
      contentName(secret, ['a', 'b'], 1),
      contentName(secret, ['a', 'b', '0'], 0),
      contentName(`${secret}.`, ['a', 'b'], 0),
    ];
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('the fingerprint of a secret', () => {
  it('tells one from another and gives neither away', () => {
    expect(secretFingerprint('a secret of sixteen or more')).toMatch(/^[\da-f]{32}$/);
    expect(secretFingerprint('a secret of sixteen or more')).toBe(secretFingerprint('a secret of sixteen or more'));
    expect(secretFingerprint('a secret of sixteen or more')).not.toBe(secretFingerprint('another of sixteen or more'));
  });
});

describe('the key of an unreadable row', () => {
  it('is UUIDv5 of source and row', () => {
    const rows = uuid5(urls, 'urn:dialog-health-fhir:unreadable-row');
    expect(unreadableKey('main-clinic', '{"a":1}')).toBe(uuid5(rows, 'main-clinic|{"a":1}'));
    expect(unreadableKey('main-clinic', '{"a":1}')).not.toBe(unreadableKey('other-clinic', '{"a":1}'));
    expect(unreadableKey('main-clinic', '{"a":1}')).not.toBe(unreadableKey('main-clinic', '{"a":2}'));
  });
});
