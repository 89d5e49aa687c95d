import { createServer } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { tryConnection } from '../../src/network/connection.ts';
import { networkFailure } from '../../src/network/network-failure.ts';
import { makeAuthority } from './certificates.ts';
import { listening, openSite } from './opened-servers.ts';

const authority = makeAuthority('Example CA');
afterAll(() => authority.remove());
const good = authority.issue('good');
const secure = { cert: good.cert, key: good.keyText };

/** `open`, or how it failed. */
async function tried(url: string, ca = '', signal: AbortSignal = new AbortController().signal): Promise<string> {
  try {
    await tryConnection(url, { tls: { ca }, connectTimeoutMs: 2_000 }, signal);
    return 'open';
  } catch (error) {
    return networkFailure(error) ?? String(error);
  }
}

describe('a connection that is only tried', () => {
  it('is opened and ended, and nothing is asked', async () => {
    const { port, heard } = await openSite();
    expect(await tried(`http://127.0.0.1:${port}/sms`)).toBe('open');
    expect(await tried(`http://localhost:${port}/sms`)).toBe('open');
    expect(heard).toEqual([]);
  });

  it('is trusted with the private CA, and with it only', async () => {
    const { port, heard } = await openSite(secure);
    expect(await tried(`https://localhost:${port}/`, authority.ca)).toBe('open');
    expect(await tried(`https://localhost:${port}/`)).toBe('tls');
    expect(await tried(`https://127.0.0.1:${port}/`, authority.ca)).toBe('tls');
    expect(heard).toEqual([]);
  });

  it('to where nobody listens fails as any other', async () => {
    const server = createServer();
    const port = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await tried(`http://127.0.0.1:${port}/`)).toBe('unreachable');
    expect(await tried('http://nobody.invalid/')).toBe('unreachable');
  });

  it('ends when it is told to, also in the middle of a handshake', async () => {
    const silent = createServer(() => {});
    const port = await listening(silent);
    expect(await tried(`https://127.0.0.1:${port}/`, '', AbortSignal.timeout(50))).toBe('timeout');
    expect(await tried(`http://127.0.0.1:${port}/`, '', AbortSignal.abort())).toBe('timeout');
  });
});
