import { afterAll, describe, expect, it } from 'vitest';
import { makeDispatcher } from '../../../src/network/dispatcher.ts';
import { makeAuthority } from '../../network/certificates.ts';
import { openProxy, openSite } from '../../network/opened-servers.ts';
import { askedSource } from './asked-source.ts';

const authority = makeAuthority('Example CA');
afterAll(() => authority.remove());
const site = authority.issue('site');
const client = authority.issue('client', { host: 'client.example' });
const secure = { cert: site.cert, key: site.keyText };

/** The problem code of one reading of a site that answers with an empty list, or `complete`. */
async function reads(port: number, options: Parameters<typeof makeDispatcher>[0]): Promise<string> {
  const dispatcher = makeDispatcher(options);
  const { reads: read } = await askedSource({ url: `https://localhost:${port}/x`, dispatcher });
  try {
    return await read();
  } finally {
    await dispatcher.destroy();
  }
}

describe('a vendor behind TLS', () => {
  it('A2: is asked only when its certificate is trusted; no login goes to another', async () => {
    const { port, heard } = await openSite(secure);
    expect(await reads(port, {})).toBe('source-tls-error');
    expect(heard).toEqual([]);
    expect(await reads(port, { tls: { ca: authority.ca } })).toBe('complete');
  });

  it('may ask for a client certificate', async () => {
    const { port, heard } = await openSite({ ...secure, ca: authority.caText, requestCert: true });
    const { certificate, key } = client;
    expect(await reads(port, { tls: { ca: authority.ca, certificate, key } })).toBe('complete');
    expect(await reads(port, { tls: { ca: authority.ca } })).not.toBe('complete');
    expect(heard).toHaveLength(1);
  });

  it('may stand behind a proxy, which never sees the login', async () => {
    const { port } = await openSite(secure);
    const proxy = await openProxy();
    const through = { proxy: `http://127.0.0.1:${proxy.port}`, tls: { ca: authority.ca } };
    expect(await reads(port, through)).toBe('complete');
    expect(proxy.asked).toEqual([{ line: `CONNECT localhost:${port}`, login: undefined }]);
    const refusing = await openProxy({ refuse: 407 });
    expect(await reads(port, { ...through, proxy: `http://127.0.0.1:${refusing.port}` })).toBe('source-unreachable');
  });
});
