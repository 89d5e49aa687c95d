import { describe, expect, it } from 'vitest';
import { status, unread, window } from './fake-operations.ts';
import { codeOf, serveApp } from './served-app.ts';

describe('GET /windows', () => {
  it('hands on what is looked for', async () => {
    const asked: unknown[] = [];
    const { ask } = serveApp({
      operations: {
        windows: (filter, page) => {
          asked.push({ filter, page });
          return Promise.resolve({ items: [window], next: null, unread: [unread] });
        },
      },
    });
    const query = 'source=main-clinic&from=2026-03-05T00:00:00Z&to=2026-03-05T12:00:00%2B01:00';
    const reply = await ask({ path: `/windows?${query}`, user: 'vera' });
    expect(reply.body).toEqual({ items: [window], next: null, unread: [unread] });
    expect(asked).toEqual([
      {
        filter: { source: 'main-clinic', from: Date.UTC(2026, 2, 5), to: Date.UTC(2026, 2, 5, 11) },
        page: { limit: 50 },
      },
    ]);
  });

  it.each(['from=2026-03-05', 'to=now', 'from=2026-03-06T00:00:00Z&to=2026-03-05T00:00:00Z'])(
    'refuses %s',
    async (query) => {
      const reply = await serveApp().ask({ path: `/windows?${query}`, user: 'vera' });
      expect(reply.status).toBe(400);
      expect(codeOf(reply)).toBe('invalid-parameter');
    },
  );

  it('takes one end of the range alone', async () => {
    expect((await serveApp().ask({ path: '/windows?from=2026-03-05T00:00:00Z', user: 'vera' })).status).toBe(200);
  });
});

describe('GET /status', () => {
  it('gives the state of sources and destinations', async () => {
    expect((await serveApp().ask({ path: '/status', user: 'vera' })).body).toEqual(status);
  });
});
