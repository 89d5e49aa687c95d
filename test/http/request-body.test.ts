import request from 'supertest';
import { describe, expect, it } from 'vitest';
import { basic, codeOf, passwordOf, serveApp } from './served-app.ts';

const release = { method: 'POST', path: '/records/release', user: 'otto' };
const body = '{"state":"waiting"}';

describe('a body', () => {
  it.each([
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
  ])('is taken as %s', async (type) => {
    const reply = await serveApp().ask({ ...release, body, headers: { 'Content-Type': type } });
    expect(reply.status).toBe(200);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'application/json; charset=latin1',
    'text/plain; application/json',
  ])('is refused as %s', async (type) => {
    const reply = await serveApp().ask({ ...release, body, headers: { 'Content-Type': type } });
    expect(reply.status).toBe(415);
    expect(codeOf(reply)).toBe('unsupported-media-type');
  });

  it('is refused without a type, even when empty', async () => {
    const reply = await serveApp().ask({ method: 'POST', path: '/runs', user: 'otto' });
    expect(reply.status).toBe(415);
  });

  it('is refused when compressed', async () => {
    const reply = await serveApp().ask({ ...release, body, headers: { 'Content-Encoding': 'gzip' } });
    expect(reply.status).toBe(415);
  });

  it('is refused past its limit, by the length it announces', async () => {
    const reply = await serveApp().ask({ ...release, body: JSON.stringify({ source: 'x'.repeat(17_000) }) });
    expect(reply.status).toBe(413);
    expect(codeOf(reply)).toBe('body-too-large');
  });

  it('is refused past its limit, by what arrives when it announces no length', async () => {
    const { app } = serveApp();
    const sent = request(app)
      .post('/records/release')
      .set({ Authorization: basic('otto', passwordOf('otto')), 'Content-Type': 'application/json' })
      .set('Transfer-Encoding', 'chunked');
    sent.write(`{"source":"${'x'.repeat(20_000)}`);
    sent.write('x'.repeat(20_000));
    const reply = await sent;
    expect(reply.status).toBe(413);
  });

  it('is refused when it is not UTF-8, rather than changed', async () => {
    const { app } = serveApp();
    const sent = request(app)
      .post('/translate')
      .set({ Authorization: basic('otto', passwordOf('otto')), 'Content-Type': 'application/json' });
    sent.write(Buffer.from('{"response":["Café"]}', 'latin1'));
    const reply = await sent;
    expect(reply.status).toBe(400);
    expect(reply.body).toMatchObject({ code: 'malformed-json', detail: 'The body is not UTF-8.' });
  });

  it('of somebody without the role is not read', async () => {
    const reply = await serveApp().ask({ ...release, user: 'vera', body: 'x'.repeat(100_000) });
    expect(reply.status).toBe(403);
  });
});
