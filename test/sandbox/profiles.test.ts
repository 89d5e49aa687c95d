import type { Bundle, CapabilityStatement, Communication, OperationOutcome } from 'fhir/r4.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startEhr, type RunningEhr } from '../../sandbox/ehr/ehr.ts';
import { profileNames, type ProfileName } from '../../sandbox/ehr/profiles/registry.ts';

const noon = Date.parse('2026-03-10T12:00:00Z');

interface Opened {
  readonly ehr: RunningEhr;
  readonly clock: { at: number };
  /** The status, the answer and its headers. */
  readonly send: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<{ readonly status: number; readonly body: unknown; readonly headers: Headers }>;
}

async function open(behaveLike: ProfileName): Promise<Opened> {
  const clock = { at: noon };
  const ehr = await startEhr({ behaveLike, resources: [{ resourceType: 'Patient', id: 'one' }], now: () => clock.at });
  onTestFinished(() => ehr.close());
  return {
    ehr,
    clock,
    async send(method, path, body, headers = {}) {
      const response = await fetch(`${ehr.url}${path === '' ? '' : `/${path}`}`, {
        method,
        headers: { 'content-type': 'application/fhir+json', ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      const told: unknown = text === '' ? undefined : JSON.parse(text);
      return { status: response.status, body: told, headers: response.headers };
    },
  };
}

const message = (value: string, others: Partial<Communication> = {}): Communication => ({
  resourceType: 'Communication',
  identifier: [{ system: 'urn:m', value }],
  status: 'completed',
  subject: { reference: 'Patient/one' },
  ...others,
});

const put = (id: string, others: Partial<Communication> = {}) => ({
  resource: message(id, { id, ...others }),
  request: { method: 'PUT', url: `Communication/${id}` },
});

const search = (value: string): string => `identifier=${encodeURIComponent(`urn:m|${value}`)}`;

const created = (value: string) => ({
  resource: message(value),
  request: { method: 'POST', url: 'Communication', ifNoneExist: search(value) },
});

const bundle = (type: 'batch' | 'transaction', entry: readonly object[]) => ({ resourceType: 'Bundle', type, entry });

/** A code that R4 does not have. */
const unparsable = { ...message('odd'), status: 'sent off' };

const textsOf = (outcome: unknown): string => {
  const { issue } = outcome as OperationOutcome;
  return issue.map(({ diagnostics, details }) => diagnostics ?? details?.text ?? '').join(' ');
};

const entriesOf = (answer: unknown): NonNullable<Bundle['entry']> => (answer as Bundle).entry ?? [];

describe('the metadata of each kind of server', () => {
  it.each<[ProfileName, object]>([
    ['hapi', { software: 'HAPI FHIR Server', system: 'transaction', way: 'undefined true true' }],
    ['medplum', { software: 'medplum', system: 'transaction batch', way: 'false true true' }],
    [
      'azure',
      { software: 'Azure Health Data Services FHIR service', system: 'transaction batch', way: 'true true true' },
    ],
    ['firely', { software: 'Firely Server', system: 'transaction batch', way: 'true true true' }],
    ['epic', { software: 'Epic', system: '', way: 'false false false' }],
    ['oracle-health', { software: 'Oracle Health Millennium', system: 'batch', way: 'false false false' }],
    ['meditech', { software: 'MEDITECH Expanse', system: '', way: 'false false false' }],
  ])('tells who it is, and what it offers (%s)', async (name, expected) => {
    const { send } = await open(name);
    const { body } = await send('GET', 'metadata');
    const { software, fhirVersion, rest } = body as CapabilityStatement;
    const communication = rest?.[0]?.resource?.find(({ type }) => type === 'Communication');
    expect({
      software: software?.name,
      system: (rest?.[0]?.interaction ?? []).map(({ code }) => code).join(' '),
      way: `${communication?.updateCreate} ${communication?.conditionalCreate} ${communication?.conditionalUpdate}`,
    }).toEqual(expected);
    expect(fhirVersion).toBe('4.0.1');
  });

  it.each(profileNames.map((name) => [name]))('is kept to: what is not stated is refused (%s)', async (name) => {
    const { ehr, send } = await open(name);
    ehr.store.write('Communication', 'there', { ...message('there') });
    const { body } = await send('GET', 'metadata');
    const communication = (body as CapabilityStatement).rest?.[0]?.resource?.find(
      ({ type }) => type === 'Communication',
    );
    const stated = (communication?.interaction ?? []).map(({ code }): string => code);
    const tried = {
      read: await send('GET', 'Communication/there'),
      vread: await send('GET', 'Communication/there/_history/1'),
      'history-instance': await send('GET', 'Communication/there/_history'),
      update: await send('PUT', 'Communication/there', message('there', { id: 'there' })),
      patch: await send('PATCH', 'Communication/there', [], { 'content-type': 'application/json-patch+json' }),
      delete: await send('DELETE', 'Communication/there'),
    };
    const refused = Object.entries(tried).flatMap(([code, { status }]) => (status === 405 ? [code] : []));
    expect(refused).toEqual(Object.keys(tried).filter((code) => !stated.includes(code)));
  });
});

describe('an EHR like HAPI, as the real one was measured', () => {
  it('lets clients choose ids, but not of digits alone', async () => {
    const { send } = await open('hapi');
    const { status, headers } = await send('PUT', 'Communication/a-1', message('a', { id: 'a-1' }));
    expect([status, headers.get('etag'), headers.get('location')]).toEqual([201, 'W/"1"', null]);
    const digits = await send('PUT', 'Communication/1148821', message('b', { id: '1148821' }));
    expect([digits.status, textsOf(digits.body)]).toEqual([400, expect.stringContaining('HAPI-0960')]);
    const strange = await send('PUT', 'Communication/a_b', message('b', { id: 'a_b' }));
    expect([strange.status, textsOf(strange.body)]).toEqual([400, expect.stringContaining('HAPI-0521')]);
  });

  it('lacks a Patient: that entry of a batch, all of a transaction', async () => {
    const { ehr, send } = await open('hapi');
    const entries = [put('a'), put('b', { subject: { reference: 'Patient/nobody' } })];
    const batch = await send('POST', '', bundle('batch', entries));
    expect(entriesOf(batch.body).map(({ response }) => response?.status.slice(0, 3))).toEqual(['201', '400']);
    expect(textsOf(entriesOf(batch.body)[1]?.response?.outcome)).toContain('HAPI-1094');
    ehr.store.remove('Communication', 'a');
    const transaction = await send('POST', '', bundle('transaction', entries));
    expect([transaction.status, ehr.store.count('Communication')]).toEqual([400, 0]);
  });

  it('refuses a Bundle whole for one entry that it cannot parse, and stores what it can', async () => {
    const { ehr, send } = await open('hapi');
    for (const type of ['batch', 'transaction'] as const) {
      const refused = await send(
        'POST',
        '',
        bundle(type, [put('a'), { ...put('b'), resource: { ...unparsable, id: 'b' } }]),
      );
      expect([refused.status, textsOf(refused.body)]).toEqual([400, expect.stringContaining('HAPI-0450')]);
    }
    expect(ehr.store.count('Communication')).toBe(0);
    const odd = { resourceType: 'Communication', id: 'odd', subject: { reference: 'Patient/one' }, mood: 'good' };
    expect((await send('PUT', 'Communication/odd', odd)).status).toBe(201);
  });

  it('makes one of equal conditional creates of a transaction, with one answer', async () => {
    const { ehr, send } = await open('hapi');
    const { body } = await send('POST', '', bundle('transaction', [created('x'), created('x'), created('y')]));
    expect(entriesOf(body)).toHaveLength(2);
    expect(ehr.store.count('Communication')).toBe(2);
    const batch = await send('POST', '', bundle('batch', [created('z'), created('z')]));
    expect(entriesOf(batch.body).map(({ response }) => response?.status.slice(0, 3))).toEqual(['201', '200']);
  });

  it('refuses a stale If-Match with 409', async () => {
    const { send } = await open('hapi');
    await send('PUT', 'Communication/a', message('a', { id: 'a' }));
    const stale = await send('PUT', 'Communication/a', message('b', { id: 'a' }), { 'if-match': 'W/"7"' });
    expect([stale.status, textsOf(stale.body)]).toEqual([409, expect.stringContaining('HAPI-0989')]);
  });

  it('gives the same search from before for a minute, unless it must not', async () => {
    const { clock, send } = await open('hapi');
    const total = async (headers = {}) => {
      const { body } = await send('GET', `Communication?${search('a')}`, undefined, headers);
      return (body as Bundle).total;
    };
    expect(await total()).toBe(0);
    await send('PUT', 'Communication/a', message('a', { id: 'a' }));
    expect([await total(), await total({ 'cache-control': 'no-cache' })]).toEqual([0, 1]);
    await send('DELETE', 'Communication/a');
    expect(await total()).toBe(1);
    clock.at += 60_000;
    expect(await total()).toBe(0);
  });

  it('answers 404 or 412 where none or several Patients fit a conditional reference', async () => {
    const { ehr, send } = await open('hapi');
    const identifier = [{ system: 'urn:p', value: 'twice' }];
    for (const id of ['two', 'three']) ehr.store.write('Patient', id, { resourceType: 'Patient', identifier });
    for (const [value, status, code] of [
      ['none', 404, 'HAPI-1091'],
      ['twice', 412, 'HAPI-2207'],
    ] as const) {
      const reference = `Patient?identifier=urn:p|${value}`;
      const refused = await send('POST', '', bundle('transaction', [put('a', { subject: { reference } })]));
      expect([refused.status, textsOf(refused.body)]).toEqual([status, expect.stringContaining(code)]);
    }
  });
});

describe('an EHR like Medplum', () => {
  it('chooses ids: a PUT of a new one is 404, and the body of a conditional update has none', async () => {
    const { send } = await open('medplum');
    expect((await send('PUT', 'Communication/a', message('a', { id: 'a' }))).status).toBe(404);
    const withId = await send('PUT', `Communication?${search('a')}`, message('a', { id: 'a' }));
    expect([withId.status, textsOf(withId.body)]).toEqual([400, 'Cannot provide ID for create by update']);
    expect((await send('PUT', `Communication?${search('a')}`, message('a'))).status).toBe(201);
  });

  it('takes eight entries of a transaction with a condition, fifty updates, and batches of any size', async () => {
    const { ehr, send } = await open('medplum');
    const many = (count: number) => Array.from({ length: count }, (_, index) => created(`m${index}`));
    expect((await send('POST', '', bundle('transaction', many(9)))).status).toBe(400);
    expect((await send('POST', '', bundle('transaction', many(8)))).status).toBe(200);
    expect((await send('POST', '', bundle('batch', many(60)))).status).toBe(200);
    const updates = [...ehr.store.ids('Communication')].map((id) => put(id));
    expect((await send('POST', '', bundle('transaction', updates.slice(0, 51)))).status).toBe(400);
    expect((await send('POST', '', bundle('transaction', updates.slice(0, 50)))).status).toBe(200);
  });

  it('tells a wait as RateLimit, and its texts as details', async () => {
    const { ehr, send } = await open('medplum');
    ehr.faults.add({ fault: 'too-many-requests', retryAfter: '9' });
    const { status, body, headers } = await send('POST', 'Communication', message('a'));
    expect([status, headers.get('ratelimit'), headers.get('retry-after')]).toEqual([429, '"requests";r=0;t=9', null]);
    expect(body).toMatchObject({ issue: [{ details: { text: 'Too Many Requests' } }] });
  });
});

describe('an EHR like Azure', () => {
  it('takes five hundred entries, and the same resource once in a transaction', async () => {
    const { send } = await open('azure');
    const many = (count: number) =>
      bundle(
        'batch',
        Array.from({ length: count }, (_, index) => put(`m${index}`)),
      );
    expect((await send('POST', '', many(501))).status).toBe(400);
    expect((await send('POST', '', many(500))).status).toBe(200);
    expect((await send('POST', '', bundle('transaction', [put('a'), put('a')]))).status).toBe(400);
  });

  it('tells a wait in seconds and in milliseconds', async () => {
    const { ehr, send } = await open('azure');
    ehr.faults.add({ fault: 'too-many-requests', retryAfter: '9' });
    const { headers } = await send('POST', 'Communication', message('a'));
    expect([headers.get('retry-after'), headers.get('x-ms-retry-after-ms')]).toEqual(['9', '9000']);
  });
});

describe('an EHR like Firely', () => {
  it('does not bring back a deleted id by a condition', async () => {
    const { send } = await open('firely');
    await send('PUT', 'Communication/a', message('a', { id: 'a' }));
    await send('DELETE', 'Communication/a');
    expect((await send('PUT', `Communication?${search('a')}`, message('a', { id: 'a' }))).status).toBe(409);
    expect((await send('PUT', 'Communication/a', message('a', { id: 'a' }))).status).toBe(201);
  });
});

describe('EHRs like Epic and MEDITECH', () => {
  it.each<[ProfileName]>([['epic'], ['meditech']])('take no Bundles and no updates (%s)', async (name) => {
    const { ehr, send } = await open(name);
    for (const type of ['batch', 'transaction'] as const) {
      expect((await send('POST', '', bundle(type, [put('a')]))).status).toBeGreaterThanOrEqual(400);
    }
    expect((await send('POST', 'Communication', message('a'))).status).toBe(201);
    const [id = ''] = ehr.store.ids('Communication');
    expect((await send('PUT', `Communication/${id}`, message('b', { id }))).status).toBe(405);
  });
});

describe('an EHR like Oracle Health', () => {
  const toStaff = message('a', { category: [{ text: 'Notice' }], recipient: [{ reference: 'Practitioner/x' }] });

  it('wants a category and recipients of the staff, and no extension', async () => {
    const { send } = await open('oracle-health');
    expect((await send('POST', 'Communication', toStaff)).status).toBe(201);
    for (const [wrong, element] of [
      [message('b'), 'Communication.category'],
      [{ ...toStaff, recipient: [{ reference: 'Patient/one' }] }, 'Communication.recipient[0]'],
      [{ ...toStaff, extension: [{ url: 'urn:e', valueString: 'x' }] }, 'Communication.extension[0]'],
    ] as const) {
      const { status, body } = await send('POST', 'Communication', wrong);
      expect([status, (body as OperationOutcome).issue[0]?.expression]).toEqual([422, [element]]);
    }
  });

  it('is not searched by identifier', async () => {
    const { send } = await open('oracle-health');
    expect((await send('GET', `Communication?${search('a')}`)).status).toBe(400);
  });

  it('is patched by JSON Patch, of the version that is named', async () => {
    const { ehr, send } = await open('oracle-health');
    ehr.store.write('Communication', 'a', { ...toStaff });
    const patch = [
      { op: 'test', path: '/status', value: 'completed' },
      { op: 'replace', path: '/status', value: 'not-done' },
      { op: 'add', path: '/recipient/-', value: { reference: 'Group/y' } },
      { op: 'remove', path: '/category/0/text' },
      { op: 'add', path: '/category/0/coding', value: [{ code: 'notice' }] },
    ];
    const headers = { 'content-type': 'application/json-patch+json' };
    const stale = await send('PATCH', 'Communication/a', patch, { ...headers, 'if-match': 'W/"4"' });
    expect(stale.status).toBe(409);
    const { status, body } = await send('PATCH', 'Communication/a', patch, { ...headers, 'if-match': 'W/"1"' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'not-done',
      category: [{ coding: [{ code: 'notice' }] }],
      recipient: [{ reference: 'Practitioner/x' }, { reference: 'Group/y' }],
      meta: { versionId: '2' },
    });
    const again = await send('PATCH', 'Communication/a', patch, headers);
    expect([again.status, ehr.store.current('Communication', 'a')?.version]).toEqual([422, 2]);
  });
});
