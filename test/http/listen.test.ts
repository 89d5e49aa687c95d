import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request as httpRequest, type RequestListener, type ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { listen, type ConnectionLimits, type Listening } from '../../src/http/listen.ts';
import { basic, passwordOf, serveApp } from './served-app.ts';

const open: { readonly server: Listening; readonly agent: Agent }[] = [];

afterEach(async () => {
  for (const { server, agent } of open.splice(0)) {
    agent.destroy();
    await server.close(0);
  }
});

async function serve(app: RequestListener = serveApp().app, limits: Partial<ConnectionLimits> = {}) {
  const server = await listen(app, { host: '127.0.0.1', port: 0, limits });
  const agent = new Agent({ keepAlive: true });
  open.push({ server, agent });
  const get = (path: string) =>
    new Promise<number>((resolve, reject) => {
      httpRequest({ host: '127.0.0.1', port: server.port, path, agent }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      })
        .on('error', reject)
        .end();
    });
  return { server, get };
}

/** What a raw connection is told until it ends. */
const told = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    socket
      .setEncoding('utf8')
      .on('data', (chunk: string) => (text += chunk))
      .on('error', () => {})
      .on('close', () => resolve(text));
  });

const never: RequestListener = (request) => void request.resume();

describe('the HTTP server', () => {
  it('serves the app on the port it names', async () => {
    const { get } = await serve();
    expect(await get('/livez')).toBe(200);
  });

  it('says why it cannot listen', async () => {
    const { server } = await serve();
    const second = listen(serveApp().app, { host: '127.0.0.1', port: server.port });
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('ends connections at rest when it closes', async () => {
    const { server, get } = await serve();
    await get('/livez');
    const started = performance.now();
    await server.close(60_000);
    expect(performance.now() - started).toBeLessThan(5000);
    await expect(get('/livez')).rejects.toThrow(/ECONN|hang up/);
  });

  it('lets a request under way finish when it closes, and ends its connection then', async () => {
    const arrival = Promise.withResolvers<ServerResponse>();
    const { server, get } = await serve((_request, response) => arrival.resolve(response));
    const answer = get('/slow');
    const response = await arrival.promise;
    const closed = server.close(60_000);
    response.end();
    expect(await answer).toBe(200);
    await closed;
  });

  it('cuts off what takes longer than the grace', async () => {
    const arrival = Promise.withResolvers<ServerResponse>();
    const { server, get } = await serve((_request, response) => arrival.resolve(response));
    const cutOff = get('/never').catch((error: Error) => error.message);
    await arrival.promise;
    await server.close(20);
    expect(await cutOff).toBe('socket hang up');
  });

  it('survives a client that leaves in the middle of its body', async () => {
    const served = serveApp();
    const { server, get } = await serve(served.app);
    const socket = connect(server.port, '127.0.0.1');
    const gone = told(socket);
    const login = basic('otto', passwordOf('otto'));
    socket.write(
      `POST /translate HTTP/1.1\r\nHost: x\r\nAuthorization: ${login}\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"resp`,
    );
    while (served.checked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    socket.resetAndDestroy();
    await gone;
    expect(await get('/livez')).toBe(200);
    expect(served.events).toEqual([]);
  });

  it('survives a client that leaves before its answer', async () => {
    const ready = Promise.withResolvers<boolean>();
    const asked = Promise.withResolvers<void>();
    const answerReady = () => {
      asked.resolve();
      return ready.promise;
    };
    const served = serveApp({ operations: { ready: answerReady } });
    const { server, get } = await serve(served.app);
    const socket = connect(server.port, '127.0.0.1');
    const gone = told(socket);
    socket.write('GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n');
    await asked.promise;
    socket.resetAndDestroy();
    await gone;
    ready.resolve(true);
    expect(await get('/livez')).toBe(200);
    expect(served.events).toEqual([]);
  });

  it.each([
    ['headers', 'GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: '],
    ['a body', 'POST /runs HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{'],
  ])('waits no longer than its limit for %s that never end (H9)', async (_what, sent) => {
    const { server } = await serve(never, { headersMs: 50, requestMs: 50, checkMs: 10 });
    const socket = connect(server.port, '127.0.0.1');
    const answer = told(socket);
    socket.write(sent);
    expect(await answer).toContain('HTTP/1.1 408');
  });

  it('turns connections away beyond its limit', async () => {
    const { server, get } = await serve(serveApp().app, { connections: 1 });
    expect(await get('/livez')).toBe(200);
    expect(await told(connect(server.port, '127.0.0.1'))).toBe('');
    expect(await get('/livez')).toBe(200);
  });

  it.each([
    ['what is no HTTP', 'hello\r\n\r\n', '400'],
    ['headers without end', `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}`, '431'],
  ])('refuses %s', async (_what, sent, status) => {
    const { server, get } = await serve();
    const socket = connect(server.port, '127.0.0.1');
    const answer = told(socket);
    socket.write(sent);
    expect(await answer).toContain(`HTTP/1.1 ${status}`);
    expect(await get('/livez')).toBe(200);
  });
});

const getSecurely = (port: number, client: object) =>
  new Promise<number>((resolve, reject) => {
    const options = { host: '127.0.0.1', servername: 'localhost', port, path: '/livez', agent: false, ...client };
    httpsRequest(options, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    })
      .on('error', reject)
      .end();
  });

describe('the HTTPS server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'listen-'));
  const file = (name: string): string => readFileSync(join(folder, name), 'utf8');

  function makeCertificate() {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const keys = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'key.pem'];
    const made = ['req', '-x509', ...keys, '-out', 'certificate.pem', '-days', '2', ...subject];
    execFileSync('openssl', made, { cwd: folder, stdio: 'ignore' });
    return { certificate: file('certificate.pem'), key: file('key.pem') };
  }

  it('serves over TLS, and with clientCa only those who have a certificate', async () => {
    const { certificate, key } = makeCertificate();
    const plain = await listen(serveApp().app, { host: '127.0.0.1', port: 0, tls: { certificate, key } });
    const tls = { certificate, key, clientCa: certificate };
    const mutual = await listen(serveApp().app, { host: '127.0.0.1', port: 0, tls });
    try {
      expect(await getSecurely(plain.port, { ca: certificate })).toBe(200);
      await expect(getSecurely(plain.port, { ca: certificate, maxVersion: 'TLSv1.1' })).rejects.toThrow(/.+/);
      await expect(getSecurely(mutual.port, { ca: certificate })).rejects.toThrow(/.+/);
      expect(await getSecurely(mutual.port, { ca: certificate, cert: certificate, key })).toBe(200);
    } finally {
      await Promise.all([plain.close(0), mutual.close(0)]);
      rmSync(folder, { recursive: true });
    }
  });

  it('says that a certificate cannot be used', async () => {
    const tls = { certificate: 'none', key: 'none' };
    await expect(listen(serveApp().app, { host: '127.0.0.1', port: 0, tls })).rejects.toThrow(/PEM/i);
  });
});
