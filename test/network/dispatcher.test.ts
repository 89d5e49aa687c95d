import { createServer } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, describe, expect, it } from 'vitest';
import { makeDispatcher, type NetworkOptions } from '../../src/network/dispatcher.ts';
import { networkFailure } from '../../src/network/network-failure.ts';
import { makeAuthority } from './certificates.ts';
import { listening, openProxy, openSite } from './opened-servers.ts';

const authority = makeAuthority('Example CA');
const stranger = makeAuthority('Another CA');
afterAll(() => {
  authority.remove();
  stranger.remove();
});
const good = authority.issue('good');
const wrongHost = authority.issue('wrong-host', { host: 'other.example' });
const expired = authority.issue('expired', { expired: true });
const client = authority.issue('client', { host: 'client.example' });
const strangeClient = stranger.issue('client', { host: 'client.example' });
const trusted: NetworkOptions = { tls: { ca: authority.ca } };

/** What one request by undici gives: the body, or how it failed. */
async function ask(url: string, options: NetworkOptions = {}, timeoutMs = 5_000): Promise<string> {
  const dispatcher = makeDispatcher(options);
  try {
    const { statusCode, body } = await request(url, { dispatcher, signal: AbortSignal.timeout(timeoutMs) });
    return `${statusCode} ${await body.text()}`;
  } catch (error) {
    return networkFailure(error) ?? String(error);
  } finally {
    await dispatcher.destroy();
  }
}

/** The same by Node's own fetch, which takes the dispatcher too. */
async function fetched(url: string, options: NetworkOptions = {}): Promise<string> {
  const dispatcher = makeDispatcher(options);
  const init: RequestInit = { headers: { accept: 'application/json' } };
  // Typed for another copy of undici than the one that Node brings.
  Object.assign(init, { dispatcher });
  try {
    const response = await fetch(url, init);
    return `${response.status} ${await response.text()}`;
  } catch (error) {
    return networkFailure(error) ?? String(error);
  } finally {
    await dispatcher.destroy();
  }
}

const secure = { cert: good.cert, key: good.keyText };

describe('a TLS connection', () => {
  it('is trusted with the private CA, and with it only (A2)', async () => {
    const { port } = await openSite(secure);
    const url = `https://localhost:${port}/`;
    expect(await ask(url, trusted)).toBe('200 []');
    expect(await fetched(url, trusted)).toBe('200 []');
    expect(await ask(url)).toBe('tls');
    expect(await fetched(url)).toBe('tls');
    expect(await ask(url, { tls: { ca: stranger.ca } })).toBe('tls');
  });

  it('is refused for another host (A2)', async () => {
    const { port, heard } = await openSite({ cert: wrongHost.cert, key: wrongHost.keyText });
    expect(await ask(`https://localhost:${port}/`, trusted)).toBe('tls');
    expect(await fetched(`https://localhost:${port}/`, trusted)).toBe('tls');
    expect(heard).toEqual([]);
  });

  it('is refused when its certificate has expired (A2)', async () => {
    const { port, heard } = await openSite({ cert: expired.cert, key: expired.keyText });
    expect(await ask(`https://localhost:${port}/`, trusted)).toBe('tls');
    expect(heard).toEqual([]);
  });

  it('is refused below TLS 1.2', async () => {
    const { port } = await openSite({
      ...secure,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    expect(await ask(`https://localhost:${port}/`, trusted)).toBe('tls');
  });

  it('is refused with what speaks no TLS', async () => {
    const { port } = await openSite();
    expect(await ask(`https://localhost:${port}/`, trusted)).toBe('tls');
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'shows the client certificate where one is asked for: %s',
    async (version) => {
      const asks = { ...secure, ca: authority.caText, requestCert: true, rejectUnauthorized: true };
      const { port, heard } = await openSite({ ...asks, minVersion: version, maxVersion: version });
      const url = `https://localhost:${port}/`;
      const { certificate, key } = client;
      expect(await ask(url, { tls: { ca: authority.ca, certificate, key } })).toBe('200 []');
      expect(heard).toHaveLength(1);
      expect(['tls', 'broken']).toContain(await ask(url, trusted));
      const { certificate: other, key: otherKey } = strangeClient;
      expect(['tls', 'broken']).toContain(
        await ask(url, { tls: { ca: authority.ca, certificate: other, key: otherKey } }),
      );
      expect(heard).toHaveLength(1);
    },
  );
});

describe('files of TLS', () => {
  const file = (name: string, text: string): string => {
    const path = join(authority.folder, name);
    writeFileSync(path, text);
    return path;
  };

  it('are found wanting at start, not at the first connection', () => {
    const { certificate, key } = client;
    const junk = file('junk.pem', 'not PEM');
    expect(() => makeDispatcher({ tls: { ca: '/nowhere/ca.pem' } })).toThrow('ENOENT');
    expect(() => makeDispatcher({ tls: { ca: junk } })).toThrow(/.+/);
    expect(() => makeDispatcher({ tls: { ca: file('empty.pem', '') } })).toThrow(/.+/);
    expect(() => makeDispatcher({ tls: { certificate: junk, key } })).toThrow(/.+/);
    expect(() => makeDispatcher({ tls: { certificate, key: junk } })).toThrow(/.+/);
    expect(() => makeDispatcher({ tls: { certificate, key: strangeClient.key } })).toThrow(/.+/);
    expect(() => makeDispatcher({ tls: { certificate } })).toThrow('belong together');
    expect(() => makeDispatcher({ tls: { key } })).toThrow('belong together');
  });

  it('may hold several CAs', async () => {
    const { port } = await openSite(secure);
    const both = file('both.pem', `${stranger.caText}\n${authority.caText}`);
    expect(await ask(`https://localhost:${port}/`, { tls: { ca: both } })).toBe('200 []');
  });
});

describe('a proxy', () => {
  it('gets a tunnel for https, and sees no more than the host', async () => {
    const site = await openSite(secure);
    const proxy = await openProxy();
    const options = { ...trusted, proxy: `http://127.0.0.1:${proxy.port}` };
    expect(await ask(`https://localhost:${site.port}/a?b`, options)).toBe('200 []');
    expect(await fetched(`https://localhost:${site.port}/a?b`, options)).toBe('200 []');
    expect(new Set(proxy.asked.map(({ line }) => line))).toEqual(new Set([`CONNECT localhost:${site.port}`]));
    expect(site.heard).toHaveLength(2);
  });

  it('is trusted no further than its tunnel: certificates are verified behind it', async () => {
    const proxy = await openProxy();
    const through = { proxy: `http://127.0.0.1:${proxy.port}` };
    const site = await openSite(secure);
    expect(await ask(`https://localhost:${site.port}/`, through)).toBe('tls');
    const other = await openSite({ cert: wrongHost.cert, key: wrongHost.keyText });
    expect(await ask(`https://localhost:${other.port}/`, { ...trusted, ...through })).toBe('tls');
    expect(await fetched(`https://localhost:${other.port}/`, { ...trusted, ...through })).toBe('tls');
    const old = await openSite({ cert: expired.cert, key: expired.keyText });
    expect(await ask(`https://localhost:${old.port}/`, { ...trusted, ...through })).toBe('tls');
    expect([...site.heard, ...other.heard, ...old.heard]).toEqual([]);
  });

  it('carries the client certificate to the site behind it', async () => {
    const site = await openSite({ ...secure, ca: authority.caText, requestCert: true, rejectUnauthorized: true });
    const proxy = await openProxy();
    const { certificate, key } = client;
    const tls = { ca: authority.ca, certificate, key };
    expect(await ask(`https://localhost:${site.port}/`, { tls, proxy: `http://127.0.0.1:${proxy.port}` })).toBe(
      '200 []',
    );
  });

  it('gets the whole address for http, where a tunnel is often refused', async () => {
    const site = await openSite();
    const proxy = await openProxy();
    const options = { proxy: `http://127.0.0.1:${proxy.port}` };
    expect(await ask(`http://vendor.example:${site.port}/a%2Fb?c=d`, options)).toBe('200 ["from the proxy"]');
    expect(await fetched(`http://vendor.example:${site.port}/a%2Fb?c=d`, options)).toBe('200 ["from the proxy"]');
    expect(proxy.asked.map(({ line }) => line)).toEqual(
      Array(2).fill(`GET http://vendor.example:${site.port}/a%2Fb?c=d`),
    );
    expect(site.heard).toEqual([]);
  });

  it('is shown its own login, and the site is not', async () => {
    const site = await openSite(secure);
    const proxy = await openProxy();
    const options = { ...trusted, proxy: `http://us%40er:p%3Ass@127.0.0.1:${proxy.port}` };
    expect(await ask(`https://localhost:${site.port}/`, options)).toBe('200 []');
    const login = `Basic ${Buffer.from('us@er:p:ss').toString('base64')}`;
    expect(proxy.asked).toEqual([{ line: `CONNECT localhost:${site.port}`, login }]);
    expect(site.heard[0]?.headers).not.toHaveProperty('proxy-authorization');
  });

  it('may speak TLS itself, with a private CA', async () => {
    const site = await openSite(secure);
    const proxy = await openProxy({ tls: secure });
    const through = { proxy: `https://localhost:${proxy.port}` };
    expect(await ask(`https://localhost:${site.port}/`, { ...trusted, ...through })).toBe('200 []');
    expect(await ask(`https://localhost:${site.port}/`, through)).toBe('tls');
    expect(proxy.asked).toHaveLength(1);
  });

  it.each([403, 407, 502])('that refuses the tunnel with %i leaves the other side unreached', async (refuse) => {
    const site = await openSite(secure);
    const proxy = await openProxy({ refuse });
    const options = { ...trusted, proxy: `http://127.0.0.1:${proxy.port}` };
    expect(await ask(`https://localhost:${site.port}/`, options)).toBe('unreachable');
    expect(await fetched(`https://localhost:${site.port}/`, options)).toBe('unreachable');
    expect(site.heard).toEqual([]);
  });

  it('that is not there leaves the other side unreached', async () => {
    const gone = createServer();
    const port = await listening(gone);
    await new Promise((resolve) => gone.close(resolve));
    expect(await ask('https://localhost:1/', { proxy: `http://127.0.0.1:${port}` })).toBe('unreachable');
  });

  it('that says nothing is waited for no longer than for a connection', async () => {
    const port = await listening(createServer());
    const options = { proxy: `http://127.0.0.1:${port}`, connectTimeoutMs: 1_200 };
    expect(await ask('https://localhost:1/', options, 20_000)).toBe('timeout');
  });

  it.each([
    ['localhost', true],
    ['.localhost', true],
    ['other.example, localhost', true],
    ['*', true],
    ['other.example', false],
    ['calhost', false],
    ['', false],
  ])('is left out for the hosts of NO_PROXY: %j', async (noProxy, isDirect) => {
    const site = await openSite(secure);
    const proxy = await openProxy();
    const options = { ...trusted, proxy: `http://127.0.0.1:${proxy.port}`, noProxy };
    expect(await ask(`https://localhost:${site.port}/`, options)).toBe('200 []');
    expect(proxy.asked).toHaveLength(isDirect ? 0 : 1);
  });

  it('is not taken from the environment by itself', async () => {
    const site = await openSite();
    const proxy = await openProxy();
    process.env['HTTP_PROXY'] = `http://127.0.0.1:${proxy.port}`;
    try {
      expect(await ask(`http://127.0.0.1:${site.port}/`)).toBe('200 []');
    } finally {
      delete process.env['HTTP_PROXY'];
    }
    expect(proxy.asked).toEqual([]);
  });
});
