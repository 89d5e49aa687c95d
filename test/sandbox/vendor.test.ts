import { afterEach, describe, expect, it } from 'vitest';
import { startVendor, type Vendor, type VendorOptions } from '../../sandbox/vendor/vendor.ts';

const now = Date.parse('2026-03-10T12:00:30Z');
const login = { console: 'SAMPLE01', username: 'sample', password: 'pass:wörd' };
let vendor: Vendor;

const open = async (options: Partial<VendorOptions> = {}): Promise<void> => {
  vendor = await startVendor({ ...login, now: () => now, ...options });
};

afterEach(() => vendor.close());

const authorization = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;

interface AskOptions {
  readonly method?: string;
  readonly console?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const ask = (start: string, end: string, options: AskOptions = {}): Promise<Response> => {
  const path = [options.console ?? login.console, start, end].map(encodeURIComponent).join('/');
  return fetch(`${vendor.url}/api/responses/${path}`, {
    method: options.method ?? 'GET',
    redirect: 'manual',
    headers: { authorization, ...options.headers },
  });
};

type Rows = readonly Readonly<Record<string, string | null>>[];

const rowsOf = async (response: Response): Promise<Rows> => {
  const { response: rows }: { readonly response: Rows } = JSON.parse(await response.text());
  return rows;
};

const ids = (rows: Rows) => rows.map(({ outgoingMessageId }) => outgoingMessageId ?? '').toSorted();
const delivered = (rows: Rows) => rows.filter((each) => each['delivered'] === 'true').length;
const replies = (rows: Rows) => rows.filter((each) => each['incomingMessage'] !== null).length;

const row = (id: string, date: string, time: string) => ({
  outgoingMessageId: id,
  outgoingMessageSentDate: date,
  outgoingMessageSentTime: time,
});

const tell = (path: string, method: string, body: unknown): Promise<Response> =>
  fetch(`${vendor.origin}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

describe('the Dialog Health simulator', () => {
  it.each([
    ['GET', '11/05/2023 00:00:00', '11/08/2023 23:59:50'],
    ['PUT', '11/05/2023 00:00:00', '11/08/2023 23:59:50'],
    ['GET', '2023-11-05 00:00:00', '2023-11-08 23:59:50'],
    ['PUT', '2023-11-05 00:00:00', '2023-11-08 23:59:50'],
  ])('answers %s for %s to %s with the rows of that range', async (method, start, end) => {
    await open({ rows: [row('in', '11/07/2023', '08:32'), row('out', '11/09/2023', '08:32')] });
    const response = await ask(start, end, { method });
    expect(response.status).toBe(200);
    expect(response.headers.get('date')).toBe(new Date(now).toUTCString());
    expect(await rowsOf(response)).toEqual([row('in', '11/07/2023', '08:32')]);
  });

  it.each([
    ['inclusive', ['start', 'end']],
    ['exclusive', []],
    ['half-open', ['start']],
  ] as const)('with %s bounds gives out %j of what was sent at the very bounds', async (bounds, ids) => {
    await open({ bounds, rows: [row('start', '11/07/2023', '08:00'), row('end', '11/07/2023', '09:00')] });
    const rows = await rowsOf(await ask('2023-11-07 08:00:00', '2023-11-07 09:00:00'));
    expect(rows.map(({ outgoingMessageId }) => outgoingMessageId)).toEqual(ids);
  });

  it('takes a range of a week, and refuses one that is a second longer', async () => {
    await open();
    expect((await ask('2023-11-01 00:00:00', '2023-11-08 00:00:00')).status).toBe(200);
    const longer = await ask('2023-11-01 00:00:00', '2023-11-08 00:00:01');
    expect(longer.status).toBe(400);
    expect(await longer.json()).toEqual({ message: 'The time range cannot exceed 1 week' });
  });

  it.each([
    ['a day that does not exist', '2023-02-30 00:00:00', '2023-03-01 00:00:00'],
    ['an hour that does not exist', '2023-03-01 25:00:00', '2023-03-02 00:00:00'],
    ['ISO with a T', '2023-03-01T00:00:00', '2023-03-02T00:00:00'],
    ['European dates', '30/01/2023 00:00:00', '31/01/2023 00:00:00'],
    ['an end before the start', '2023-03-02 00:00:00', '2023-03-01 00:00:00'],
  ])('refuses %s with 400', async (_, start, end) => {
    await open();
    expect((await ask(start, end)).status).toBe(400);
  });

  it('answers what it was told to take, and nothing else', async () => {
    await open({ method: 'PUT', timestampFormat: 'american', retentionDays: 400 });
    const wrongVerb = await ask('03/01/2026 00:00:00', '03/02/2026 00:00:00');
    expect([wrongVerb.status, wrongVerb.headers.get('allow')]).toEqual([405, 'PUT']);
    expect((await ask('2026-03-01 00:00:00', '2026-03-02 00:00:00', { method: 'PUT' })).status).toBe(400);
    expect((await ask('03/01/2026 00:00:00', '03/02/2026 00:00:00', { method: 'PUT' })).status).toBe(200);
    expect((await ask('03/01/2024 00:00:00', '03/02/2024 00:00:00', { method: 'PUT' })).status).toBe(400);
    const elsewhere = { method: 'PUT', console: 'OTHER' };
    expect((await ask('03/01/2026 00:00:00', '03/02/2026 00:00:00', elsewhere)).status).toBe(400);
  });

  it('lets in whoever knows the password, colon and all, and nobody else', async () => {
    await open();
    expect((await ask('2026-03-01 00:00:00', '2026-03-02 00:00:00')).status).toBe(200);
    const wrong = `Basic ${Buffer.from('sample:pass').toString('base64')}`;
    const refused = await ask('2026-03-01 00:00:00', '2026-03-02 00:00:00', { headers: { authorization: wrong } });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toMatch(/^Basic /);
  });

  it('gives the same bytes for the same seed, and others for another', async () => {
    const bytes = async (seed: number): Promise<string> => {
      await open({ seed });
      const text = await (await ask('2026-03-03 00:00:00', '2026-03-10 00:00:00')).text();
      await vendor.close();
      return text;
    };
    const first = await bytes(7);
    expect(await bytes(7)).toBe(first);
    expect(await bytes(8)).not.toBe(first);
    await open();
  });

  it('gives each message in exactly one of two neighbouring ranges', async () => {
    await open({ seed: 7, bounds: 'half-open' });
    const whole = await rowsOf(await ask('2026-03-03 00:00:00', '2026-03-05 00:00:00'));
    const halves = [
      ...(await rowsOf(await ask('2026-03-03 00:00:00', '2026-03-03 17:31:00'))),
      ...(await rowsOf(await ask('2026-03-03 17:31:00', '2026-03-05 00:00:00'))),
    ];
    expect(whole.length).toBeGreaterThan(790);
    expect(new Set(ids(whole)).size).toBe(whole.length);
    expect(ids(halves)).toEqual(ids(whole));
  });

  it('does not sort its rows', async () => {
    await open({ seed: 7 });
    const rows = await rowsOf(await ask('2026-03-03 00:00:00', '2026-03-05 00:00:00'));
    const times = rows.map((each) => `${each['outgoingMessageSentDate']} ${each['outgoingMessageSentTime']}`);
    expect(times).not.toEqual(times.toSorted());
  });

  it('shows statuses that change, replies and late records as time goes by', async () => {
    let clock = Date.parse('2026-03-10T12:00:00Z');
    await open({ seed: 7, messagesPerDay: 20_000, now: () => clock });
    const hour = ['2026-03-10 11:00:00', '2026-03-10 11:59:00'] as const;
    const early = await rowsOf(await ask(...hour));
    clock += 12 * 3_600_000;
    const late = await rowsOf(await ask(...hour));
    expect(late.length).toBeGreaterThan(early.length);
    expect(delivered(late)).toBeGreaterThan(delivered(early));
    expect(replies(late)).toBeGreaterThan(replies(early));
    const settled = new Map(late.map((each) => [each['outgoingMessageId'], each]));
    for (const each of early) expect(settled.has(each['outgoingMessageId'] ?? '')).toBe(true);
  });

  it('shows nothing that has not been sent yet', async () => {
    await open({ seed: 7 });
    expect(await rowsOf(await ask('2026-03-10 12:01:00', '2026-03-11 00:00:00'))).toEqual([]);
  });

  it('takes a change over the control address, and shows it from then on', async () => {
    await open({ rows: [row('a', '03/10/2026', '08:00')] });
    expect((await tell('/sandbox/messages/a', 'PATCH', { delivered: 'true' })).status).toBe(204);
    expect((await tell('/sandbox/messages', 'POST', { row: row('b', '03/10/2026', '08:01') })).status).toBe(204);
    expect(await rowsOf(await ask('2026-03-10 08:00:00', '2026-03-10 08:05:00'))).toEqual([
      { ...row('a', '03/10/2026', '08:00'), delivered: 'true' },
      row('b', '03/10/2026', '08:01'),
    ]);
    vendor.messages.remove('a');
    expect(await rowsOf(await ask('2026-03-10 08:00:00', '2026-03-10 08:05:00'))).toHaveLength(1);
  });

  it('answers with the list alone, compressed, where it is told to', async () => {
    await open({ shape: 'bare-array', compress: true, rows: [row('a', '03/10/2026', '08:00')] });
    const response = await ask('2026-03-10 08:00:00', '2026-03-10 08:05:00');
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(await response.json()).toEqual([row('a', '03/10/2026', '08:00')]);
  });

  it('answers 429 once its requests of the hour are spent', async () => {
    await open({ requestsPerHour: 2 });
    const statuses: (number | string | null)[] = [];
    for (let n = 0; n < 3; n += 1) statuses.push((await ask('2026-03-01 00:00:00', '2026-03-02 00:00:00')).status);
    const refused = await ask('2026-03-01 00:00:00', '2026-03-02 00:00:00');
    expect([...statuses, refused.headers.get('retry-after')]).toEqual([200, 200, 429, '3600']);
  });

  it('streams a week of 200,000 rows at the pace of its reader, without holding them', async () => {
    await open({ seed: 7, messagesPerDay: 28_600 });
    const before = process.memoryUsage().rss;
    let peak = before;
    let bytes = 0;
    const { body } = await ask('2026-03-03 00:00:00', '2026-03-10 00:00:00');
    for await (const chunk of body ?? []) {
      bytes += chunk.length;
      peak = Math.max(peak, process.memoryUsage().rss);
    }
    expect(bytes).toBeGreaterThan(150 * 1024 * 1024);
    expect(peak - before).toBeLessThan(100 * 1024 * 1024);
  });
});

describe('a fault that the simulator is told', () => {
  const day = ['2026-03-09 00:00:00', '2026-03-10 00:00:00'] as const;

  it.each([
    ['unauthorized', 401],
    ['forbidden', 403],
    ['too-large', 413],
    ['too-many-requests', 429],
    ['server-error', 500],
    ['unavailable', 503],
    ['redirect', 302],
  ] as const)('%s answers %i to as many requests as it says, then all is well', async (fault, status) => {
    await open({ seed: 7 });
    expect((await tell('/sandbox/faults', 'POST', { fault, times: 2, retryAfter: 7 })).status).toBe(201);
    const answers = [await ask(...day), await ask(...day), await ask(...day)];
    expect(answers.map((answer) => answer.status)).toEqual([status, status, 200]);
    expect(answers[0]?.headers.get('retry-after')).toBe(status === 302 ? null : '7');
    expect(vendor.requests.map((each) => each.fault)).toEqual([fault, fault, undefined]);
  });

  it('cut-body breaks the connection in the middle of the answer', async () => {
    await open({ seed: 7 });
    vendor.faults.add({ fault: 'cut-body' });
    const response = await ask(...day);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow('terminated');
  });

  it('drop-connection gives no answer', async () => {
    await open({ seed: 7 });
    vendor.faults.add({ fault: 'drop-connection' });
    await expect(ask(...day)).rejects.toThrow('fetch failed');
  });

  it.each(['short-body', 'html'] as const)('%s is 200 and no JSON', async (fault) => {
    await open({ seed: 7 });
    vendor.faults.add({ fault });
    const response = await ask(...day);
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(() => JSON.parse(text)).toThrow('JSON');
  });

  it('drip sends a few letters at a time', async () => {
    await open({ rows: [row('a', '03/09/2026', '08:00')] });
    vendor.faults.add({ fault: 'drip', delayMs: 20 });
    const started = performance.now();
    expect(await rowsOf(await ask(...day))).toHaveLength(1);
    expect(performance.now() - started).toBeGreaterThan(100);
  });

  it('empty, capped, malformed-row, row-without-id and error-object are 200 and not what they seem', async () => {
    await open({ rows: [row('a', '03/09/2026', '08:00'), row('b', '03/09/2026', '08:01')] });
    vendor.faults.add({ fault: 'empty' });
    expect(await rowsOf(await ask(...day))).toEqual([]);
    vendor.faults.add({ fault: 'capped', entries: 1 });
    expect(await rowsOf(await ask(...day))).toHaveLength(1);
    vendor.faults.add({ fault: 'malformed-row' });
    expect(await rowsOf(await ask(...day))).toHaveLength(3);
    vendor.faults.add({ fault: 'row-without-id' });
    expect((await rowsOf(await ask(...day)))[0]?.['outgoingMessageId']).toBeNull();
    vendor.faults.add({ fault: 'error-object' });
    expect(await (await ask(...day)).json()).toEqual({ message: 'An error occurred' });
  });

  it('silent lets the connection stand and never answers', async () => {
    await open();
    vendor.faults.add({ fault: 'silent' });
    const path = ['SAMPLE01', ...day].map(encodeURIComponent).join('/');
    const asked = fetch(`${vendor.url}/api/responses/${path}`, {
      headers: { authorization },
      signal: AbortSignal.timeout(100),
    });
    await expect(asked).rejects.toThrow('timeout');
    expect(vendor.requests.map(({ fault }) => fault)).toEqual(['silent']);
  });

  it('that names rows happens to answers of more than those, one that names a moment to ranges that hold it', async () => {
    await open({ rows: [row('a', '03/09/2026', '08:00'), row('b', '03/09/2026', '09:00')] });
    await tell('/sandbox/faults', 'POST', { fault: 'too-large', overRows: 1, times: 2 });
    const middle = '2026-03-09 08:30:00';
    const halves: readonly (readonly [string, string])[] = [
      [day[0], middle],
      [middle, day[1]],
    ];
    expect((await ask(...day)).status).toBe(413);
    for (const half of halves) expect((await ask(...half)).status).toBe(200);
    vendor.faults.clear();
    await tell('/sandbox/faults', 'POST', { fault: 'server-error', at: '2026-03-09T09:00:00Z', times: 2 });
    expect((await ask(...day)).status).toBe(500);
    expect((await Promise.all(halves.map((half) => ask(...half)))).map(({ status }) => status)).toEqual([200, 500]);
    expect((await tell('/sandbox/faults', 'POST', { fault: 'html', at: 'noon' })).status).toBe(400);
  });

  it('is refused with the known ones when nobody knows it', async () => {
    await open();
    const refused = await tell('/sandbox/faults', 'POST', { fault: 'meteor' });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('cut-body');
    expect((await tell('/sandbox/faults', 'POST', { fault: 'html', times: 0 })).status).toBe(400);
    const plain = await fetch(`${vendor.origin}/sandbox/faults`, { method: 'POST', body: '{"fault":"html"}' });
    expect(plain.status).toBe(415);
    expect(vendor.faults.pending()).toEqual([]);
  });
});
