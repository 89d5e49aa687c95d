import { describe, expect, it } from 'vitest';
import { readBasic } from '../../src/http/authorization-header.ts';
import { basic, codeOf, serveApp, users } from './served-app.ts';

const encoded = (text: string | Buffer): string => Buffer.from(text).toString('base64');
const challenge = 'Basic realm="dialog-health-fhir", charset="UTF-8"';

const served = (password: string, name = 'vera') =>
  serveApp({ users: [{ name, passwordHash: `hash of ${password}`, role: 'viewer' }] });

const status = (headers: Readonly<Record<string, string>>) => ({ path: '/status', headers });

const loggedOnce = async () => {
  const { ask, events } = serveApp();
  await ask(status({ Authorization: basic('hunter2', 'wrong') }));
  return JSON.stringify(events);
};

const from = (address: string) => ({ 'X-Forwarded-For': address });

describe('HTTP Basic', () => {
  it.each([
    ['with colons', 'one:two:three'],
    ['that begins with a colon', ':secret'],
    ['of nothing but a colon', ':'],
    ['beyond ASCII', 'pä→ß✓'],
    ['with percent signs', '100%25%zz'],
    ['with spaces at its ends', ' secret '],
    ['with a character beyond the basic plane', '🔑'],
    ['that begins with a byte order mark', '\ufeffsecret'],
  ])('takes a password %s (H3)', async (_what, password) => {
    const { ask, checked } = served(password);
    const reply = await ask(status({ Authorization: basic('vera', password) }));
    expect(reply.status).toBe(200);
    expect(checked).toEqual([{ password, hash: `hash of ${password}` }]);
  });

  it.each(['one', 'one:two', 'one:two:three:', ''])('takes no part of a password for all of it (%s)', async (part) => {
    const { ask } = served('one:two:three');
    expect((await ask(status({ Authorization: basic('vera', part) }))).status).toBe(401);
  });

  it('takes a name beyond ASCII', async () => {
    const { ask } = served('secret', 'Zoë 100%');
    expect((await ask(status({ Authorization: basic('Zoë 100%', 'secret') }))).status).toBe(200);
  });

  it.each(['Basic', 'basic', 'BASIC'])('takes the scheme written %s', async (scheme) => {
    const { ask } = served('secret');
    const reply = await ask(status({ Authorization: `${scheme} ${encoded('vera:secret')}` }));
    expect(reply.status).toBe(200);
  });

  it.each([
    ['a scheme that only contains "basic"', `xBASICx ${encoded('vera:secret')}`],
    ['another scheme', `Bearer ${encoded('vera:secret')}`],
    ['a scheme alone', 'Basic'],
    ['no colon', `Basic ${encoded('verasecret')}`],
    ['no name', `Basic ${encoded(':secret')}`],
    ['no password', `Basic ${encoded('vera:')}`],
    ['something after the credentials', `Basic ${encoded('vera:secret')} x`],
    ['something that is not base64', 'Basic vera:secret'],
    ['bytes that are not UTF-8', `Basic ${encoded(Buffer.from('vera:sécret', 'latin1'))}`],
    ['a control character', `Basic ${encoded('vera:sec\nret')}`],
    ['a NUL in the name', `Basic ${encoded('ve\0ra:secret')}`],
  ])('refuses %s with a challenge, and checks no password', async (_what, header) => {
    const { ask, checked, events } = served('secret');
    const reply = await ask(status({ Authorization: header }));
    expect(reply.status).toBe(401);
    expect(reply.headers['www-authenticate']).toBe(challenge);
    expect(checked).toEqual([]);
    expect(events).toMatchObject([{ event: 'login_failed', reason: 'malformed-header' }]);
  });

  it('asks a stranger to log in, without a line in the log', async () => {
    const { ask, events } = serveApp();
    const reply = await ask({ path: '/status' });
    expect(reply.status).toBe(401);
    expect(reply.headers['www-authenticate']).toBe(challenge);
    expect(codeOf(reply)).toBe('login-required');
    expect(events).toEqual([]);
  });

  it('starts no session', async () => {
    const reply = await serveApp().ask({ path: '/status', user: 'vera' });
    expect(reply.headers).not.toHaveProperty('set-cookie');
  });

  it('answers an unknown user exactly as a wrong password', async () => {
    const { ask } = serveApp();
    const [unknown, wrong] = [
      await ask(status({ Authorization: basic('nobody', 'secret') })),
      await ask(status({ Authorization: basic('vera', 'secret') })),
    ];
    const shown = ({ status, headers, text }: typeof unknown) => ({
      status,
      names: Object.keys(headers),
      text: text.replace(/request-\d/, ''),
    });
    expect(shown(unknown)).toEqual(shown(wrong));
  });

  it('audits a failed login by a fingerprint of the name, which may be a password', async () => {
    const { ask, events } = serveApp();
    for (const name of ['hunter2', 'hunter2', 'vera']) await ask(status({ Authorization: basic(name, 'wrong') }));
    expect(events).toMatchObject([
      { event: 'login_failed', requestId: 'request-1', address: '127.0.0.1', reason: 'unknown-user' },
      { reason: 'unknown-user' },
      { reason: 'wrong-password' },
    ]);
    const fingerprints = events.map((event) => (event.event === 'login_failed' ? event.userFingerprint : ''));
    expect(fingerprints[0]).toMatch(/^[\da-f]{12}$/);
    expect(fingerprints[1]).toBe(fingerprints[0]);
    expect(fingerprints[2]).not.toBe(fingerprints[0]);
    expect(JSON.stringify(events)).not.toMatch(/hunter2|vera/);
  });

  it('gives two processes different fingerprints of a name', async () => {
    expect(await loggedOnce()).not.toBe(await loggedOnce());
  });

  it('answers 429 with the time to wait after too many failures, even to the right password', async () => {
    const { ask, checked, pass } = serveApp();
    for (let tries = 0; tries < 5; tries++) await ask(status({ Authorization: basic('vera', `guess ${tries}`) }));
    const reply = await ask({ path: '/status', user: 'vera' });
    expect(reply.status).toBe(429);
    expect(codeOf(reply)).toBe('too-many-failures');
    expect(reply.headers['retry-after']).toBe('60');
    expect(checked).toHaveLength(5);
    pass(60_000);
    expect((await ask({ path: '/status', user: 'vera' })).status).toBe(200);
  });

  it('holds no user back elsewhere for failures at one address (H1)', async () => {
    const { ask } = serveApp({ trustedProxies: ['loopback'] });
    for (let tries = 0; tries < 9; tries++) {
      await ask(status({ ...from('192.0.2.7'), Authorization: basic('vera', `guess ${tries}`) }));
    }
    expect((await ask({ path: '/status', user: 'vera', headers: from('192.0.2.7') })).status).toBe(429);
    expect((await ask({ path: '/status', user: 'vera', headers: from('192.0.2.8') })).status).toBe(200);
  });

  it('believes no X-Forwarded-For of a stranger', async () => {
    const { ask, events } = serveApp();
    await ask(status({ 'X-Forwarded-For': '192.0.2.7', Authorization: basic('vera', 'wrong') }));
    expect(events).toMatchObject([{ address: '127.0.0.1' }]);
  });

  it('writes one line for a user held back, however often asked', async () => {
    const { ask, events } = serveApp();
    for (let tries = 0; tries < 10; tries++) await ask(status({ Authorization: basic('vera', `guess ${tries}`) }));
    expect(events.map((event) => event.event === 'login_failed' && event.reason)).toEqual([
      ...Array<string>(5).fill('wrong-password'),
      'too-many-failures',
    ]);
  });

  it('lets nobody in where there are no users', async () => {
    const { ask } = serveApp({ users: [] });
    expect((await ask({ path: '/status', user: 'vera' })).status).toBe(401);
  });

  it('answers 500 when the check of the password itself fails', async () => {
    const { ask, events } = served('secret');
    const broken = serveApp({ users: [{ name: 'vera', role: 'viewer', passwordHash: 'throw' }] });
    expect((await ask({ path: '/status', user: 'vera' })).status).toBe(401);
    expect((await broken.ask({ path: '/status', user: 'vera' })).status).toBe(500);
    expect(broken.events).toMatchObject([{ event: 'request_failed', operation: 'getStatus' }]);
    expect(events).toHaveLength(1);
  });
});

describe('the Authorization header', () => {
  it('is split at its first colon', () => {
    expect(readBasic(basic('ops', 'a:b'))).toEqual({ name: 'ops', password: 'a:b' });
  });

  it('may have more than one space after the scheme', () => {
    expect(readBasic(`Basic   ${encoded('ops:a')}`)).toEqual({ name: 'ops', password: 'a' });
  });

  it.each(users)('tells the name of $role', ({ name }) => {
    expect(readBasic(basic(name, 'x'))?.name).toBe(name);
  });
});
