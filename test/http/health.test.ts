import { describe, expect, it } from 'vitest';
import { serveApp } from './served-app.ts';

describe('health', () => {
  it('says that the process does its work, to everyone and without detail', async () => {
    const reply = await serveApp().ask({ path: '/livez' });
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual({ status: 'ok' });
  });

  it('answers 503 when schedules and loops no longer beat', async () => {
    const reply = await serveApp({ operations: { live: () => false } }).ask({ path: '/livez' });
    expect(reply.status).toBe(503);
    expect(reply.body).toMatchObject({ code: 'not-live' });
  });

  it('is ready when the ledger can be written to', async () => {
    expect((await serveApp().ask({ path: '/readyz' })).status).toBe(200);
  });

  it('is not ready otherwise', async () => {
    const reply = await serveApp({ operations: { ready: () => Promise.resolve(false) } }).ask({ path: '/readyz' });
    expect(reply.status).toBe(503);
    expect(reply.body).toMatchObject({ code: 'not-ready' });
  });

  it('checks no password of a probe that sends one', async () => {
    const { ask, checked } = serveApp();
    expect((await ask({ path: '/livez', user: 'vera' })).status).toBe(200);
    expect(checked).toEqual([]);
  });

  it('answers HEAD as GET, without the body', async () => {
    const reply = await serveApp().ask({ method: 'HEAD', path: '/readyz' });
    expect(reply.status).toBe(200);
    expect(reply.text).toBe('');
  });
});
