import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { makeDispatcher } from '../../../src/network/dispatcher.ts';
import { makeDialogHealthSource } from '../../../src/sources/dialog-health/dialog-health-source.ts';
import { askedSource, now, sourceOptions, window, wordOf } from './asked-source.ts';
import { numberedRows, row } from './invented-rows.ts';
import { body, closeDelimited, cutShort, rows, status, type Reply } from './scripted-vendor.ts';

const whole = JSON.stringify({ requestId: 'r', response: numberedRows(3) });
const half = whole.slice(0, whole.length / 2);

/** The problem of one reading that is answered so. */
async function problemOf(reply: Reply, options: Parameters<typeof askedSource>[0] = {}) {
  const { vendor, read } = await askedSource(options);
  vendor.script.push(reply);
  const { outcome, readings } = await read();
  expect(vendor.heard).toHaveLength(1);
  expect(outcome.rows).toBe(readings.length);
  return outcome.kind === 'failed' ? outcome.problem : undefined;
}

const codeOf = async (reply: Reply, options?: Parameters<typeof askedSource>[0]) =>
  (await problemOf(reply, options))?.code ?? 'complete';

describe('the status of an answer', () => {
  it.each([
    [201, 'source-unexpected-answer'],
    [204, 'source-unexpected-answer'],
    [206, 'source-unexpected-answer'],
    [301, 'source-redirect'],
    [302, 'source-redirect'],
    [307, 'source-redirect'],
    [400, 'source-refused'],
    [401, 'source-unauthorized'],
    [403, 'source-unauthorized'],
    [404, 'source-refused'],
    [405, 'source-refused'],
    [407, 'source-unreachable'],
    [408, 'source-timeout'],
    [410, 'source-refused'],
    [413, 'source-too-large'],
    [429, 'source-throttled'],
    [500, 'source-server-error'],
    [501, 'source-server-error'],
    [502, 'source-server-error'],
    [503, 'source-server-error'],
    [504, 'source-server-error'],
  ])('%i is %s (A12, A14, A15, A17)', async (httpStatus, code) => {
    expect(await problemOf(status(httpStatus, {}, httpStatus === 204 ? '' : whole))).toEqual({ code, httpStatus });
  });

  it('is all that is kept of an error: its text may echo ids', async () => {
    const problem = await problemOf(status(400, {}, '{"message": "No such person: p-4711"}'));
    expect(JSON.stringify(problem)).toBe('{"code":"source-refused","httpStatus":400}');
  });

  it.each([
    ['17', 17_000],
    ['Fri, 06 Mar 2026 12:05:00 GMT', 300_000],
    ['Fri, 06 Mar 2026 11:00:00 GMT', 0],
    ['soon', undefined],
    ['-5', undefined],
  ])('names the pause that Retry-After %s asks for', async (header, retryAfterMs) => {
    for (const code of [429, 503]) {
      const problem = await problemOf((response, heard) => {
        response.sendDate = false;
        return status(code, { 'retry-after': header })(response, heard);
      });
      expect(problem?.retryAfterMs).toBe(retryAfterMs);
    }
  });

  it("measures a date by the vendor's own clock", async () => {
    const vendorNow = new Date(now - 240_000).toUTCString();
    const until = new Date(now - 240_000 + 60_000).toUTCString();
    const problem = await problemOf(status(429, { date: vendorNow, 'retry-after': until }));
    expect(problem?.retryAfterMs).toBe(60_000);
  });

  it('A19: that redirects is followed nowhere', async () => {
    const elsewhere = await askedSource();
    const location = `${elsewhere.vendor.url}/api/responses/x`;
    for (const code of [301, 302, 303, 307, 308]) {
      expect(await codeOf(status(code, { location }))).toBe('source-redirect');
    }
    expect(elsewhere.vendor.heard).toEqual([]);
  });
});

describe('the body of an answer', () => {
  it.each([
    [
      'A8: a page of HTML',
      body('<html>Please log in</html>', { 'content-type': 'text/html' }),
      'source-unexpected-answer',
    ],
    ['A9: an error object', body('{"message": "Something went wrong"}'), 'source-unexpected-answer'],
    ['null for a list', body('{"response": null}'), 'source-unexpected-answer'],
    ['nothing', body(''), 'source-incomplete-answer'],
    ['A6: half a document, as if it were whole', body(half), 'source-incomplete-answer'],
    ['A7: half a document without a length', closeDelimited(half), 'source-incomplete-answer'],
    ['A5: less than its length', cutShort(half), 'source-incomplete-answer'],
    ['a whole document that is shorter than its length', cutShort(whole), 'source-incomplete-answer'],
    ['something after its end', body(`${whole}x`), 'source-incomplete-answer'],
    ['two documents', body(whole + whole), 'source-incomplete-answer'],
  ])('is no answer when it is %s', async (_what, reply, code) => {
    expect(await codeOf(reply)).toBe(code);
  });

  it.each([
    ['with another content type: its shape decides', body(whole, { 'content-type': 'text/plain' })],
    ['without a content type', (response) => void response.writeHead(200).end(whole)],
    ['after a byte order mark', body(`\uFEFF${whole}`)],
    ['without a length, ended by the connection', closeDelimited(whole)],
    ['in gzip', body(gzipSync(whole), { 'content-encoding': 'gzip' })],
    ['in gzip, by its old name', body(gzipSync(whole), { 'content-encoding': 'X-GZIP' })],
    ['in deflate', body(deflateSync(whole), { 'content-encoding': 'deflate' })],
    ['in brotli', body(brotliCompressSync(whole), { 'content-encoding': 'br' })],
  ] satisfies readonly (readonly [string, Reply])[])('is an answer %s', async (_what, reply) => {
    const { vendor, read } = await askedSource();
    vendor.script.push(reply);
    expect((await read()).outcome).toMatchObject({ kind: 'complete', rows: 3, bytes: expect.any(Number) });
    expect(vendor.heard).toMatchObject([{ headers: { 'accept-encoding': 'gzip, br' } }]);
  });

  it.each([
    ['gzip', gzipSync(whole)],
    ['deflate', deflateSync(whole)],
    ['br', brotliCompressSync(whole)],
  ])('is no answer when its %s is cut or damaged', async (encoding, bytes) => {
    const headers = { 'content-encoding': encoding };
    expect(await codeOf(body(bytes.subarray(0, bytes.length - 9), headers))).toBe('source-incomplete-answer');
    expect(await codeOf(body('', headers))).toBe('source-incomplete-answer');
    expect(await codeOf(body(whole, headers))).toBe('source-incomplete-answer');
    expect(await codeOf(cutShort(bytes.subarray(0, bytes.length / 2), headers))).toBe('source-incomplete-answer');
  });

  it('is no answer in a form that was not asked for', async () => {
    const code = await codeOf(body(gzipSync(whole), { 'content-encoding': 'zstd' }));
    expect(code).toBe('source-unexpected-answer');
  });

  it('A28: is counted after decompression: a small bomb is too large', async () => {
    const bomb = gzipSync(`[${' '.repeat(3_000_000)}]`);
    expect(bomb.length).toBeLessThan(4_000);
    const headers = { 'content-encoding': 'gzip' };
    expect(await codeOf(body(bomb, headers), { maxResponseBytes: 1_000_000 })).toBe('source-too-large');
    expect(await codeOf(body(bomb, headers), { maxResponseBytes: 4_000_000 })).toBe('complete');
    expect(await codeOf(body(whole), { maxResponseBytes: whole.length - 1 })).toBe('source-too-large');
  });

  it('tells the rows that were handed over before it broke', async () => {
    const { vendor, read } = await askedSource();
    vendor.script.push(cutShort(JSON.stringify(numberedRows(1_300)).slice(0, -1)));
    const { outcome, readings } = await read();
    expect(outcome).toMatchObject({ kind: 'failed', rows: readings.length });
    expect(readings.length).toBeGreaterThanOrEqual(500);
  });

  it('has neighbours of an unreadable row that go on', async () => {
    const { vendor, read } = await askedSource();
    vendor.script.push(
      rows(row(), row({ outgoingMessageSentDate: '02/30/2026' }), 12, row({ incomingMessage: 'YES' })),
    );
    const { outcome, readings } = await read();
    expect(outcome).toMatchObject({ kind: 'complete', rows: 4 });
    expect(readings).toMatchObject([
      { kind: 'records', records: [{}] },
      { kind: 'unreadable', unreadable: { position: 1, problem: { where: 'outgoingMessageSentDate' } } },
      { kind: 'unreadable', unreadable: { position: 2, problem: { code: 'unreadable-row' } } },
      { kind: 'records', records: [{}, {}] },
    ]);
  });
});

describe('the deadline', () => {
  it('A3: covers the wait for an answer', async () => {
    expect(await codeOf(() => {}, { timeoutMs: 80 })).toBe('source-timeout');
  });

  it('A4: covers a body that drips, each part in time', async () => {
    const { vendor, read } = await askedSource({ timeoutMs: 150 });
    let timer: NodeJS.Timeout | undefined;
    vendor.script.push((response) => {
      response.writeHead(200).write('[');
      timer = setInterval(() => response.write('{},'), 10);
    });
    const started = performance.now();
    expect(wordOf((await read()).outcome)).toBe('source-timeout');
    expect(performance.now() - started).toBeLessThan(5_000);
    clearInterval(timer);
  });

  it('covers a compressed body that stops', async () => {
    const packed = gzipSync(whole);
    const stops: Reply = (response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.write(packed.subarray(0, 20));
    };
    expect(await codeOf(stops, { timeoutMs: 80 })).toBe('source-timeout');
  });

  it('is not the only end: who aborts ends it at once, and the vendor sees the connection go', async () => {
    const { vendor, read } = await askedSource();
    const closed = Promise.withResolvers<void>();
    vendor.script.push((response) => {
      response.on('close', () => closed.resolve());
      response.writeHead(200).write('[{},');
    });
    const leaving = new AbortController();
    const reading = read(leaving.signal);
    while (vendor.heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    leaving.abort();
    expect(wordOf((await reading).outcome)).toBe('source-timeout');
    await closed.promise;
  });
});

describe('a sender that is faster than the ledger', () => {
  it('is held back: what is not yet taken is not read', async () => {
    const line = `${JSON.stringify(row())},`.repeat(100);
    let sent = 0;
    const { vendor } = await askedSource();
    vendor.script.push(async (response) => {
      response.writeHead(200).write('[');
      while (sent < 40_000_000) {
        sent += line.length;
        if (!response.write(line)) await new Promise((resolve) => response.once('drain', resolve));
      }
      response.end('{}]');
    });
    const source = makeDialogHealthSource(sourceOptions(vendor.url));
    const arrived = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const reading = source.read(
      window,
      () => {
        arrived.resolve();
        return goOn.promise;
      },
      AbortSignal.timeout(20_000),
    );
    await arrived.promise;
    let before = -1;
    while (before !== sent) {
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(sent).toBeLessThan(20_000_000);
    goOn.resolve();
    expect(await reading).toMatchObject({ kind: 'complete' });
  });
});

/** Once it was asked, so that the connection surely stood. */
function resetInBody(socket: Socket): void {
  socket.once('data', () => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n[{},', () => socket.resetAndDestroy());
  });
}

describe('a vendor that cannot be spoken with', () => {
  const servers: { readonly server: Server; readonly sockets: Set<Socket> }[] = [];

  afterEach(async () => {
    for (const { server, sockets } of servers.splice(0)) {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  /** Where everybody who connects is treated so. */
  async function listening(treat: (socket: Socket) => void): Promise<string> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => {}));
      treat(socket);
    });
    servers.push({ server, sockets });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address() as AddressInfo;
    return `http://127.0.0.1:${address.port}`;
  }

  it('A1: is unreachable when nobody listens or the name is unknown', async () => {
    const url = await listening(() => {});
    const { server } = servers.at(-1) ?? {};
    await new Promise((resolve) => server?.close(resolve));
    servers.pop();
    expect(await (await askedSource({ url })).reads()).toBe('source-unreachable');
    expect(await (await askedSource({ url: 'http://vendor.invalid' })).reads()).toBe('source-unreachable');
  });

  it.each([
    ['resets the connection', (socket: Socket) => void socket.once('data', () => socket.resetAndDestroy())],
    ['closes without a word', (socket: Socket) => void socket.once('data', () => socket.end())],
    ['closes at once', (socket: Socket) => void socket.end()],
    ['speaks another language', (socket: Socket) => void socket.end('220 mail.example ESMTP\r\n')],
    ['sends headers without end', (socket: Socket) => void socket.write(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(99_999)}`)],
    [
      'breaks its chunks',
      (socket: Socket) => void socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'),
    ],
    ['resets in the body', resetInBody],
  ])('A5: has given no whole answer when it %s', async (_what, treat) => {
    const { reads } = await askedSource({ url: await listening(treat) });
    expect(await reads()).toBe('source-incomplete-answer');
  });

  it('is waited for no longer than the deadline while a proxy does not say whether the tunnel stands', async () => {
    const proxy = await listening(() => {});
    const dispatcher = makeDispatcher({ proxy });
    const { reads } = await askedSource({ url: 'https://vendor.example/x', dispatcher, timeoutMs: 100 });
    expect(await reads()).toBe('source-timeout');
    await dispatcher.destroy();
  });

  it('is used again on the next connection', async () => {
    const good = await askedSource();
    const { port } = new URL(good.vendor.url);
    let first = true;
    const url = await listening((socket) => {
      if (first) {
        first = false;
        socket.destroy();
        return;
      }
      const onward = connect(Number(port), '127.0.0.1').on('error', () => {});
      socket.pipe(onward).pipe(socket);
    });
    const { reads } = await askedSource({ url });
    expect(await reads()).toBe('source-incomplete-answer');
    expect(await reads()).toBe('complete');
  });
});
