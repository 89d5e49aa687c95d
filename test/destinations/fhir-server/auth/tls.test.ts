import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { makeAuthorizer } from '../../../../src/destinations/fhir-server/auth/registry.ts';
import { makeDispatcher, type TlsFiles } from '../../../../src/network/dispatcher.ts';
import { makeAuthority } from '../../../network/certificates.ts';
import { tlsFront } from '../../../support/tls-front.ts';
import { headerOf } from '../../authorizer-contract.ts';
import { delivery } from '../../example-deliveries.ts';
import { startScriptedEhr } from '../../scripted-ehr.ts';
import { serve, servedAt, wordsOf } from '../../served.ts';
import { bySecret, tokenServer } from './token-place.ts';

const authority = makeAuthority('Hospital CA');
const stranger = makeAuthority('Another CA');
afterAll(() => {
  authority.remove();
  stranger.remove();
});
const site = authority.issue('site');
const wrongHost = authority.issue('wrong-host', { host: 'other.example' });
const client = authority.issue('client', { host: 'sms.hospital.example.org' });
const strangeClient = stranger.issue('client', { host: 'sms.hospital.example.org' });
const { ca } = authority;
const secret = (): string => 'hunter2';

/** What a token endpoint behind TLS gives: a header, or the code of the problem; and how often it was asked. */
async function asked(tls: TlsFiles, { certified = site, clientsOf = undefined as typeof authority | undefined } = {}) {
  const server = await tokenServer({ secret });
  const front = await tlsFront(server.url, certified, clientsOf);
  const dispatcher = makeDispatcher({ tls });
  onTestFinished(async () => {
    await dispatcher.close();
    await front.close();
  });
  const surroundings = { base: '', dispatcher, timeoutMs: 2_000, now: () => servedAt, newId: () => 'id' };
  const given = await headerOf(makeAuthorizer(bySecret(`${front.origin}/token`, secret), surroundings));
  return { given: given === server.header() ? 'token' : given, asked: server.heard.length, clients: front.clients };
}

describe('a token endpoint behind TLS', () => {
  it('is trusted with the private CA, and gets no secret without it', async () => {
    expect(await asked({ ca })).toMatchObject({ given: 'token', asked: 1 });
    expect(await asked({})).toMatchObject({ given: 'token-tls-error', asked: 0 });
    expect(await asked({ ca: stranger.ca })).toMatchObject({ given: 'token-tls-error', asked: 0 });
  });

  it('gets no secret where its certificate is of another host', async () => {
    expect(await asked({ ca }, { certified: wrongHost })).toMatchObject({ given: 'token-tls-error', asked: 0 });
  });

  it('may ask for a client certificate', async () => {
    const { certificate, key } = client;
    const mutual = { clientsOf: authority };
    expect(await asked({ ca, certificate, key }, mutual)).toMatchObject({
      given: 'token',
      clients: ['sms.hospital.example.org'],
    });
    expect(await asked({ ca }, mutual)).toMatchObject({ asked: 0 });
    const strange = { ca, certificate: strangeClient.certificate, key: strangeClient.key };
    expect(await asked(strange, mutual)).toMatchObject({ asked: 0, clients: [] });
  });
});

describe('an EHR behind TLS', () => {
  it('is trusted with the private CA, may ask for a client certificate, and gets no token without', async () => {
    const ehr = await startScriptedEhr();
    const front = await tlsFront(ehr.url, site, authority);
    onTestFinished(async () => {
      await front.close();
      await ehr.close();
    });
    const { certificate, key } = client;
    const sent = async (tls: TlsFiles) => {
      const dispatcher = makeDispatcher({ tls });
      const { send } = await serve(
        {},
        { url: `${front.origin}/fhir`, dispatcher, auth: { kind: 'bearer', token: secret } },
      );
      return wordsOf(await send([delivery(0)]));
    };
    expect(await sent({ certificate, key })).toEqual(['ehr-tls-error']);
    expect(await sent({ ca })).not.toEqual(['created']);
    expect(ehr.heard).toEqual([]);
    expect(await sent({ ca, certificate, key })).toEqual(['created']);
  });
});
