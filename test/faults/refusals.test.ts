import type { Communication } from 'fhir/r4.js';
import { describe, expect, it } from 'vitest';
import {
  answerWith,
  conditionalOnly,
  hapiLike,
  outcome,
  statementOf,
  type Reaction,
} from '../destinations/scripted-ehr.ts';
import { message } from '../support/scripted.ts';
import { each, ids, openDelivering } from './delivering.ts';

const singly = statementOf({ updateCreate: true }, { system: [] });
const batches = statementOf({ updateCreate: true }, { system: ['batch'] });
const secondMs = 1_000;
const minuteMs = 60 * secondMs;

const isAbout = (id: string) => (resource: Communication) => resource.subject?.reference === `Patient/person-${id}`;
const without = (names: readonly string[], ...gone: readonly string[]) => names.filter((name) => !gone.includes(name));

/** A reply in which each entry has such a status, for the messages of the request in their order. */
const statuses =
  (of: (id: string) => { readonly status: string; readonly outcome?: object }, headers = {}): Reaction =>
  ({ body }, response, usual) => {
    const { entry }: { entry: { resource: Communication }[] } = JSON.parse(body);
    const replies = entry.map(({ resource }) => ({ response: of(resource.identifier?.[0]?.value ?? '') }));
    answerWith(200, { resourceType: 'Bundle', type: 'batch-response', entry: replies }, headers)(
      { method: 'POST', path: '', headers: {}, body },
      response,
      usual,
    );
  };

describe('an EHR that asks for time', () => {
  it.each([
    ['429 with Retry-After', answerWith(429, outcome('throttled'), { 'retry-after': '120' }), 'ehr-throttled', 120],
    ['503 with Retry-After', answerWith(503, outcome('transient'), { 'retry-after': '120' }), 'ehr-server-error', 120],
    ['429 with RateLimit', answerWith(429, '', { ratelimit: '"requests";r=0;t=90' }), 'ehr-throttled', 90],
    [
      'a batch in which all is put off',
      statuses(() => ({ status: '429' }), { ratelimit: '"requests";r=0;t=90' }),
      'ehr-throttled',
      90,
    ],
  ])('B3: %s is given it, by everyone and everything', async (_, reaction, code, seconds) => {
    const { ehr, read, deliver, later, loop, held, states } = await openDelivering(
      { statement: batches },
      { batch: 5 },
    );
    await read(ids(20));
    // Both that are on their way at once.
    ehr.script.push(reaction, reaction);
    await deliver();
    expect(loop.state().problem?.code).toBe(code);
    const sent = ehr.sent().length;
    expect(sent).toBeLessThanOrEqual(2);
    await loop.tryNow();
    await later((seconds - 10) * secondMs);
    expect(ehr.sent()).toHaveLength(sent);
    await later(10 * secondMs);
    await later();
    expect(held()).toEqual(each(ids(20)));
    expect(await states()).toEqual({ delivered: 20 });
  });

  it('B3: 408 without a word about time is given a back-off, and no message an attempt less', async () => {
    const { ehr, read, deliver, later, events, held } = await openDelivering({ statement: singly });
    await read(ids(3));
    ehr.script.push(answerWith(408), answerWith(408));
    await deliver();
    for (let hour = 0; hour < 12; hour += 1) await later();
    expect(held()).toEqual(each(ids(3)));
    const attempts = events.flatMap((event) => (event.event === 'record_delivered' ? [event.attempt] : []));
    expect(attempts).toEqual([1, 1, 1]);
  });

  it('B3: for some entries is given it for those', async () => {
    const { ehr, read, deliver, later, held, fateOf, clock } = await openDelivering({ statement: batches });
    await read(ids(4));
    const start = clock.at;
    ehr.script.push(
      statuses(
        (id) =>
          id === 'm0' ? { status: '200', outcome: outcome('informational') } : { status: id === 'm1' ? '503' : '429' },
        { 'retry-after': '300' },
      ),
    );
    await deliver();
    expect([await fateOf('m0'), await fateOf('m1'), await fateOf('m2')]).toEqual([
      { state: 'delivered', code: null },
      { state: 'pending', code: 'record-server-error' },
      { state: 'pending', code: 'record-throttled' },
    ]);
    await later(start + 290 * secondMs - clock.at);
    expect(ehr.sent()).toHaveLength(1);
    await later(10 * secondMs);
    await later();
    expect(held()).toEqual(each(['m1', 'm2', 'm3']));
  });
});

describe('an EHR that refuses', () => {
  it.each([
    ['a transaction', hapiLike],
    ['a batch', batches],
    ['alone', singly],
  ])(
    'B6: one message of those sent in %s: it is rejected with code and element, and no word of its text',
    async (_, statement) => {
      for (const status of [400, 422]) {
        const refusal = outcome('value', 'Otilie Example, 5550100', 'Communication.payload[0].content');
        const { read, deliver, ledger, held, fateOf } = await openDelivering({
          statement,
          refuses: (resource) => (isAbout('m2')(resource) ? { status, outcome: refusal } : undefined),
        });
        await read(ids(6));
        await deliver();
        expect(held()).toEqual(each(without(ids(6), 'm2')));
        expect(await fateOf('m2')).toEqual({ state: 'rejected', code: 'resource-refused' });
        const { items } = await ledger.messages.list({ state: 'rejected' }, { limit: 10 });
        const told = JSON.stringify(items);
        expect(told).toContain(`Communication.payload[0].content, HTTP ${status}, value`);
        expect(told).not.toMatch(/Otilie|5550100/);
      }
    },
  );

  it('B7: a transaction for one message: it goes once as batch, and that one alone is rejected', async () => {
    const { ehr, read, deliver, held, fateOf } = await openDelivering({
      statement: hapiLike,
      refuses: (resource) => (isAbout('m61')(resource) ? { status: 422, outcome: outcome('invalid') } : undefined),
    });
    await read(ids(100));
    await deliver();
    expect(ehr.sent().map(({ body }) => JSON.parse(body).type)).toEqual(['transaction', 'batch']);
    expect(held()).toEqual(each(without(ids(100), 'm61')));
    expect(await fateOf('m61')).toEqual({ state: 'rejected', code: 'resource-refused' });
  });

  it.each([
    ['transactions, and batches as well', hapiLike],
    ['transactions alone', statementOf({ updateCreate: true }, { system: ['transaction'] })],
    ['batches alone', batches],
  ])(
    'B7: a Bundle for one message it cannot read: it is cut in two until that one is alone (%s)',
    async (_, statement) => {
      const { ehr, read, deliver, held, fateOf } = await openDelivering({ statement, cannotParse: isAbout('m61') });
      await read(ids(100));
      await deliver();
      expect(held()).toEqual(each(without(ids(100), 'm61')));
      expect(await fateOf('m61')).toEqual({ state: 'rejected', code: 'resource-refused' });
      // The whole once more as batch at most, then two halves for each step down to one.
      expect(ehr.sent().length).toBeLessThanOrEqual(2 + 2 * Math.ceil(Math.log2(100)));
    },
  );

  it('B7: transactions again and again: they go as batches for a while, so that the fast way is never the slow one', async () => {
    const { ehr, read, deliver, held } = await openDelivering(
      {
        statement: hapiLike,
        refuses: (resource) =>
          /0$/.test(resource.subject?.reference ?? '') ? { status: 422, outcome: outcome('invalid') } : undefined,
      },
      { bundle: { type: 'auto', maxEntries: 10, maxBytes: 1_000_000 }, batch: 10, concurrency: 1 },
    );
    await read(ids(300));
    await deliver();
    expect(Object.keys(held())).toHaveLength(270);
    // Thirty Bundles, and a transaction in vain after one, three and seven batches.
    expect(ehr.sent().length).toBeLessThanOrEqual(30 + 5);
  });

  it('B8: some entries of a batch, each for its own reason: each is settled by its own status', async () => {
    const { ehr, read, deliver, states, events } = await openDelivering({ statement: batches });
    const fates: Readonly<Record<string, readonly [string, object | undefined, string, string | null]>> = {
      m0: ['201', undefined, 'delivered', null],
      m1: ['422 Unprocessable', outcome('invalid'), 'rejected', 'resource-refused'],
      m2: ['400', outcome('processing', 'HAPI-1094: Resource Patient/x not found'), 'waiting', 'patient-not-found'],
      m3: ['409', outcome('conflict'), 'pending', 'version-conflict'],
      m4: ['410', outcome('deleted'), 'rejected', 'deleted-at-ehr'],
      m5: ['413', outcome('too-costly'), 'rejected', 'resource-too-large'],
      m6: ['500', outcome('exception'), 'pending', 'record-server-error'],
      m7: ['403', outcome('forbidden'), 'rejected', 'resource-refused'],
      m8: ['no number', undefined, 'pending', 'record-answer-lost'],
      m9: ['202 Accepted', undefined, 'pending', 'record-answer-lost'],
    };
    await read(Object.keys(fates));
    ehr.script.push(
      statuses((id) => {
        const [status = '', told] = fates[id] ?? [];
        return { status, ...(told === undefined ? {} : { outcome: told }) };
      }),
    );
    await deliver();
    // What is told of each after the first try; some are tried again at once.
    const told = Object.keys(fates).map((id) => {
      const first = events.find((event) => 'key' in event && event.key === message(id).key);
      return [id, [first?.event, first !== undefined && 'code' in first ? first.code : null]];
    });
    expect(Object.fromEntries(told)).toEqual(
      Object.fromEntries(Object.entries(fates).map(([id, [, , state, code]]) => [id, [`record_${state}`, code]])),
    );
    expect(await states()).toEqual({ delivered: 5, waiting: 1, rejected: 4 });
  });
});

describe('a message that is there twice', () => {
  it.each([
    ['conditional-update', conditionalOnly],
    ['conditional-create', statementOf({ conditionalCreate: true })],
    ['search-then-create', statementOf({})],
  ])('B10: is rejected and alarmed, and neither is picked (%s)', async (_, statement) => {
    const { ehr, read, deliver, later, events, fateOf } = await openDelivering({ statement });
    await read(['m0', 'm1']);
    await deliver();
    const [first] = [...ehr.held.values()].filter(({ resource }) => resource.identifier?.[0]?.value === 'm2');
    expect(first).toBeUndefined();
    const resource: Communication = {
      resourceType: 'Communication',
      status: 'completed',
      identifier: [{ system: 'https://fhir.example-health.org/sid/sms-outgoing-message-id', value: 'm2' }],
    };
    for (const id of ['a', 'b']) ehr.held.set(id, { resource: { ...resource, id }, version: 1 });
    await read(['m2']);
    await later();
    expect(await fateOf('m2')).toEqual({ state: 'rejected', code: 'multiple-matches' });
    expect(events).toContainEqual(expect.objectContaining({ event: 'record_rejected', code: 'multiple-matches' }));
    expect(['a', 'b'].map((id) => ehr.held.get(id)?.version)).toEqual([1, 1]);
    expect(ehr.held.size).toBe(4);
  });
});

describe('somebody else who writes at the same time', () => {
  it.each([409, 412])('B11: %i to an update is tried again, and what was to be written arrives', async (status) => {
    const { ehr, read, deliver, later, held, fateOf } = await openDelivering({ statement: singly });
    await read(['m0'], 'SENT', 1);
    await deliver();
    await read(['m0'], 'DELIVERED', 3);
    ehr.script.push(answerWith(status, outcome('conflict')));
    await deliver();
    await later();
    expect(await fateOf('m0')).toEqual({ state: 'delivered', code: null });
    expect(held()).toEqual({ m0: ['DELIVERED'] });
  });

  it('B11: and names the version: ours is read again before it is named once more', async () => {
    const statement = statementOf({ updateCreate: true, versioning: 'versioned-update' }, { system: [] });
    const { ehr, read, deliver, later, held } = await openDelivering({ statement });
    await read(['m0'], 'SENT', 1);
    await deliver();
    await read(['m0'], 'DELIVERED', 3);
    ehr.script.push(answerWith(412, outcome('conflict')));
    await deliver();
    await later();
    expect(held()).toEqual({ m0: ['DELIVERED'] });
    const updates = ehr.heard.filter(({ method, headers }) => method === 'PUT' && headers['if-match'] !== undefined);
    expect(updates.map(({ headers }) => headers['if-match'])).toEqual(['W/"1"', 'W/"1"']);
    expect(ehr.heard.filter(({ method, path }) => method === 'GET' && /^Communication\/[^0]/.test(path))).not.toEqual(
      [],
    );
  });

  it.each([
    ['conditional-create', statementOf({ conditionalCreate: true }, { system: [] })],
    ['search-then-create', statementOf({}, { system: [] })],
  ])('B12: at an EHR where two creates at once make two: no message is on its way twice (%s)', async (_, statement) => {
    const { ehr, read, loop, later, held } = await openDelivering({ statement }, { concurrency: 4, batch: 3 });
    let created = 0;
    /** Looks first and writes later, as HAPI did before 6.6. */
    const racy: Reaction = (heard, response, usual) => {
      if (heard.method !== 'POST') return usual();
      const resource: Communication = JSON.parse(heard.body);
      const isThere = [...ehr.held.values()].some(
        ({ resource: { identifier } }) => identifier?.[0]?.value === resource.identifier?.[0]?.value,
      );
      setTimeout(() => {
        if (isThere) return usual();
        const id = `racy-${(created += 1)}`;
        ehr.held.set(id, { resource: { ...resource, id }, version: 1 });
        answerWith(201, {}, { location: `Communication/${id}/_history/1` })(heard, response, usual);
      }, 5);
    };
    ehr.script.push(...Array.from({ length: 1_000 }, () => racy));
    await read(ids(30), 'SENT', 1);
    const first = loop.settled();
    const second = loop.settled();
    await read(ids(30), 'DELIVERED', 3);
    await Promise.all([first, second, loop.settled()]);
    await later();
    expect(held()).toEqual(each(ids(30)));
  });

  it('B12: a create that lost the race is looked at again, and what is there is brought up to date', async () => {
    const statement = statementOf({ conditionalCreate: true }, { system: [] });
    const { ehr, read, deliver, later, held, fateOf } = await openDelivering({ statement });
    await read(['m0']);
    ehr.script.push(({ body, ...heard }, response, usual) => {
      const resource: Communication = JSON.parse(body);
      ehr.held.set('theirs', { resource: { ...resource, id: 'theirs', statusReason: { text: 'SENT' } }, version: 1 });
      answerWith(409, outcome('conflict', 'HAPI-0825: The operation has failed with a version constraint failure.'))(
        { body, ...heard },
        response,
        usual,
      );
    });
    await deliver();
    await later();
    expect(await fateOf('m0')).toEqual({ state: 'delivered', code: null });
    expect(held()).toEqual({ m0: ['DELIVERED'] });
    expect([...ehr.held.keys()]).toEqual(['theirs']);
  });
});

describe('what is too large', () => {
  it('B21: goes in halves, and no Bundle is so large again', async () => {
    const { ehr, read, deliver, held } = await openDelivering({ statement: hapiLike, maxBytes: 8_000 });
    await read(ids(100));
    await deliver();
    expect(held()).toEqual(each(ids(100)));
    const before = ehr.sent().length;
    await read(ids(100), 'READ');
    await deliver();
    expect(held()).toEqual(each(ids(100), 'READ'));
    expect(
      Math.max(
        ...ehr
          .sent()
          .slice(before)
          .map(({ body }) => body.length),
      ),
    ).toBeLessThanOrEqual(8_000);
  });

  it('B21: by the number of its entries goes in halves as well', async () => {
    const { ehr, read, deliver, held } = await openDelivering({ statement: conditionalOnly });
    /** Medplum's, as soon as one entry is conditional. */
    const atMostEight: Reaction = (heard, response, usual) => {
      const count = heard.method === 'POST' ? heard.body.split('"fullUrl"').length - 1 : 0;
      if (count <= 8) usual();
      else
        answerWith(400, outcome('invalid', 'Transaction contains more update operations than allowed'))(
          heard,
          response,
          usual,
        );
    };
    ehr.script.push(...Array.from({ length: 200 }, () => atMostEight));
    await read(ids(100));
    await deliver();
    expect(held()).toEqual(each(ids(100)));
    const refused = ehr.sent().filter(({ body }) => body.split('"fullUrl"').length - 1 > 8);
    expect(refused.length).toBeLessThanOrEqual(4);
  });

  it('B21: even alone is rejected, and nothing else with it', async () => {
    const { ehr, read, deliver, held, fateOf } = await openDelivering({ statement: hapiLike });
    const tooLarge: Reaction = (heard, response, usual) =>
      heard.body.includes('person-m7"') ? answerWith(413, '<html>too large</html>')(heard, response, usual) : usual();
    ehr.script.push(...Array.from({ length: 200 }, () => tooLarge));
    await read(ids(16));
    await deliver();
    expect(held()).toEqual(each(without(ids(16), 'm7')));
    expect(await fateOf('m7')).toEqual({ state: 'rejected', code: 'resource-too-large' });
  });
});

describe('an EHR that becomes another', () => {
  const r5 = { ...hapiLike, fhirVersion: '5.0.0' };

  it('B24: and speaks R5 now: nothing is sent, it is told, and delivery goes on when it is R4 again', async () => {
    const { ehr, read, deliver, later, loop, held, states } = await openDelivering({ statement: hapiLike });
    await read(['m0']);
    await deliver();
    ehr.metadata.push(...Array.from({ length: 100 }, () => answerWith(200, r5)));
    await later(25 * 60 * minuteMs);
    await read(['m1']);
    await later();
    await later();
    const sent = ehr.sent().length;
    expect(loop.state().problem).toMatchObject({ code: 'ehr-unsuitable' });
    expect(loop.state().check).toMatchObject({ kind: 'failed', why: expect.stringContaining('speaks FHIR 5.0.0') });
    await later();
    expect(ehr.sent()).toHaveLength(sent);
    expect(await states()).toEqual({ delivered: 1, pending: 1 });
    ehr.metadata.length = 0;
    await later();
    expect(held()).toEqual(each(['m0', 'm1']));
  });

  it.each([404, 405, 501])(
    'B24: and answers %i: it is asked at once what it offers now, and written to so',
    async (status) => {
      const statement = statementOf({ updateCreate: true }, { system: [] });
      const { ehr, read, deliver, later, held, states } = await openDelivering({ statement });
      await read(['m0']);
      await deliver();
      // It takes no ids of the client's any more.
      ehr.metadata.push(...Array.from({ length: 100 }, () => answerWith(200, conditionalOnly)));
      const noIds: Reaction = (heard, response, usual) =>
        /^Communication\/(?!server)/.test(heard.path) && heard.method === 'PUT'
          ? answerWith(status, outcome('not-supported'))(heard, response, usual)
          : usual();
      ehr.script.push(...Array.from({ length: 100 }, () => noIds));
      await read(['m1', 'm2']);
      await deliver();
      await later();
      expect(held()).toEqual(each(['m0', 'm1', 'm2']));
      expect(await states()).toEqual({ delivered: 3 });
      expect(ehr.heard.filter(({ path }) => path === 'metadata').length).toBeGreaterThan(1);
    },
  );

  it('B24: a 404 that names a Patient is none of these: the message waits, and nothing is asked again', async () => {
    const { ehr, read, deliver, fateOf } = await openDelivering({
      statement: hapiLike,
      refuses: (resource) =>
        isAbout('m1')(resource)
          ? {
              status: 404,
              outcome: outcome(
                'processing',
                'HAPI-1091: Invalid match URL "Patient?identifier=x" - No resources match',
              ),
            }
          : undefined,
    });
    await read(['m0', 'm1']);
    await deliver();
    expect(await fateOf('m1')).toEqual({ state: 'waiting', code: 'patient-not-found' });
    expect(await fateOf('m0')).toEqual({ state: 'delivered', code: null });
    await read(['m2']);
    await deliver();
    expect(ehr.heard.filter(({ path }) => path === 'metadata')).toHaveLength(1);
  });

  it('B24: and takes no Bundles any more, while it says that it does: that is learned once', async () => {
    const { ehr, read, deliver, later, held } = await openDelivering({ statement: hapiLike });
    const noBundles: Reaction = (heard, response, usual) =>
      heard.method === 'POST' ? answerWith(405, '')(heard, response, usual) : usual();
    ehr.script.push(...Array.from({ length: 300 }, () => noBundles));
    await read(ids(5));
    await deliver();
    await read(ids(10));
    await later();
    expect(held()).toEqual(each(ids(10)));
    expect(ehr.sent().filter(({ method }) => method === 'POST')).toHaveLength(2);
  });
});
