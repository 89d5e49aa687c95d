import { describe, expect, it } from 'vitest';
import type { Asker, RunAnswer, RunRequest } from '../../src/http/operations.ts';
import { BadCursor, type PageRequest } from '../../src/ledger/ledger.ts';
import { recordKey, run, runId } from './fake-operations.ts';
import { codeOf, serveApp } from './served-app.ts';

function servedRuns(answer: RunAnswer = { kind: 'started', id: runId }) {
  const asked: { request: RunRequest; asker: Asker }[] = [];
  const served = serveApp({
    operations: {
      startRun: (request, asker) => {
        asked.push({ request, asker });
        return Promise.resolve(answer);
      },
    },
  });
  const post = (body: string | object, headers: Readonly<Record<string, string>> = {}) =>
    served.ask({ method: 'POST', path: '/runs', user: 'otto', body, headers });
  return { ...served, asked, post };
}

describe('POST /runs', () => {
  it('starts a run of everything that is due, and says where its report is', async () => {
    const { post, asked } = servedRuns();
    const reply = await post({});
    expect(reply.status).toBe(202);
    expect(reply.headers.location).toBe(`/runs/${runId}`);
    expect(reply.body).toEqual({ id: runId });
    expect(asked).toEqual([{ request: {}, asker: { user: 'otto', requestId: 'request-1' } }]);
  });

  it('starts nothing for an empty body, which may be a mistake', async () => {
    const { post, asked } = servedRuns();
    expect(codeOf(await post(''))).toBe('malformed-json');
    expect(asked).toEqual([]);
  });

  it('hands on the source and the range, whatever the offset', async () => {
    const { post, asked } = servedRuns();
    await post({ source: 'main-clinic', from: '2026-03-05T00:00:00-05:00', to: '2026-03-06T00:00:00.500Z' });
    expect(asked[0]?.request).toEqual({
      source: 'main-clinic',
      from: Date.UTC(2026, 2, 5, 5),
      to: Date.UTC(2026, 2, 6) + 500,
    });
  });

  it('hands on that everything is sent again, or one message', async () => {
    const { post, asked } = servedRuns();
    const range = { from: '2026-03-05T00:00:00Z', to: '2026-03-06T00:00:00Z' };
    await post({ ...range, resend: true });
    await post({ resend: true, key: recordKey });
    await post({ ...range, resend: true, key: recordKey });
    await post({ ...range, resend: false });
    const [all, one, oneWithin, none] = asked.map(({ request }) => request);
    expect(all).toMatchObject({ resend: true, from: Date.UTC(2026, 2, 5) });
    expect(one).toEqual({ resend: true, key: recordKey });
    expect(oneWithin).toMatchObject({ resend: true, key: recordKey, to: Date.UTC(2026, 2, 6) });
    expect(none).toMatchObject({ resend: false });
  });

  it('answers 422 when the range has not begun', async () => {
    const future = { from: '2099-01-01T00:00:00Z', to: '2099-01-02T00:00:00Z' };
    const reply = await servedRuns({ kind: 'not-past' }).post(future);
    expect({ status: reply.status, code: codeOf(reply) }).toEqual({ status: 422, code: 'range-not-past' });
  });

  it.each(['unknown-record', 'no-time'] as const)(
    'answers 422 when the message is not to be found (%s)',
    async (kind) => {
      const reply = await servedRuns({ kind }).post({ resend: true, key: recordKey });
      expect(reply.status).toBe(422);
      expect(codeOf(reply)).toBe('unknown-record');
    },
  );

  it.each([
    ['sending again without saying what', { resend: true }],
    ['a message without sending it again', { key: recordKey }],
    ['a text for a yes', { resend: 'true', key: recordKey }],
    ['a key that is none', { resend: true, key: 'MSG-1' }],
    ['a start without an end', { from: '2026-03-05T00:00:00Z' }],
    ['an end without a start', { to: '2026-03-05T00:00:00Z' }],
    ['an end at its start', { from: '2026-03-05T00:00:00Z', to: '2026-03-05T00:00:00Z' }],
    ['an end before its start', { from: '2026-03-06T00:00:00Z', to: '2026-03-05T00:00:00Z' }],
    ['a time without an offset', { from: '2026-03-05T00:00:00', to: '2026-03-06T00:00:00Z' }],
    ['a date', { from: '2026-03-05', to: '2026-03-06' }],
    ['a day that is not', { from: '2026-02-30T00:00:00Z', to: '2026-03-06T00:00:00Z' }],
    ['a month that is not', { from: '2026-13-01T00:00:00Z', to: '2027-03-06T00:00:00Z' }],
    ['an empty source', { source: '' }],
    ['a source with a NUL', { source: 'main\0clinic' }],
    ['half a character', { source: '\ud83d' }],
    ['null for nothing', { source: null }],
    ['a member that is not known', { sources: 'main-clinic' }],
    ['a member of every object', '{"__proto__":"x"}'],
    ['a list', []],
    ['null', 'null'],
  ])('refuses %s', async (_what, body) => {
    const { post, asked } = servedRuns();
    const reply = await post(body);
    expect(reply.status).toBe(400);
    expect(codeOf(reply)).toBe('invalid-body');
    expect(asked).toEqual([]);
  });

  it('says which members are wrong, and what is expected', async () => {
    const { post } = servedRuns();
    const reply = await post({ source: 'main-clinic', from: 'yesterday', to: 3 });
    const expects = 'a time with an offset, like 2026-03-05T14:00:00Z';
    expect(reply.body).toMatchObject({
      errors: [
        { field: 'from', expects },
        { field: 'to', expects },
      ],
    });
  });

  it('answers 409 with the run under way', async () => {
    const { post } = servedRuns({ kind: 'already-running', id: runId });
    const reply = await post({});
    expect(reply.status).toBe(409);
    expect(reply.body).toMatchObject({ code: 'already-running', runId });
    expect(reply.headers.location).toBe(`/runs/${runId}`);
  });

  it('answers 422 with the names of the sources when the name is not known', async () => {
    const { post } = servedRuns({ kind: 'unknown-source', known: ['main-clinic', 'north'] });
    const reply = await post({ source: 'south' });
    expect(reply.status).toBe(422);
    expect(reply.body).toMatchObject({ code: 'unknown-source', known: ['main-clinic', 'north'] });
  });

  it('answers 503 while the service stops', async () => {
    const { post } = servedRuns({ kind: 'stopping' });
    const reply = await post({});
    expect(reply.status).toBe(503);
    expect(codeOf(reply)).toBe('stopping');
  });

  it('answers a request that is repeated as it did at first', async () => {
    const { post } = servedRuns({ kind: 'repeated', id: runId });
    const reply = await post({}, { 'Idempotency-Key': '2026-03-05' });
    expect(reply.status).toBe(202);
    expect(reply.headers.location).toBe(`/runs/${runId}`);
  });

  it('tells the same Idempotency-Key of two users apart, and keeps neither as it came', async () => {
    const { ask, asked } = servedRuns();
    const headers = { 'Idempotency-Key': 'nightly' };
    for (const user of ['otto', 'otto', 'ada']) await ask({ method: 'POST', path: '/runs', user, body: {}, headers });
    const [first, again, other] = asked.map(({ request }) => request.idempotencyKey);
    expect(first).toMatch(/^[\w-]{43}$/);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it.each(['two words', 'x'.repeat(256)])('refuses an Idempotency-Key that is none', async (key) => {
    const { post, asked } = servedRuns();
    const reply = await post({}, { 'Idempotency-Key': key });
    expect(reply.status).toBe(400);
    expect(codeOf(reply)).toBe('invalid-parameter');
    expect(asked).toEqual([]);
  });
});

describe('GET /runs', () => {
  it('lists the reports, fifty to a page', async () => {
    const pages: PageRequest[] = [];
    const { ask } = serveApp({
      operations: {
        runs: (page) => {
          pages.push(page);
          return Promise.resolve({ items: [run], next: 'c.2' });
        },
      },
    });
    const reply = await ask({ path: '/runs', user: 'vera' });
    expect(reply.body).toEqual({ items: [run], next: 'c.2' });
    await ask({ path: '/runs?cursor=c.2&limit=7', user: 'vera' });
    expect(pages).toEqual([{ limit: 50 }, { limit: 7, cursor: 'c.2' }]);
  });

  it.each(['limit=0', 'limit=201', 'limit=1e2', 'limit=', 'limit=5&limit=6', 'cursor=', 'cursor=%00', 'cursor=a%20b'])(
    'refuses %s',
    async (query) => {
      const reply = await serveApp().ask({ path: `/runs?${query}`, user: 'vera' });
      expect(reply.status).toBe(400);
      expect(codeOf(reply)).toBe('invalid-parameter');
    },
  );

  it('refuses a cursor that no page gave', async () => {
    const { ask } = serveApp({ operations: { runs: () => Promise.reject(new BadCursor('not one')) } });
    const reply = await ask({ path: '/runs?cursor=abc', user: 'vera' });
    expect(reply.status).toBe(400);
    expect(reply.body).toMatchObject({ code: 'invalid-parameter', errors: [{ field: 'cursor' }] });
  });

  it.each(['offset=5', 'Limit=5', 'limit[]=5', '__proto__=1', 'constructor=1'])(
    'refuses %s, which it does not know',
    async (query) => {
      const reply = await serveApp().ask({ path: `/runs?${query}`, user: 'vera' });
      expect(reply.status).toBe(400);
      expect(reply.body).toMatchObject({
        code: 'unknown-parameter',
        detail: 'Known query parameters: cursor, limit.',
      });
    },
  );
});

describe('GET /runs/{id}', () => {
  it('gives the report', async () => {
    const reply = await serveApp().ask({ path: `/runs/${runId}`, user: 'vera' });
    expect(reply.body).toEqual(run);
  });

  it('answers 404 for a run that never was', async () => {
    const reply = await serveApp().ask({ path: '/runs/none', user: 'vera' });
    expect(reply.status).toBe(404);
  });
});
