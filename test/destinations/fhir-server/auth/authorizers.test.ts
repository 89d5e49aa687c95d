import { describe, expect, it } from 'vitest';
import { alone, authorizerContract, headerOf } from '../../authorizer-contract.ts';
import { delivery } from '../../example-deliveries.ts';
import { answerWith, outcome } from '../../scripted-ehr.ts';
import { serve, servedAt, wordsOf } from '../../served.ts';
import { keyFile, makeKey } from '../../../support/signing-keys.ts';
import { bySecret, byKeys, registered, tokenServer } from './token-place.ts';

/** A secret as it stands in a file: exchanged and removed from outside. */
function secretFile(first: string, second: string) {
  let text: string | undefined = first;
  return {
    read: () => {
      if (text === undefined) throw new Error(`cannot read ${first}`);
      return text;
    },
    exchange: () => void (text = second),
    lose: () => void (text = undefined),
    secrets: () => [first, second],
  };
}

authorizerContract('no login', () => ({ options: { kind: 'none' }, expected: () => undefined, secrets: () => [] }));

authorizerContract('HTTP Basic', () => {
  const { read, ...file } = secretFile('pass:wörd one', 'pass:wörd two');
  return {
    options: { kind: 'basic', username: 'bridge', password: read },
    expected: () => `Basic ${Buffer.from(`bridge:${read()}`).toString('base64')}`,
    ...file,
  };
});

authorizerContract('a bearer token', () => {
  const { read, ...file } = secretFile('token-one', 'token-two');
  return { options: { kind: 'bearer', token: read }, expected: () => `Bearer ${read()}`, ...file };
});

authorizerContract('client credentials', async () => {
  const secret = 'sécret: one+/=';
  const { read, lose, secrets } = secretFile(secret, 'never used');
  const server = await tokenServer({ secret: () => secret });
  return {
    options: bySecret(server.url, read),
    expected: server.header,
    // Some token of another's: the one in hand lets in no more.
    exchange: () => void server.issued.push('revoked'),
    lose,
    secrets: () => [...secrets(), ...server.issued.filter((token) => token !== 'revoked')],
  };
});

describe.each(['RS384', 'ES384'] as const)('with %s,', (alg) => {
  const key = makeKey(alg);
  authorizerContract('SMART Backend Services', async () => {
    const { file, write } = keyFile(key.pem);
    const known = registered([file]);
    const server = await tokenServer({ jwks: () => known, now: () => servedAt });
    return {
      options: byKeys(server.url, [file]),
      expected: server.header,
      exchange: () => void server.issued.push('revoked'),
      lose: () => write(undefined),
      secrets: () => [...key.secrets, ...server.issued.filter((token) => token !== 'revoked')],
    };
  });
});

describe('HTTP Basic', () => {
  it('is not tried twice with the same password', async () => {
    const { ehr, destination, send } = await serve(
      {},
      { auth: { kind: 'basic', username: 'bridge', password: () => 'same' } },
    );
    await destination.check(new AbortController().signal);
    ehr.script.push(answerWith(401, outcome('login')));
    expect(wordsOf(await send([delivery(0)]))).toEqual(['ehr-unauthorized']);
    expect(ehr.sent()).toHaveLength(1);
  });
});

describe('a bearer token', () => {
  it('is read once for many requests, and again after a 401', async () => {
    let reads = 0;
    const { ehr, destination, send } = await serve(
      {},
      { auth: { kind: 'bearer', token: () => `token ${(reads += 1)}` } },
    );
    await destination.check(new AbortController().signal);
    await send([delivery(0)]);
    expect(reads).toBe(1);
    ehr.script.push(answerWith(401, outcome('login')));
    expect(wordsOf(await send([delivery(1)]))).toEqual(['created']);
    expect(reads).toBe(2);
  });

  it('ends where its file has a newline', async () => {
    const authorizer = alone({ kind: 'bearer', token: () => 'token\n' });
    expect(await headerOf(authorizer)).toBe('Bearer token');
  });

  it('that no header can hold is a refused login and no crash', async () => {
    const { destination } = await serve({}, { auth: { kind: 'bearer', token: () => 'to\nken' } });
    const check = await destination.check(new AbortController().signal);
    expect(check).toMatchObject({ kind: 'failed' });
    expect(JSON.stringify(check)).not.toContain('ken"');
  });
});
