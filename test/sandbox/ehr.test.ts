import type { Bundle, Communication, OperationOutcome } from 'fhir/r4.js';
import { afterEach, describe, expect, it } from 'vitest';
import { startEhr, type EhrOptions, type RunningEhr } from '../../sandbox/ehr/ehr.ts';

let ehr: RunningEhr;
let count = 0;

const open = async (options: EhrOptions = {}): Promise<void> => {
  count = 0;
  ehr = await startEhr({
    resources: [{ resourceType: 'Patient', id: 'one', identifier: [{ system: 'urn:p', value: '1' }] }],
    now: () => Date.parse('2026-03-10T12:00:00Z') + 1000 * count++,
    ...options,
  });
};

afterEach(() => ehr.close());

const system = 'https://fhir.example.org/sid/message';

const message = (value: string, others: Partial<Communication> = {}): Communication => ({
  resourceType: 'Communication',
  identifier: [{ system, value }],
  status: 'completed',
  subject: { reference: 'Patient/one' },
  payload: [{ contentString: 'A text' }],
  ...others,
});

interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>;
}

const send = (method: string, path: string, body?: unknown, { headers = {} }: SendOptions = {}): Promise<Response> =>
  fetch(`${ehr.url}/${path}`, {
    method,
    headers: { 'content-type': 'application/fhir+json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });

const outcomeOf = async (response: Response): Promise<OperationOutcome> => {
  const outcome: OperationOutcome = JSON.parse(await response.text());
  expect(outcome.resourceType).toBe('OperationOutcome');
  return outcome;
};

const token = (value: string): string => `identifier=${encodeURIComponent(value)}`;

const bundleOf = async (response: Response): Promise<Bundle<Communication>> => JSON.parse(await response.text());

const find = async (value: string): Promise<readonly Communication[]> => {
  const found = await bundleOf(
    await send('GET', `Communication?identifier=${encodeURIComponent(`${system}|${value}`)}`),
  );
  return (found.entry ?? []).flatMap(({ resource }) => resource ?? []);
};

const put = (id: string, others: Partial<Communication> = {}) => ({
  resource: { ...message(id, others), id },
  request: { method: 'PUT', url: `Communication/${id}` },
});

const about = (value: string, reference: string) => ({
  resource: message(value, { subject: { reference } }),
  request: { method: 'POST', url: 'Communication' },
});

const bundle = (type: string, ...entry: readonly unknown[]) => ({ resourceType: 'Bundle', type, entry });

const statusesOf = ({ entry = [] }: Bundle): readonly string[] =>
  entry.map(({ response }) => response?.status.slice(0, 3) ?? '');

describe('the sandbox EHR', () => {
  it('tells in its CapabilityStatement what it offers', async () => {
    await open();
    const statement = await (await send('GET', 'metadata')).json();
    expect(statement).toMatchObject({
      fhirVersion: '4.0.1',
      rest: [
        {
          interaction: [{ code: 'transaction' }, { code: 'batch' }],
          resource: [
            { type: 'Communication', updateCreate: true, conditionalCreate: true, conditionalUpdate: true },
            { type: 'Patient' },
          ],
        },
      ],
    });
  });

  it('creates at the id of the client, updates, and keeps every version', async () => {
    await open();
    const created = await send('PUT', 'Communication/a', { ...message('a'), id: 'a' });
    expect([created.status, created.headers.get('etag')]).toEqual([201, 'W/"1"']);
    expect(created.headers.get('location')).toBe(`${ehr.url}/Communication/a/_history/1`);
    expect(created.headers.get('last-modified')).not.toBeNull();
    const updated = await send('PUT', 'Communication/a', { ...message('a', { status: 'not-done' }), id: 'a' });
    expect([updated.status, updated.headers.get('etag')]).toEqual([200, 'W/"2"']);
    const old: Communication = JSON.parse(await (await send('GET', 'Communication/a/_history/1')).text());
    expect([old.status, old.meta?.versionId]).toEqual(['completed', '1']);
    const history = await bundleOf(await send('GET', 'Communication/a/_history'));
    expect(history.entry?.map(({ resource }) => resource?.status)).toEqual(['not-done', 'completed']);
  });

  it('makes no new version of what is the same in another order', async () => {
    await open();
    await send('PUT', 'Communication/a', { ...message('a'), id: 'a' });
    const { resourceType, ...elements } = { ...message('a'), id: 'a' };
    const reordered = Object.fromEntries(Object.entries(elements).toReversed());
    const again = await send('PUT', 'Communication/a', { ...reordered, resourceType });
    expect([again.status, again.headers.get('etag')]).toEqual([200, 'W/"1"']);
    expect(ehr.store.written).toMatchObject({ updated: 0 });
  });

  it('refuses an update of another version than the current one', async () => {
    await open();
    await send('PUT', 'Communication/a', { ...message('a'), id: 'a' });
    const changed = { ...message('a', { status: 'not-done' }), id: 'a' };
    expect((await send('PUT', 'Communication/a', changed, { headers: { 'if-match': 'W/"7"' } })).status).toBe(412);
    expect((await send('PUT', 'Communication/a', changed, { headers: { 'if-match': 'W/"1"' } })).status).toBe(200);
  });

  it('creates on condition: 201, then 200 with what is there, and 412 where two fit', async () => {
    await open();
    const headers = { 'if-none-exist': `identifier=${encodeURIComponent(`${system}|a`)}` };
    const first = await send('POST', 'Communication', message('a'), { headers });
    const second = await send('POST', 'Communication', message('a', { status: 'not-done' }), { headers });
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
    expect(await find('a')).toMatchObject([{ status: 'completed' }]);
    await send('POST', 'Communication', message('a'));
    expect((await send('POST', 'Communication', message('a'), { headers })).status).toBe(412);
  });

  it('updates on condition: 201, then 200, and 412 where two fit', async () => {
    await open();
    const path = `Communication?identifier=${encodeURIComponent(`${system}|a`)}`;
    const first = await send('PUT', path, message('a'));
    const second = await send('PUT', path, message('a', { status: 'not-done' }));
    expect([first.status, second.status, second.headers.get('etag')]).toEqual([201, 200, 'W/"2"']);
    await send('POST', 'Communication', message('a'));
    expect((await send('PUT', path, message('a'))).status).toBe(412);
    expect((await send('PUT', path, { ...message('a'), id: 'another' })).status).toBe(412);
  });

  it.each(['POST', 'PUT'])('makes one resource of eight conditional %ss at once', async (method) => {
    await open();
    const criteria = `identifier=${encodeURIComponent(`${system}|a`)}`;
    const path = method === 'PUT' ? `Communication?${criteria}` : 'Communication';
    const headers: Readonly<Record<string, string>> = method === 'PUT' ? {} : { 'if-none-exist': criteria };
    const statuses = await Promise.all(
      Array.from({ length: 8 }, async () => (await send(method, path, message('a'), { headers })).status),
    );
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 200, 200, 200, 200, 200, 200, 201]);
    expect(await find('a')).toHaveLength(1);
  });

  it('finds by identifier with what stands between the letters, by subject and by id, page by page', async () => {
    await open();
    for (const value of ['a,b', 'a', 'c|d']) await send('POST', 'Communication', message(value));
    const search = async (query: string) => (await bundleOf(await send('GET', `Communication?${query}`))).total;
    expect(await search(token(`${system}|a\\,b`))).toBe(1);
    expect(await search(token(`${system}|c\\|d`))).toBe(1);
    expect(await search(token('a'))).toBe(1);
    expect(await search(token(`|a`))).toBe(0);
    expect(await search(token(`${system}|`))).toBe(3);
    expect(await search(token(`${system}|a,${system}|a\\,b`))).toBe(2);
    expect(await search('subject=Patient/one')).toBe(3);
    expect(await search('patient=one&_id=nobody')).toBe(0);
    expect(await search('_summary=count')).toBe(3);
    const first = await bundleOf(await send('GET', 'Communication?_count=2'));
    const next = first.link?.find(({ relation }) => relation === 'next')?.url ?? '';
    const second: Bundle = JSON.parse(await (await fetch(next)).text());
    expect([first.entry?.length, second.entry?.length]).toEqual([2, 1]);
    expect((await send('GET', 'Communication?sender=x')).status).toBe(400);
  });

  it('answers with the resource or without, as preferred', async () => {
    await open();
    const minimal = { headers: { prefer: 'return=minimal' } };
    expect(await (await send('POST', 'Communication', message('a'), minimal)).text()).toBe('');
    expect(await (await send('POST', 'Communication', message('b'))).json()).toMatchObject({ status: 'completed' });
  });

  it('says that it is gone after a deletion, and takes it again', async () => {
    await open();
    await send('PUT', 'Communication/a', { ...message('a'), id: 'a' });
    expect((await send('DELETE', 'Communication/a')).status).toBe(204);
    expect((await send('GET', 'Communication/a')).status).toBe(410);
    expect(await find('a')).toEqual([]);
    const again = await send('PUT', 'Communication/a', { ...message('a'), id: 'a' });
    expect([again.status, again.headers.get('etag')]).toEqual([201, 'W/"3"']);
  });

  it('keeps a Patient that messages are about', async () => {
    await open();
    await send('PUT', 'Communication/a', { ...message('a'), id: 'a' });
    expect((await send('DELETE', 'Patient/one')).status).toBe(409);
  });

  it.each([
    ['JSON that is none', 'POST', 'Communication', '{"resourceType":', {}, 400],
    ['a resource of another type', 'POST', 'Communication', { resourceType: 'Patient' }, {}, 400],
    ['another id than the address has', 'PUT', 'Communication/a', { ...message('a'), id: 'b' }, {}, 400],
    ['a type that is not served', 'GET', 'Observation', undefined, {}, 404],
    ['an id that is not there', 'GET', 'Communication/nobody', undefined, {}, 404],
    ['a verb that is not offered', 'PATCH', 'Communication/a', undefined, {}, 405],
    ['XML wanted', 'GET', 'Communication', undefined, { accept: 'application/fhir+xml' }, 406],
    ['XML sent', 'POST', 'Communication', '<x/>', { 'content-type': 'application/fhir+xml' }, 415],
    ['an escape that is none', 'GET', 'Communication/%zz', undefined, {}, 400],
  ])('refuses %s with an OperationOutcome', async (_, method, path, body, headers, status) => {
    await open();
    const response = await send(method, path, body, { headers: { ...headers } });
    expect(response.status).toBe(status);
    await outcomeOf(response);
  });

  it('refuses a message about a Patient that is not there, unless it is told not to mind', async () => {
    await open();
    const stranger = message('a', { subject: { reference: 'Patient/nobody' } });
    const refused = await send('POST', 'Communication', stranger);
    expect(refused.status).toBe(400);
    expect((await outcomeOf(refused)).issue[0]?.expression).toEqual(['Communication.subject.reference']);
    await ehr.close();
    await open({ referentialIntegrity: false });
    expect((await send('POST', 'Communication', stranger)).status).toBe(201);
  });

  it.each([
    ['basic', { kind: 'basic', username: 'u', password: 'p:q' }, `Basic ${Buffer.from('u:p:q').toString('base64')}`],
    ['bearer', { kind: 'bearer', token: 'abc' }, 'Bearer abc'],
  ] as const)(
    'with %s lets in whoever has the credentials, and shows /metadata to all',
    async (_, auth, authorization) => {
      await open({ auth });
      expect((await send('GET', 'Communication')).status).toBe(401);
      expect((await send('GET', 'Communication', undefined, { headers: { authorization } })).status).toBe(200);
      expect((await send('GET', 'metadata')).status).toBe(200);
    },
  );

  it('does not offer what it was told not to', async () => {
    await open({ offers: { updateCreate: false, conditionalUpdate: false, transaction: false } });
    expect((await send('PUT', 'Communication/a', { ...message('a'), id: 'a' })).status).toBe(405);
    expect((await send('PUT', 'Communication?identifier=a', message('a'))).status).toBe(412);
    expect((await send('POST', '', bundle('transaction', put('a')))).status).toBe(400);
    const statement = await (await send('GET', 'metadata')).json();
    expect(statement).toMatchObject({
      rest: [{ interaction: [{ code: 'batch' }], resource: [{ updateCreate: false }, {}] }],
    });
  });

  it('answers 413 to a body over its limit, however long it is', async () => {
    await open({ maxBodyBytes: 10_000 });
    const long = bundle('batch', put('a', { payload: [{ contentString: 'x'.repeat(3_000_000) }] }));
    const refused = await send('POST', '', long);
    expect(refused.status).toBe(413);
    expect((await outcomeOf(refused)).issue[0]?.code).toBe('too-long');
  });

  it('is not misled by names that every object has', async () => {
    await open();
    expect((await send('GET', 'Communication?constructor=x')).status).toBe(400);
    const contained = JSON.stringify({ ...message('a'), contained: [{ resourceType: 'constructor', id: 'x' }] });
    expect((await send('POST', 'Communication', contained)).status).toBe(201);
  });

  it('takes 20,000 conditional updates in batches at thousands a second', async () => {
    await open();
    const started = performance.now();
    for (let from = 0; from < 20_000; from += 100) {
      const entries = Array.from({ length: 100 }, (_, n) => ({
        resource: message(`m-${from + n}`),
        request: { method: 'PUT', url: `Communication?identifier=${encodeURIComponent(`${system}|m-${from + n}`)}` },
      }));
      expect((await send('POST', '', bundle('batch', ...entries))).status).toBe(200);
    }
    expect(ehr.store.count('Communication')).toBe(20_000);
    expect(20_000 / ((performance.now() - started) / 1000)).toBeGreaterThan(1000);
  });
});

describe('a batch', () => {
  it('lets each entry stand by itself', async () => {
    await open();
    const bad = put('b', { subject: { reference: 'Patient/nobody' } });
    const reply = await bundleOf(await send('POST', '', bundle('batch', put('a'), bad, put('c'), {})));
    expect(statusesOf(reply)).toEqual(['201', '400', '201', '400']);
    expect(reply.entry?.[1]?.response?.outcome).toMatchObject({
      issue: [{ expression: ['Bundle.entry[1].resource.subject.reference'] }],
    });
    expect(reply.entry?.[0]?.response).toMatchObject({
      etag: 'W/"1"',
      location: `${ehr.url}/Communication/a/_history/1`,
    });
  });

  it('with two conditional creates of one key makes one resource', async () => {
    await open();
    const create = {
      resource: message('a'),
      request: { method: 'POST', url: 'Communication', ifNoneExist: `identifier=${encodeURIComponent(`${system}|a`)}` },
    };
    const reply = await bundleOf(await send('POST', '', bundle('batch', create, create)));
    expect(statusesOf(reply)).toEqual(['201', '200']);
  });

  it('reads as well as it writes', async () => {
    await open();
    const read = { request: { method: 'GET', url: 'Patient/one' } };
    const reply = await bundleOf(await send('POST', '', bundle('batch', read)));
    expect(reply.entry?.[0]?.resource).toMatchObject({ resourceType: 'Patient', id: 'one' });
  });
});

describe('a transaction', () => {
  it('leaves everything as it was when one entry is refused', async () => {
    await open();
    await send('PUT', 'Communication/a', { ...message('a'), id: 'a' });
    const before = JSON.stringify(ehr.store.all('Communication'));
    const writes = { ...ehr.store.written };
    const changed = put('a', { status: 'not-done', identifier: [{ system, value: 'other' }] });
    const gone = { request: { method: 'DELETE', url: 'Communication/a' } };
    for (const first of [changed, gone]) {
      const bad = put('c', { subject: { reference: 'Patient/nobody' } });
      const refused = await send('POST', '', bundle('transaction', first, put('b'), bad));
      expect(refused.status).toBe(400);
      expect((await outcomeOf(refused)).issue[0]?.expression).toEqual(['Bundle.entry[2].resource.subject.reference']);
    }
    expect(JSON.stringify(ehr.store.all('Communication'))).toBe(before);
    expect(ehr.store.written).toEqual(writes);
    expect([(await find('a')).length, (await find('b')).length, (await find('other')).length]).toEqual([1, 0, 0]);
    expect((await send('GET', 'Communication/b')).status).toBe(404);
  });

  it('names the entry that is not valid', async () => {
    await open();
    const bad = { ...put('b'), resource: { ...put('b').resource, status: 'sent' } };
    const refused = await send('POST', '', bundle('transaction', put('a'), bad));
    expect(refused.status).toBe(422);
    expect((await outcomeOf(refused)).issue[0]?.expression).toEqual(['Bundle.entry[1].resource.status']);
    expect(ehr.store.count('Communication')).toBe(0);
  });

  it('refuses two entries that write the same resource', async () => {
    await open();
    expect((await send('POST', '', bundle('transaction', put('a'), put('a')))).status).toBe(400);
    expect(ehr.store.count('Communication')).toBe(0);
  });

  it('resolves references between its entries, and those that a search finds', async () => {
    await open();
    const patient = {
      fullUrl: 'urn:uuid:0e5d1c52-0000-4000-8000-000000000001',
      resource: { resourceType: 'Patient', name: [{ text: 'Testperson Elm' }] },
      request: { method: 'POST', url: 'Patient' },
    };
    const entries = [about('a', patient.fullUrl), about('b', 'Patient?identifier=urn:p|1'), patient];
    const reply = await bundleOf(await send('POST', '', bundle('transaction', ...entries)));
    expect(statusesOf(reply)).toEqual(['201', '201', '201']);
    const made = /Patient\/[^/]+/.exec(reply.entry?.[2]?.response?.location ?? '')?.[0];
    expect((await find('a'))[0]?.subject?.reference).toBe(made);
    expect((await find('b'))[0]?.subject?.reference).toBe('Patient/one');
    const nobody = await send('POST', '', bundle('transaction', about('c', 'Patient?identifier=urn:p|9')));
    expect(nobody.status).toBe(404);
  });
});

describe('a fault that the EHR is told', () => {
  it('drop-after-commit writes and gives no answer', async () => {
    await open();
    ehr.faults.add({ fault: 'drop-after-commit' });
    await expect(send('POST', '', bundle('batch', put('a')))).rejects.toThrow('fetch failed');
    expect(ehr.store.count('Communication')).toBe(1);
  });

  it('drop-before-commit writes nothing and gives no answer', async () => {
    await open();
    ehr.faults.add({ fault: 'drop-before-commit' });
    await expect(send('POST', '', bundle('batch', put('a')))).rejects.toThrow('fetch failed');
    expect(ehr.store.count('Communication')).toBe(0);
  });

  it.each([
    ['too-many-requests', 429],
    ['unavailable', 503],
    ['server-error', 500],
    ['unauthorized', 401],
    ['forbidden', 403],
    ['conflict', 409],
    ['html', 200],
  ] as const)('%s answers %i to one write, and lets reads go on', async (fault, status) => {
    await open();
    ehr.faults.add({ fault, retryAfter: '3' });
    expect((await send('GET', 'metadata')).status).toBe(200);
    const answer = await send('PUT', 'Communication/a', { ...message('a'), id: 'a' });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([status, '3']);
    expect(ehr.store.count('Communication')).toBe(0);
    expect((await send('PUT', 'Communication/a', { ...message('a'), id: 'a' })).status).toBe(201);
  });

  it('error-after-commit, no-location and short-reply write and answer badly', async () => {
    await open();
    for (const fault of ['error-after-commit', 'no-location', 'short-reply'] as const) ehr.faults.add({ fault });
    expect((await send('POST', '', bundle('batch', put('a')))).status).toBe(500);
    const bare = await bundleOf(await send('POST', '', bundle('batch', put('b'))));
    expect(bare.entry?.[0]?.response?.location).toBeUndefined();
    expect((await bundleOf(await send('POST', '', bundle('batch', put('c'), put('d'))))).entry).toHaveLength(1);
    expect(ehr.store.count('Communication')).toBe(4);
  });

  it('bundle-too-large answers 413 to a Bundle over the limit alone', async () => {
    await open();
    ehr.faults.add({ fault: 'bundle-too-large', entries: 2, times: 99 });
    expect((await send('POST', '', bundle('batch', put('a'), put('b'), put('c')))).status).toBe(413);
    expect((await send('POST', '', bundle('batch', put('a'), put('b')))).status).toBe(200);
  });

  it('refuse-whole-bundle refuses a batch for one entry that is not valid', async () => {
    await open();
    ehr.faults.add({ fault: 'refuse-whole-bundle', times: 99 });
    const bad = { ...put('b'), resource: { ...put('b').resource, sent: '2026-03-10 12:00' } };
    expect((await send('POST', '', bundle('batch', put('a'), bad))).status).toBe(400);
    expect((await send('POST', '', bundle('batch', put('a')))).status).toBe(200);
  });

  it('slow takes its time', async () => {
    await open();
    ehr.faults.add({ fault: 'slow', delayMs: 120 });
    const started = performance.now();
    expect((await send('POST', '', bundle('batch', put('a')))).status).toBe(200);
    expect(performance.now() - started).toBeGreaterThan(100);
  });
});
