import { describe, expect, it } from 'vitest';
import { allRoutes } from '../../src/http/app.ts';
import { roles, type Role } from '../../src/http/roles.ts';
import { exampleBody } from './example-body.ts';
import { fakeOperations, recordKey, runId } from './fake-operations.ts';
import { codeOf, serveApp, type Ask } from './served-app.ts';

const routes = allRoutes(fakeOperations, () => {});

const example = (path: string, method: string): Ask => ({
  method,
  path: path.replace('{id}', runId).replace('{key}', recordKey),
  ...bodyOf(exampleBody(path, method)),
});

const bodyOf = (body: object | undefined) => (body === undefined ? {} : { body });

const expected = (needs: Role | null, has: Role | null): string => {
  if (needs === null) return 'let in';
  if (has === null) return 'login-required';
  return roles.indexOf(has) >= roles.indexOf(needs) ? 'let in' : 'role-required';
};

describe('roles', () => {
  const userOf = { viewer: 'vera', operator: 'otto', admin: 'ada' } as const;
  const matrix = routes.flatMap(({ path, method, role, operation }) =>
    [null, ...roles].map((has) => ({ path, method, needs: role, has, operation, becomes: expected(role, has) })),
  );

  it.each(matrix)('$operation asked by $has is $becomes', async ({ path, method, has, becomes, operation }) => {
    const { ask, events } = serveApp();
    const reply = await ask({ ...example(path, method), ...(has === null ? {} : { user: userOf[has] }) });
    const denied = events.filter(({ event }) => event === 'access_denied');
    expect(reply.status < 300 ? 'let in' : codeOf(reply)).toBe(becomes);
    expect(denied).toEqual(
      becomes === 'role-required'
        ? [{ event: 'access_denied', requestId: 'request-1', user: has === null ? '' : userOf[has], operation }]
        : [],
    );
  });
});

describe('addresses and methods', () => {
  it('answers 404 where nothing is', async () => {
    const reply = await serveApp().ask({ path: '/patients', user: 'vera' });
    expect(reply.status).toBe(404);
    expect(reply.body).toMatchObject({ code: 'not-found' });
  });

  it.each(['/patients', '/Status', '/status/', '/'])('tells a stranger nothing of %s', async (path) => {
    expect((await serveApp().ask({ path })).status).toBe(401);
  });

  it.each([
    ['DELETE', '/runs', 'POST, GET, HEAD'],
    ['PUT', '/status', 'GET, HEAD'],
    ['PATCH', `/records/${recordKey}`, 'GET, HEAD'],
    ['OPTIONS', '/windows', 'GET, HEAD'],
    ['GET', '/records/release', 'POST'],
    ['POST', '/livez', 'GET, HEAD'],
  ])('answers 405 to %s %s and names what is allowed', async (method, path, allow) => {
    const reply = await serveApp().ask({ method, path, user: 'ada' });
    expect(reply.status).toBe(405);
    expect(reply.headers.allow).toBe(allow);
  });

  it('answers 400 to an address that is not well-formed', async () => {
    const reply = await serveApp().ask({ path: '/runs/%zz', user: 'ada' });
    expect(reply.status).toBe(400);
    expect(reply.body).toMatchObject({ code: 'malformed-request' });
  });

  it.each(['/runs/%00', '/records/%F0%9F%91%8D', `/records/${recordKey.toUpperCase()}`, `/runs/${'1'.repeat(80)}`])(
    'asks nobody about %s, which can be no name',
    async (path) => {
      const asked: string[] = [];
      const note = (id: string) => {
        asked.push(id);
        return Promise.resolve(undefined);
      };
      const reply = await serveApp({ operations: { run: note, record: note } }).ask({ path, user: 'vera' });
      expect(reply.status).toBe(404);
      expect(asked).toEqual([]);
    },
  );
});

describe('every answer', () => {
  it.each([
    ['of an operation', { path: '/status', user: 'vera' }],
    ['to a stranger', { path: '/status' }],
    ['where nothing is', { path: '/nowhere', user: 'vera' }],
    ['to what cannot be read', { path: '/runs/%zz' }],
  ])('%s carries its id and is neither kept nor framed nor run', async (_which, asked) => {
    const { headers } = await serveApp().ask(asked);
    expect(headers).toMatchObject({
      'x-request-id': 'request-1',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    expect(
      Object.keys(headers).filter((name) => /^(?:access-control|x-powered-by|etag|set-cookie)/.test(name)),
    ).toEqual([]);
  });

  it('asks for HTTPS from then on where a trusted proxy received it over HTTPS', async () => {
    const asked = { path: '/livez', headers: { 'X-Forwarded-Proto': 'https' } };
    const trusting = await serveApp({ trustedProxies: ['loopback'] }).ask(asked);
    expect(trusting.headers['strict-transport-security']).toBe('max-age=31536000');
    expect((await serveApp().ask(asked)).headers).not.toHaveProperty('strict-transport-security');
  });
});

describe('requests of other sites (H4)', () => {
  const started = { method: 'POST', path: '/runs', user: 'otto', body: {} };

  it.each([
    ['a page of another site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['a page of a neighbour host', { 'Sec-Fetch-Site': 'same-site' }],
    ['another origin', { Origin: 'https://elsewhere.example' }],
    ['an origin without a name', { Origin: 'null' }],
  ])('refuses a run asked for by %s', async (_who, headers) => {
    const reply = await serveApp().ask({ ...started, headers });
    expect(reply.status).toBe(403);
    expect(reply.body).toMatchObject({ code: 'cross-site-request' });
  });

  it('takes it from its own page and from programs', async () => {
    const { ask } = serveApp();
    const own = { Host: 'fhir.example:8080', Origin: 'http://fhir.example:8080', 'Sec-Fetch-Site': 'same-origin' };
    expect((await ask({ ...started, headers: own })).status).toBe(202);
    expect((await ask(started)).status).toBe(202);
  });

  it('lets a link on another site open what changes nothing', async () => {
    const reply = await serveApp().ask({ path: '/status', user: 'vera', headers: { 'Sec-Fetch-Site': 'cross-site' } });
    expect(reply.status).toBe(200);
  });
});

describe('an error inside the service', () => {
  const secret = 'Testa Example 5555550199';
  const failing = { status: () => Promise.reject(new RangeError(secret)) };

  it('is answered without a word about it', async () => {
    const reply = await serveApp({ operations: failing }).ask({ path: '/status', user: 'vera' });
    expect(reply.status).toBe(500);
    expect(reply.body).toMatchObject({ code: 'unexpected-error', requestId: 'request-1' });
    expect(reply.text).not.toMatch(/Testa|5555550199|at .*\.ts|RangeError/);
  });

  it('is logged by the kind of error alone', async () => {
    const { ask, events } = serveApp({ operations: failing });
    await ask({ path: '/status', user: 'vera' });
    expect(events).toEqual([
      { event: 'request_failed', requestId: 'request-1', operation: 'getStatus', errorName: 'RangeError' },
    ]);
  });

  it('is logged without a name that may quote a message', async () => {
    const error = Object.assign(new Error('x'), { name: secret });
    const { ask, events } = serveApp({ operations: { status: () => Promise.reject(error) } });
    await ask({ path: '/status', user: 'vera' });
    expect(events).toMatchObject([{ errorName: 'Error' }]);
  });
});

describe('what was sent is never repeated in an error', () => {
  const canary = 'Canary5555550177';

  it.each([
    [{ path: `/records?state=${canary}`, user: 'vera' }],
    [{ path: `/records?${canary}=1`, user: 'vera' }],
    [{ path: `/runs/${canary}`, user: 'vera' }],
    [{ path: `/${canary}`, user: 'vera' }],
    [{ path: `/${canary}%zz`, user: 'vera' }],
    [{ method: 'POST', path: '/runs', user: 'otto', body: `{"${canary}":"1"}` }],
    [{ method: 'POST', path: '/runs', user: 'otto', body: { source: [canary] } }],
    [{ method: 'POST', path: '/runs', user: 'otto', body: `{${canary}` }],
    [{ method: 'POST', path: '/runs', user: 'otto', body: '{}', headers: { 'Content-Type': canary } }],
    [{ method: 'POST', path: '/runs', user: 'otto', body: '{}', headers: { 'Idempotency-Key': `${canary} 1` } }],
    [{ path: '/status', headers: { Authorization: `Basic ${canary}` } }],
  ] satisfies [Ask][])('not of %j', async (asked) => {
    const { ask, events } = serveApp();
    const reply = await ask(asked);
    expect(reply.status).toBeGreaterThanOrEqual(400);
    expect(JSON.stringify([reply.headers, reply.text, events])).not.toContain(canary);
  });
});
