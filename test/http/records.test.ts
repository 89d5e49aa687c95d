import { describe, expect, it } from 'vitest';
import type { Asker } from '../../src/http/operations.ts';
import type { PageRequest, RecordFilter } from '../../src/ledger/ledger.ts';
import { record, recordKey } from './fake-operations.ts';
import { codeOf, serveApp } from './served-app.ts';

describe('GET /records', () => {
  it('hands on what is looked for', async () => {
    const asked: { filter: RecordFilter; page: PageRequest }[] = [];
    const { ask } = serveApp({
      operations: {
        records: (filter, page) => {
          asked.push({ filter, page });
          return Promise.resolve({ items: [record], next: null });
        },
      },
    });
    const query = 'state=rejected&code=mapping-refused&source=main-clinic&cursor=abc&limit=200';
    const reply = await ask({ path: `/records?${query}`, user: 'vera' });
    expect(reply.body).toEqual({ items: [record], next: null });
    expect(asked).toEqual([
      {
        filter: { state: 'rejected', code: 'mapping-refused', source: 'main-clinic' },
        page: { cursor: 'abc', limit: 200 },
      },
    ]);
  });

  it.each(['state=lost', 'state=Rejected', 'code=no-such-code', 'source='])('refuses %s', async (query) => {
    const reply = await serveApp().ask({ path: `/records?${query}`, user: 'vera' });
    expect(reply.status).toBe(400);
    expect(codeOf(reply)).toBe('invalid-parameter');
  });
});

describe('GET /records/{key}', () => {
  it('gives the record', async () => {
    const reply = await serveApp().ask({ path: `/records/${recordKey}`, user: 'vera' });
    expect(reply.body).toEqual(record);
  });

  it('answers 404 for a key that no record has', async () => {
    const reply = await serveApp().ask({ path: '/records/00000000-0000-5000-8000-000000000000', user: 'vera' });
    expect(reply.status).toBe(404);
    expect(codeOf(reply)).toBe('not-found');
  });
});

function servedRelease() {
  const asked: { filter: RecordFilter; asker: Asker }[] = [];
  const { ask } = serveApp({
    operations: {
      release: (filter, asker) => {
        asked.push({ filter, asker });
        return Promise.resolve(12);
      },
    },
  });
  const post = (body: string | object) => ask({ method: 'POST', path: '/records/release', user: 'otto', body });
  return { asked, post };
}

describe('POST /records/release', () => {
  it.each([{ key: recordKey }, { code: 'mapping-refused' }, { state: 'waiting' }, { source: 'main-clinic' }])(
    'releases by %j and says how many',
    async (filter) => {
      const { asked, post } = servedRelease();
      const reply = await post(filter);
      expect(reply.status).toBe(200);
      expect(reply.body).toEqual({ released: 12 });
      expect(asked).toEqual([{ filter, asker: { user: 'otto', requestId: 'request-1' } }]);
    },
  );

  it.each([
    ['nothing', {}],
    ['a state that cannot be released', { state: 'delivered' }],
    ['a key that is none', { key: 'abc' }],
    ['a member that is not known', { code: 'mapping-refused', all: 'true' }],
  ])('refuses %s, and releases none', async (_what, body) => {
    const { asked, post } = servedRelease();
    const reply = await post(body);
    expect(reply.status).toBe(400);
    expect(codeOf(reply)).toBe('invalid-body');
    expect(asked).toEqual([]);
  });

  it.each(['', '{', 'state=waiting'])('refuses a body that is not JSON', async (body) => {
    const { asked, post } = servedRelease();
    const reply = await post(body);
    expect(reply.status).toBe(400);
    expect(codeOf(reply)).toBe('malformed-json');
    expect(asked).toEqual([]);
  });
});
