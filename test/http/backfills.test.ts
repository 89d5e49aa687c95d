import { describe, expect, it } from 'vitest';
import type { Asker, BackfillAnswer, BackfillMove, BackfillRequest } from '../../src/http/operations.ts';
import type { PageRequest } from '../../src/ledger/ledger.ts';
import { backfill } from './fake-operations.ts';
import { codeOf, serveApp } from './served-app.ts';

const range = { from: '2025-03-01T00:00:00Z', to: '2026-03-01T00:00:00Z' };
const address = `/backfills/${backfill.id}`;

function servedBackfills(answer: BackfillAnswer = { kind: 'begun', job: backfill }) {
  const asked: { request: BackfillRequest; asker: Asker }[] = [];
  const served = serveApp({
    operations: {
      beginBackfill: (request, asker) => {
        asked.push({ request, asker });
        return Promise.resolve(answer);
      },
    },
  });
  const post = (body: string | object) => served.ask({ method: 'POST', path: '/backfills', user: 'otto', body });
  return { ...served, asked, post };
}

describe('POST /backfills', () => {
  it('begins a job, the newest first, and says where its progress is', async () => {
    const { post, asked } = servedBackfills();
    const reply = await post(range);
    expect(reply.status).toBe(202);
    expect(reply.headers.location).toBe(address);
    expect(reply.body).toEqual(backfill);
    expect(asked).toEqual([
      {
        request: { from: Date.UTC(2025, 2, 1), to: Date.UTC(2026, 2, 1), order: 'newest-first', resend: false },
        asker: { user: 'otto', requestId: 'request-1' },
      },
    ]);
  });

  it('hands on the source, the order, and whether everything is sent again', async () => {
    const { post, asked } = servedBackfills();
    await post({ ...range, source: 'main-clinic', order: 'oldest-first', resend: true });
    expect(asked[0]?.request).toMatchObject({ source: 'main-clinic', order: 'oldest-first', resend: true });
  });

  it('answers 200 with the job that is there when it is asked once more', async () => {
    const { post } = servedBackfills({ kind: 'there', job: { ...backfill, state: 'paused' } });
    const reply = await post(range);
    expect(reply.status).toBe(200);
    expect(reply.headers.location).toBe(address);
    expect(reply.body).toMatchObject({ id: backfill.id, state: 'paused' });
  });

  it.each([
    ['no range', {}],
    ['half a range', { from: range.from }],
    ['a time without an offset', { ...range, to: '2026-03-01T00:00:00' }],
    ['an order that is none', { ...range, order: 'random' }],
    ['a text for a yes', { ...range, resend: 'true' }],
    ['a number for a yes', { ...range, resend: 1 }],
    ['a yes for a text', { ...range, source: true }],
    ['a member that is not known', { ...range, sources: 'main-clinic' }],
  ])('refuses %s', async (_what, body) => {
    const { post, asked } = servedBackfills();
    const reply = await post(body);
    expect(reply.status).toBe(400);
    expect(codeOf(reply)).toBe('invalid-body');
    expect(asked).toEqual([]);
  });

  it.each([
    ['empty', 400, 'invalid-body'],
    ['future', 422, 'range-not-past'],
  ] as const)('refuses a range that is %s, and says so', async (why, status, code) => {
    const reply = await servedBackfills({ kind: 'not-past', why }).post(range);
    expect(reply.status).toBe(status);
    expect(reply.body).toMatchObject({ code, detail: expect.stringContaining(why === 'empty' ? 'before' : 'future') });
  });

  it('answers 422 with the names of the sources when it is not clear which is meant', async () => {
    const reply = await servedBackfills({ kind: 'unknown-source', known: ['main-clinic', 'north'] }).post(range);
    expect(reply.status).toBe(422);
    expect(reply.body).toMatchObject({ code: 'unknown-source', known: ['main-clinic', 'north'] });
  });
});

describe('GET /backfills', () => {
  it('lists the jobs, page by page', async () => {
    const pages: PageRequest[] = [];
    const { ask } = serveApp({
      operations: {
        backfills: (page) => {
          pages.push(page);
          return Promise.resolve({ items: [backfill], next: 'c.2' });
        },
      },
    });
    expect((await ask({ path: '/backfills', user: 'vera' })).body).toEqual({ items: [backfill], next: 'c.2' });
    await ask({ path: '/backfills?cursor=c.2&limit=7', user: 'vera' });
    expect(pages).toEqual([{ limit: 50 }, { limit: 7, cursor: 'c.2' }]);
  });

  it('gives the progress of one, and 404 where there is none', async () => {
    const { ask } = serveApp();
    expect((await ask({ path: address, user: 'vera' })).body).toEqual(backfill);
    expect((await ask({ path: '/backfills/none', user: 'vera' })).status).toBe(404);
    expect((await ask({ path: `/backfills/${'1'.repeat(80)}`, user: 'vera' })).status).toBe(404);
  });
});

describe('stopping, pausing and resuming a backfill', () => {
  function served(answer: (to: string) => BackfillMove) {
    const moves: unknown[] = [];
    const { ask } = serveApp({
      operations: {
        moveBackfill: (id, to, asker) => {
          moves.push({ id, to, user: asker.user });
          return Promise.resolve(answer(to));
        },
      },
    });
    const all = () =>
      Promise.all([
        ask({ method: 'DELETE', path: address, user: 'otto' }),
        ask({ method: 'POST', path: `${address}/pause`, user: 'otto' }),
        ask({ method: 'POST', path: `${address}/resume`, user: 'otto' }),
      ]);
    return { all, moves };
  }

  it('is done at its address, without a body, and gives the job as it is now', async () => {
    const states = { stopped: 'stopped', paused: 'paused', running: 'running' } as const;
    const { all, moves } = served((to) => ({
      kind: 'moved',
      job: { ...backfill, state: states[to === 'stopped' || to === 'paused' ? to : 'running'] },
    }));
    const replies = await all();
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(replies.map(({ body }): unknown => Object(body).state)).toEqual(['stopped', 'paused', 'running']);
    expect(moves).toEqual(
      expect.arrayContaining(['stopped', 'paused', 'running'].map((to) => ({ id: backfill.id, to, user: 'otto' }))),
    );
  });

  it('is refused once it is over, but for stopping, which has nothing left to do', async () => {
    const { all } = served(() => ({ kind: 'over', job: { ...backfill, state: 'done' } }));
    const [stopped, ...others] = await all();
    expect(stopped?.body).toMatchObject({ state: 'done' });
    expect(others.map((reply) => [reply.status, codeOf(reply)])).toEqual([
      [409, 'backfill-over'],
      [409, 'backfill-over'],
    ]);
  });

  it('answers 404 where there is none', async () => {
    const { all } = served(() => ({ kind: 'not-there' }));
    expect((await all()).map(({ status }) => status)).toEqual([404, 404, 404]);
  });

  it('is for operators', async () => {
    const { ask } = serveApp();
    const reply = await ask({ method: 'DELETE', path: address, user: 'vera' });
    expect(codeOf(reply)).toBe('role-required');
  });
});
