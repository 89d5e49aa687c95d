import { describe, expect, it, onTestFinished } from 'vitest';
import { jwksListener } from '../../src/http/jwks.ts';
import { listen } from '../../src/http/listen.ts';
import { publicKeysNow } from '../../src/login.ts';
import { keyFile, makeKey } from '../support/signing-keys.ts';

const key = makeKey('RS384');
const next = makeKey('ES384');

async function served(keys: () => object): Promise<string> {
  const http = await listen(jwksListener(keys), { host: '127.0.0.1', port: 0 });
  onTestFinished(() => http.close(0));
  return `http://127.0.0.1:${http.port}`;
}

describe('the port of the public keys', () => {
  it('tells them to anybody, at the usual places', async () => {
    const jwks = { keys: [{ kid: 'a' }] };
    const url = await served(() => jwks);
    for (const path of ['/', '/jwks.json', '/.well-known/jwks.json?x=1']) {
      const answer = await fetch(url + path);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
      expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
      expect(await answer.json()).toEqual(jwks);
    }
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it('has nothing else, and takes nothing', async () => {
    const url = await served(() => ({ keys: [] }));
    for (const path of ['/status', '/key.pem', '/../key.pem']) expect((await fetch(url + path)).status).toBe(404);
    expect((await fetch(url, { method: 'POST', body: 'x'.repeat(100_000) })).status).toBe(405);
  });

  it('B23: tells a new key soon after its file is there, before it signs, and no private part of any', async () => {
    let now = 0;
    const [current, coming] = [keyFile(key.pem), keyFile(undefined)];
    const keys = [current, coming].map(({ file }) => ({ ...file }));
    const url = await served(publicKeysNow({ keys }, () => now));
    const read = async () => (await fetch(url)).text();
    expect(JSON.parse(await read()).keys).toHaveLength(1);
    coming.write(next.pem);
    // Whoever asks again and again does not have the files read again and again.
    expect(JSON.parse(await read()).keys).toHaveLength(1);
    now += 10_000;
    const text = await read();
    expect(JSON.parse(text).keys.map(({ alg }: { readonly alg: string }) => alg)).toEqual(['RS384', 'ES384']);
    for (const secret of [...key.secrets, ...next.secrets]) expect(text).not.toContain(secret);
  });
});
