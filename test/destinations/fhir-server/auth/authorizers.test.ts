import { describe, expect, it } from 'vitest';
import { makeAuthorizer } from '../../../../src/destinations/fhir-server/auth/registry.ts';
import { authorizerContract } from '../../authorizer-contract.ts';
import { delivery } from '../../example-deliveries.ts';
import { answerWith, outcome } from '../../scripted-ehr.ts';
import { serve, wordsOf } from '../../served.ts';

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
    const authorizer = makeAuthorizer({ kind: 'bearer', token: () => 'token\n' });
    expect(await authorizer.header()).toBe('Bearer token');
  });

  it('that no header can hold is a refused login and no crash', async () => {
    const { destination } = await serve({}, { auth: { kind: 'bearer', token: () => 'to\nken' } });
    const check = await destination.check(new AbortController().signal);
    expect(check).toMatchObject({ kind: 'failed' });
    expect(JSON.stringify(check)).not.toContain('ken"');
  });
});
