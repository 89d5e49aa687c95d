import { describe, expect, it, onTestFinished } from 'vitest';
import { readDiscovery } from '../../../../src/destinations/fhir-server/auth/token-address.ts';
import { tokenAnswer } from '../../../support/token-server.ts';
import { delivery } from '../../example-deliveries.ts';
import { answerWith, conditionalOnly, startScriptedEhr, type Reaction } from '../../scripted-ehr.ts';
import { serve, wordsOf } from '../../served.ts';
import { bySecret, tokenServer } from './token-place.ts';

const never = new AbortController().signal;
const secret = (): string => 'hunter2';

/** A server that nobody has named: it hears what it must not. */
async function stranger() {
  const server = await startScriptedEhr();
  onTestFinished(() => server.close());
  return server;
}

/** An EHR whose smart-configuration names that token endpoint, and a destination that is to find it. */
async function discovering(tokenEndpoint: string, origin: string) {
  return serve(
    { smartConfiguration: () => ({ token_endpoint: tokenEndpoint }) },
    { auth: bySecret('', secret, { tokenAddress: { kind: 'discovered', origin } }) },
  );
}

describe('a token endpoint that the EHR names', () => {
  it('is asked where its origin is the one of the settings', async () => {
    const server = await tokenServer({ secret });
    const { ehr, send } = await discovering(server.url, server.origin);
    expect(wordsOf(await send([delivery(0)]))).toEqual(['created']);
    expect(ehr.heard.at(-1)?.headers.authorization).toBe(server.header());
    // It is asked for without a login, and once.
    const discovery = ehr.heard.filter(({ path }) => path.startsWith('.well-known'));
    expect(discovery.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  it('H5, H6: on another origin gets no login, and is named for a person to judge', async () => {
    const server = await tokenServer({ secret });
    const { ehr, destination, send } = await discovering(server.url, 'https://login.ehr.example.org');
    const problem = { code: 'token-endpoint-foreign', where: server.origin };
    expect(await destination.check(never)).toMatchObject({ kind: 'failed', problem });
    expect(await send([delivery(0)])).toMatchObject([{ problem }]);
    expect(server.heard).toEqual([]);
    expect(ehr.heard.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
  });

  it.each([
    ['https://ehr.example.org/token', 'found'],
    ['https://ehr.example.org:443/oauth2/token?tenant=1', 'found'],
    ['https://ehr.example.org:8443/token', 'token-endpoint-foreign'],
    ['http://ehr.example.org/token', 'token-endpoint-foreign'],
    ['https://ehr.example.org.evil.example/token', 'token-endpoint-foreign'],
    ['https://evil.example/https://ehr.example.org/', 'token-endpoint-foreign'],
    ['https://ehr.example.org@evil.example/token', 'token-discovery-failed'],
    ['//evil.example/token', 'token-discovery-failed'],
    ['/token', 'token-discovery-failed'],
    ['', 'token-discovery-failed'],
    [7, 'token-discovery-failed'],
  ])('H5: is taken by its whole origin alone: %s', (tokenEndpoint, expected) => {
    const json = { token_endpoint: tokenEndpoint };
    const found = readDiscovery({ kind: 'answered', status: 200, json }, 'https://ehr.example.org');
    expect(found.kind === 'found' ? 'found' : found.problem.code).toBe(expected);
  });

  it('is asked for anew once it was of no use', async () => {
    const server = await tokenServer({ secret });
    const { ehr, send } = await discovering(server.url, server.origin);
    server.script.push(tokenAnswer(404, 'moved'));
    expect(wordsOf(await send([delivery(0)]))).toEqual(['token-unexpected-answer']);
    expect(wordsOf(await send([delivery(0)]))).toEqual(['created']);
    expect(ehr.heard.filter(({ path }) => path.startsWith('.well-known'))).toHaveLength(2);
  });

  it('that it does not name is told, with what to set instead', async () => {
    const { destination } = await serve(
      {},
      { auth: bySecret('', secret, { tokenAddress: { kind: 'discovered', origin: 'https://ehr.example.org' } }) },
    );
    const problem = { code: 'token-discovery-failed', httpStatus: 404 };
    expect(await destination.check(never)).toMatchObject({ kind: 'failed', problem });
  });
});

describe('a login', () => {
  const leads = (status: number, url: string): Reaction => answerWith(status, '', { location: url });

  it.each([301, 302, 303, 307, 308])('H5, H6: goes nowhere that a redirect by %d leads to', async (status) => {
    const other = await stranger();
    const server = await tokenServer({ secret });
    const { ehr, destination, send } = await serve({}, { auth: bySecret(server.url, secret) });
    ehr.metadata.push(leads(status, `${other.url}/metadata`));
    expect(await destination.check(never)).toMatchObject({ kind: 'failed' });
    await destination.check(never);
    ehr.script.push(leads(status, `${other.url}/Communication`), leads(status, `${other.url}/Communication`));
    await send([delivery(0)]);
    ehr.script.push(leads(status, `${other.url}/Communication/x`));
    await send([delivery(1, { unsure: true })]);
    expect(other.heard).toEqual([]);
  });

  it.each([302, 307, 308])(
    'H5, H6: and its secret go nowhere that the token endpoint leads to (%d)',
    async (status) => {
      const other = await stranger();
      const server = await tokenServer({ secret });
      const { ehr, send } = await serve({}, { auth: bySecret(server.url, secret) });
      server.script.push(tokenAnswer(status, '', { location: `${other.url}/token` }));
      expect(wordsOf(await send([delivery(0)]))).toEqual(['token-unexpected-answer']);
      expect([other.heard, ehr.heard]).toEqual([[], []]);
    },
  );

  it('H5, H6: goes nowhere that an answer names: a Location, the next page of a search, a full URL', async () => {
    const other = await stranger();
    const server = await tokenServer({ secret });
    const { ehr, destination, send } = await serve(
      { statement: conditionalOnly },
      { auth: bySecret(server.url, secret) },
    );
    await destination.check(never);
    const one = delivery(0, { unsure: true });
    const foreign = `${other.url}/Communication/x/_history/1`;
    ehr.script.push(
      answerWith(200, {
        resourceType: 'Bundle',
        type: 'searchset',
        link: [{ relation: 'next', url: `${other.url}/Communication?page=2` }],
        entry: [],
      }),
      answerWith(200, {
        resourceType: 'Bundle',
        type: 'searchset',
        link: [{ relation: 'next', url: `${other.url}/Communication?page=2` }],
        entry: [],
      }),
      answerWith(200, {
        resourceType: 'Bundle',
        type: 'transaction-response',
        entry: [{ fullUrl: foreign, response: { status: '201 Created', location: foreign, etag: 'W/"1"' } }],
      }),
    );
    await send([one]);
    await send([delivery(1)]);
    await destination.held([one], never, { everyCopy: true });
    expect(ehr.script).toEqual([]);
    expect(other.heard).toEqual([]);
    for (const { headers } of ehr.heard) expect(headers.authorization).toBe(server.header());
  });

  it('H6: is shown to the EHR and never to the token endpoint, nor the secret to the EHR', async () => {
    const server = await tokenServer({ secret });
    const { ehr, send } = await serve({ authorization: server.header }, { auth: bySecret(server.url, secret) });
    await send([delivery(0)]);
    server.issued.push('revoked');
    await send([delivery(1)]);
    for (const token of server.issued) expect(JSON.stringify(server.heard)).not.toContain(token);
    const basic = Buffer.from('sms-bridge:hunter2').toString('base64');
    expect(server.heard.map(({ headers }) => headers.authorization)).toEqual([`Basic ${basic}`, `Basic ${basic}`]);
    for (const shown of ['hunter2', basic]) expect(JSON.stringify(ehr.heard)).not.toContain(shown);
  });
});
