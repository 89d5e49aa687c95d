import { setTimeout } from 'node:timers/promises';
import type { Communication } from 'fhir/r4.js';
import { describe, expect, it } from 'vitest';
import { destinationKinds } from '../../../src/destinations/registry.ts';
import type { Delivery } from '../../../src/exchange/delivery.ts';
import { makeDispatcher } from '../../../src/network/dispatcher.ts';
import { canaries, delivery, deliveries } from '../example-deliveries.ts';
import {
  answerWith,
  asUsual,
  breakBefore,
  conditionalOnly,
  loseAnswer,
  outcome,
  startScriptedEhr,
  statementOf,
  type Reaction,
} from '../scripted-ehr.ts';
import { inOrder, serve, wordsOf, type Served } from '../served.ts';

const signal = new AbortController().signal;
const patientOf = ({ subject }: Communication): string => subject?.reference ?? '';
const noPatient = (id: string) => ({
  status: 400,
  outcome: outcome(
    'processing',
    `HAPI-1094: Resource Patient/${id} not found, specified in path: Communication.subject`,
  ),
});
const byId = statementOf({ updateCreate: true });
const singly = statementOf({ updateCreate: true }, { system: [] });

/** An answer that never ends, a byte now and then. */
const drip: Reaction = (_, response) => {
  response.writeHead(200, { 'content-type': 'application/fhir+json' });
  const dripping = setInterval(() => response.write(' '), 20);
  response.on('close', () => clearInterval(dripping));
};
const silence: Reaction = () => {};

describe('the check of the EHR', () => {
  it('says how it will be written to, and why', async () => {
    const { destination } = await serve();
    expect(await destination.check(signal)).toEqual({
      kind: 'ready',
      write: 'put-by-id',
      bundle: 'transaction',
      why: 'HAPI FHIR lets clients choose ids. It takes transactions.',
      findsCopies: true,
    });
  });

  it('says what an unsuitable EHR lacks', async () => {
    const { ehr, destination, send } = await serve({ statement: statementOf({ interaction: [{ code: 'update' }] }) });
    expect(await destination.check(signal)).toMatchObject({
      kind: 'failed',
      problem: { code: 'ehr-unsuitable' },
      why: expect.stringContaining('lacks create, and updateCreate or conditionalUpdate'),
    });
    expect(wordsOf(await send(deliveries(2)))).toEqual(['ehr-unsuitable', 'ehr-unsuitable']);
    expect(ehr.sent()).toEqual([]);
  });

  it('tells a login that is refused, although metadata is open', async () => {
    const auth = { kind: 'bearer', token: () => 'expired' } as const;
    const { ehr, destination } = await serve({ authorization: () => 'Bearer good' }, { auth });
    expect(await destination.check(signal)).toMatchObject({ kind: 'failed', problem: { code: 'ehr-unauthorized' } });
    expect(ehr.sent()).toEqual([]);
  });

  it('tells an EHR that is not there', async () => {
    const { ehr, destination } = await serve();
    await ehr.close();
    expect(await destination.check(signal)).toMatchObject({ kind: 'failed', problem: { code: 'ehr-unreachable' } });
  });

  it('tells a server that is no FHIR server', async () => {
    const { ehr } = await serve();
    const options = { name: 'x', auth: { kind: 'none' }, write: 'auto', timeoutMs: 5_000, assume: {} } as const;
    const destination = destinationKinds['fhir-server']({
      ...options,
      url: ehr.url.replace('/fhir', '/nowhere'),
      dispatcher: makeDispatcher(),
      bundle: { type: 'auto', maxEntries: 100, maxBytes: 1_000_000 },
      acceptUnsuitable: false,
      now: () => 0,
    });
    expect(await destination.check(signal)).toMatchObject({
      kind: 'failed',
      problem: { code: 'ehr-unexpected-answer', httpStatus: 404 },
    });
    await destination.close();
    await destination.close();
  });

  it('is made again after a day, and when the EHR does not keep what it said', async () => {
    const { ehr, send, pass } = await serve({ statement: singly });
    const checks = (): number => ehr.heard.filter(({ path }) => path === 'metadata').length;
    await send([delivery(0)]);
    await send([delivery(1)]);
    expect(checks()).toBe(1);
    pass(24 * 3_600_000);
    await send([delivery(2)]);
    expect(checks()).toBe(2);
    ehr.script.push(answerWith(404, outcome('not-found')));
    expect(wordsOf(await send([delivery(3)]))).toEqual(['ehr-unsuitable']);
    await send([delivery(3)]);
    expect(checks()).toBe(3);
  });

  it('that fails after a day changes nothing: what the EHR told before holds', async () => {
    const { ehr, destination, send, pass } = await serve();
    await destination.check(signal);
    pass(24 * 3_600_000);
    ehr.metadata.push(answerWith(503, ''));
    expect(wordsOf(await send([delivery(0)]))).toEqual(['created']);
  });

  it('that cannot be made leaves nothing unsure', async () => {
    const { ehr, send } = await serve();
    ehr.metadata.push(answerWith(200, '<html>sign in</html>'));
    const outcomes = await send([delivery(0), delivery(1, { unsure: true })]);
    expect(wordsOf(outcomes)).toEqual(['ehr-unreachable', 'ehr-unexpected-answer']);
    expect(ehr.sent()).toEqual([]);
  });

  it('is made once for those who send at the same time', async () => {
    const { ehr, send } = await serve();
    await Promise.all([send([delivery(0)]), send([delivery(1)]), send([delivery(2)])]);
    expect(ehr.heard.filter(({ path }) => path === 'metadata')).toHaveLength(1);
    expect(ehr.held.size).toBe(3);
  });
});

describe('a request to the EHR', () => {
  it('is FHIR JSON that asks for nothing back, posted to the base without a slash', async () => {
    const { ehr, send } = await serve();
    await send(deliveries(2));
    const [post] = ehr.sent();
    expect(post?.path).toBe('');
    expect(post?.headers).toMatchObject({
      'content-type': 'application/fhir+json',
      accept: 'application/fhir+json',
      prefer: 'return=minimal',
    });
  });

  it('is one for each message where no Bundles are taken', async () => {
    const { ehr, send } = await serve({ statement: singly });
    expect(wordsOf(await send(deliveries(3)))).toEqual(['created', 'created', 'created']);
    expect(ehr.sent().map(({ method }) => method)).toEqual(['PUT', 'PUT', 'PUT']);
  });

  it('is within the limits of the settings', async () => {
    const { ehr, send } = await serve({}, { bundle: { type: 'batch', maxEntries: 7, maxBytes: 3_000 } });
    await send(deliveries(20));
    expect(ehr.held.size).toBe(20);
    for (const { body } of ehr.sent()) {
      expect(Buffer.byteLength(body)).toBeLessThanOrEqual(3_000);
      expect(JSON.parse(body)).toMatchObject({ type: 'batch' });
    }
  });

  it('is smaller after the EHR said that one was too large', async () => {
    const { ehr, send } = await serve({ statement: byId, maxBytes: 5_000 });
    expect((await send(deliveries(40))).every(({ kind }) => kind === 'accepted')).toBe(true);
    const before = ehr.sent().length;
    await send(deliveries(40, { status: 'completed' }));
    expect(
      ehr
        .sent()
        .slice(before)
        .every(({ body }) => body.length <= 5_000),
    ).toBe(true);
  });

  it('is never repeated at the address of a redirect', async () => {
    const other = await startScriptedEhr();
    for (const status of [301, 302, 303, 307, 308]) {
      const { ehr, destination, send } = await serve();
      await destination.check(signal);
      ehr.script.push(answerWith(status, '', { location: other.url }));
      expect(await send([delivery(0)])).toMatchObject([
        { problem: { code: 'ehr-unexpected-answer', httpStatus: status } },
      ]);
    }
    expect(other.heard).toEqual([]);
    await other.close();
  });

  it.each([
    ['drips', drip],
    ['says nothing', silence],
  ])('ends at its deadline when the EHR %s', async (_, reaction) => {
    const { ehr, destination, send } = await serve({}, { timeoutMs: 500 });
    await destination.check(signal);
    ehr.script.push(reaction);
    const start = performance.now();
    expect(wordsOf(await send(deliveries(2)))).toEqual(['ehr-answer-lost', 'ehr-answer-lost']);
    expect(performance.now() - start).toBeLessThan(4_000);
  });

  it('ends when it is told to stop; it may have arrived', async () => {
    const { ehr, destination } = await serve();
    await destination.check(signal);
    const stopping = new AbortController();
    ehr.script.push(() => stopping.abort());
    expect(wordsOf(await destination.send([delivery(0)], stopping.signal))).toEqual(['ehr-answer-lost']);
  });

  it('tells how long the EHR asked to wait', async () => {
    const { ehr, destination, send } = await serve();
    await destination.check(signal);
    ehr.script.push(answerWith(503, '', { 'retry-after': '120' }));
    expect(await send([delivery(0)])).toMatchObject([{ problem: { code: 'ehr-server-error', retryAfterMs: 120_000 } }]);
    ehr.script.push(answerWith(429, outcome('throttled'), { ratelimit: '"requests";r=0;t=17' }));
    expect(await send([delivery(0)])).toMatchObject([{ problem: { code: 'ehr-throttled', retryAfterMs: 17_000 } }]);
  });

  it('that was not sent is not unsure', async () => {
    const { ehr, destination, send } = await serve();
    await destination.check(signal);
    await ehr.close();
    // Until the client has seen that its kept-open connection is gone.
    await setTimeout(200);
    expect(wordsOf(await send(deliveries(2)))).toEqual(['ehr-unreachable', 'ehr-unreachable']);
  });
});

describe('a message whose Patient is missing', () => {
  it('waits, and its neighbours go on', async () => {
    const missing = new Set(['Patient/person-3', 'Patient/person-5']);
    const { ehr, send } = await serve({
      refuses: (resource) => (missing.has(patientOf(resource)) ? noPatient('person-3') : undefined),
    });
    const outcomes = inOrder(deliveries(8), await send(deliveries(8)));
    expect(wordsOf(outcomes)).toEqual(
      [0, 1, 2, 3, 4, 5, 6, 7].map((number) => ([3, 5].includes(number) ? 'patient-not-found' : 'created')),
    );
    expect(ehr.sent().map(({ body }) => JSON.parse(body).type)).toEqual(['transaction', 'batch']);
  });

  it('and one that cannot be read do not hold up the others', async () => {
    const { ehr, send } = await serve({
      refuses: (resource) => (patientOf(resource) === 'Patient/person-3' ? noPatient('person-3') : undefined),
      cannotParse: (resource) => patientOf(resource) === 'Patient/person-60',
    });
    const outcomes = inOrder(deliveries(100), await send(deliveries(100)));
    expect(wordsOf([outcomes[3], outcomes[60]].filter((one) => one !== undefined))).toEqual([
      'patient-not-found',
      'resource-refused',
    ]);
    expect(ehr.held.size).toBe(98);
    expect(ehr.sent().length).toBeLessThanOrEqual(2 + 2 * Math.ceil(Math.log2(100)));
  });
});

describe('a message whose answer was lost', () => {
  it.each([
    ['the id we chose', byId],
    ['its identifier', conditionalOnly],
  ])('is looked for by %s, and not written again where it arrived', async (_, statement) => {
    const { ehr, destination, send } = await serve({ statement });
    await destination.check(signal);
    ehr.script.push(loseAnswer);
    expect(wordsOf(await send(deliveries(3)))).toEqual(Array.from({ length: 3 }, () => 'ehr-answer-lost'));
    const written = ehr.sent().length;
    expect(wordsOf(await send(deliveries(3, { unsure: true })))).toEqual(Array.from({ length: 3 }, () => 'unchanged'));
    expect(ehr.sent()).toHaveLength(written);
    expect(ehr.writes()).toBe(3);
    const looks = ehr.heard.filter(
      ({ method, headers }) => method === 'GET' && headers['cache-control'] === 'no-cache',
    );
    expect(looks).toHaveLength(3);
  });

  it('is written where it did not arrive', async () => {
    const { ehr, destination, send } = await serve({ statement: conditionalOnly });
    await destination.check(signal);
    ehr.script.push(breakBefore);
    expect(wordsOf(await send([delivery(0)]))).toEqual(['ehr-answer-lost']);
    expect(wordsOf(await send([delivery(0, { unsure: true })]))).toEqual(['created']);
    expect(ehr.writes()).toBe(1);
  });

  it('is looked for again after a pause, since a search may lag behind a write', async () => {
    const { ehr, send, pauses } = await serve({ statement: conditionalOnly, lag: 2 });
    await send(deliveries(2));
    expect(wordsOf(await send(deliveries(2, { unsure: true })))).toEqual(['unchanged', 'unchanged']);
    expect(pauses).toEqual([2_000]);
    expect(ehr.writes()).toBe(2);
  });

  it('is updated at the id that was found, where it has changed since', async () => {
    const { ehr, send } = await serve({ statement: conditionalOnly });
    await send([delivery(0)]);
    expect(wordsOf(await send([delivery(0, { status: 'completed', unsure: true })]))).toEqual(['updated']);
    expect([...ehr.held.keys()]).toEqual(['server-1']);
    expect(JSON.parse(ehr.sent().at(-1)?.body ?? '').entry[0].request.url).toBe('Communication/server-1');
  });

  it('that is there twice is for a person, and neither is picked', async () => {
    const { ehr, send } = await serve({ statement: conditionalOnly });
    for (const id of ['a', 'b']) ehr.held.set(id, { resource: { ...delivery(0).resource, id }, version: 1 });
    expect(wordsOf(await send([delivery(0, { unsure: true })]))).toEqual(['multiple-matches']);
    expect(wordsOf(await send([delivery(0)]))).toEqual(['multiple-matches']);
    expect(ehr.writes()).toBe(0);
  });

  it('is not written while a search gives what was not asked for', async () => {
    const { ehr, destination, send } = await serve({ statement: conditionalOnly });
    await destination.check(signal);
    const entry = [{ resource: { ...delivery(7).resource, id: 'another' } }];
    ehr.script.push(answerWith(200, { resourceType: 'Bundle', type: 'searchset', entry }));
    expect(wordsOf(await send([delivery(0, { unsure: true })]))).toEqual(['outcome-unknown']);
    expect(ehr.sent()).toEqual([]);
  });

  it.each([
    ['has more pages', { link: [{ relation: 'next', url: 'https://ehr.example.org/fhir?page=2' }] }],
    ['counts what it does not show', { total: 1 }],
  ])('is not written where a search shows nothing and %s', async (_, page) => {
    const { ehr, destination, send } = await serve({ statement: conditionalOnly });
    await destination.check(signal);
    const nothing = answerWith(200, { resourceType: 'Bundle', type: 'searchset', ...page });
    ehr.script.push(nothing, nothing);
    expect(wordsOf(await send([delivery(0, { unsure: true })]))).toEqual(['outcome-unknown']);
    expect(ehr.sent()).toEqual([]);
  });

  it('is not written again where somebody deleted it', async () => {
    const { ehr, destination, send } = await serve({ statement: byId });
    await destination.check(signal);
    ehr.script.push(answerWith(410, outcome('deleted')));
    expect(wordsOf(await send([delivery(0, { unsure: true })]))).toEqual(['deleted-at-ehr']);
    expect(wordsOf(await send([delivery(1, { unsure: true, knownReference: 'Communication/gone' })]))).toEqual([
      'deleted-at-ehr',
    ]);
    expect(ehr.sent()).toEqual([]);
  });

  it('and its neighbours are not written while the EHR cannot be asked', async () => {
    const { ehr, destination, send } = await serve({ statement: byId });
    await destination.check(signal);
    ehr.script.push(breakBefore);
    const outcomes = await send([delivery(0, { unsure: true }), delivery(1, { unsure: true }), delivery(2)]);
    // The third was never sent: it need not be looked for.
    expect(wordsOf(inOrder(deliveries(3), outcomes))).toEqual([
      'ehr-answer-lost',
      'ehr-answer-lost',
      'ehr-unreachable',
    ]);
    expect(ehr.sent()).toEqual([]);
  });

  it('is written without a look where the EHR offers no read', async () => {
    const { ehr, destination, send } = await serve({ statement: byId });
    await destination.check(signal);
    ehr.script.push(answerWith(405, outcome('not-supported')));
    expect(wordsOf(await send([delivery(0, { unsure: true })]))).toEqual(['created']);
  });
});

describe('an EHR that wants the version named', () => {
  it('is told which one an update replaces', async () => {
    const { ehr, send } = await serve({
      statement: statementOf({ updateCreate: true, versioning: 'versioned-update' }),
    });
    await send([delivery(0)]);
    expect(wordsOf(await send([delivery(0, { status: 'completed' })]))).toEqual(['updated']);
    expect(JSON.parse(ehr.sent().at(-1)?.body ?? '').entry[0].request).toMatchObject({ ifMatch: 'W/"1"' });
  });
});

describe('a Problem', () => {
  it('holds nothing of a message, whatever the EHR echoes', async () => {
    const echo = `${canaries.join(' ')} Patient/person-0 ${delivery(0).resource.payload?.[0]?.contentString ?? ''}`;
    const bodies = [
      outcome('invalid', echo, `Communication.${echo}`),
      outcome('processing', `HAPI-1094: Resource ${echo} not found`, 'Communication.extension("5550100").value'),
      { ...outcome('invalid'), issue: [{ severity: 'error', code: echo, details: { text: echo }, location: [echo] }] },
      `<html>${echo}</html>`,
    ];
    const { ehr, destination, send } = await serve();
    await destination.check(signal);
    const told: unknown[] = [];
    for (const body of bodies) {
      for (const status of [200, 302, 400, 401, 403, 404, 409, 410, 412, 413, 422, 429, 500, 502]) {
        ehr.script.splice(0, Infinity, answerWith(status, body), answerWith(status, body));
        told.push(await send(deliveries(2)));
        const response = typeof body === 'string' ? { status: echo } : { status: `${status} ${echo}`, outcome: body };
        const entry = [{ response }, { response: { status: '201', location: echo, etag: echo } }];
        ehr.script.splice(0, Infinity, answerWith(200, { resourceType: 'Bundle', type: 'batch-response', entry }));
        told.push(await send(deliveries(2)));
        ehr.script.splice(0, Infinity, answerWith(status, body), asUsual);
        told.push(await send([delivery(0, { unsure: true })]));
      }
    }
    const text = JSON.stringify(told);
    expect([...canaries, 'person-0', 'Patient/'].filter((canary) => text.includes(canary))).toEqual([]);
  });
});

describe('what the EHR holds', () => {
  const held = async (served: Served, asked: readonly Delivery[]) => served.destination.held(asked, signal);
  const asked = ({ ehr }: Served): readonly string[] =>
    ehr.heard.map(({ method, path }) => `${method} ${path}`).filter((line) => !/metadata|00000000-0000/.test(line));

  it('is asked for by id where the client chooses ids, by identifier where it does not, each once', async () => {
    const byIds = await serve({ statement: byId });
    const { key } = delivery(0);
    expect(await held(byIds, [delivery(0)])).toEqual([{ kind: 'absent' }]);
    expect(asked(byIds)).toEqual([`GET Communication/${key}`]);
    const byIdentifiers = await serve({ statement: conditionalOnly });
    expect(await held(byIdentifiers, [delivery(0)])).toEqual([{ kind: 'absent' }]);
    expect(asked(byIdentifiers)).toEqual([expect.stringMatching(/^GET Communication\?identifier=.*vendor-id-0/)]);
  });

  it('is asked for by the id the EHR gave it, and a copy that is gone was deleted there', async () => {
    const served = await serve({ statement: conditionalOnly });
    const known = delivery(0, { knownReference: 'Communication/server-9' });
    expect(await held(served, [known])).toEqual([
      { kind: 'unknown', problem: { code: 'deleted-at-ehr', httpStatus: 404 } },
    ]);
    expect(asked(served)).toEqual(['GET Communication/server-9']);
  });

  it('is not asked for again when the first question shows that the EHR is down', async () => {
    const served = await serve({ statement: byId });
    served.ehr.script.push(answerWith(503, outcome('transient')));
    const told = await held(served, deliveries(3));
    expect(told.map((each) => each.kind === 'unknown' && each.problem.code)).toEqual(
      deliveries(3).map(() => 'ehr-server-error'),
    );
    expect(asked(served)).toHaveLength(1);
  });

  it('is unreachable and not lost when its answer breaks off: nothing was written', async () => {
    const served = await serve({ statement: byId });
    served.ehr.script.push(breakBefore);
    expect(await held(served, [delivery(0)])).toEqual([{ kind: 'unknown', problem: { code: 'ehr-unreachable' } }]);
  });

  it('cannot be told by an EHR that offers no reading', async () => {
    const served = await serve({ statement: byId });
    served.ehr.script.push(answerWith(405, outcome('not-supported')));
    const told = await held(served, deliveries(2));
    expect(told).toEqual(deliveries(2).map(() => ({ kind: 'unknown', problem: { code: 'ehr-not-readable' } })));
    expect(asked(served)).toHaveLength(1);
  });

  it('is of no one message when two have its identifier', async () => {
    const served = await serve({ statement: conditionalOnly });
    for (const id of ['a', 'b']) served.ehr.held.set(id, { resource: { ...delivery(0).resource, id }, version: 1 });
    expect(await held(served, [delivery(0), delivery(1)])).toEqual([
      { kind: 'unknown', problem: { code: 'multiple-matches' } },
      { kind: 'absent' },
    ]);
  });

  it('cannot be told for a message that has nothing to be found by', async () => {
    const served = await serve({ statement: conditionalOnly });
    const { identifier: _, ...nameless } = delivery(0).resource;
    expect(await held(served, [{ ...delivery(0), resource: nameless }])).toMatchObject([
      { kind: 'unknown', problem: { code: 'resource-invalid' } },
    ]);
    expect(asked(served)).toEqual([]);
  });

  it('cannot be told by an EHR that does not say what it offers', async () => {
    const served = await serve({ statement: byId });
    served.ehr.metadata.push(answerWith(502, '<html>bad gateway</html>'));
    expect(await held(served, deliveries(2))).toMatchObject([{ kind: 'unknown' }, { kind: 'unknown' }]);
    expect(asked(served)).toEqual([]);
  });

  describe('in every copy', () => {
    const everywhere = (served: Served, sought: readonly Delivery[]) =>
      served.destination.held(sought, signal, { everyCopy: true });
    const put = ({ ehr }: Served, id: string) =>
      void ehr.held.set(id, { resource: { ...delivery(0).resource, id }, version: 1 });
    const { key } = delivery(0);

    it('is searched for by identifier, also where the client chooses ids and the EHR has told the id', async () => {
      const served = await serve({ statement: byId });
      put(served, key);
      expect(await everywhere(served, [delivery(0, { knownReference: `Communication/${key}` })])).toMatchObject([
        { kind: 'there', reference: `Communication/${key}` },
      ]);
      expect(asked(served)).toEqual([expect.stringMatching(/^GET Communication\?identifier=/)]);
    });

    it('is of no one message when there is a copy beside the one that a write would meet', async () => {
      const served = await serve({ statement: byId });
      for (const id of [key, 'a-copy']) put(served, id);
      expect(await everywhere(served, [delivery(0)])).toEqual([
        { kind: 'unknown', problem: { code: 'multiple-matches' } },
      ]);
    });

    it('is looked for by id too where the search finds nothing: its index may lag', async () => {
      const served = await serve({ statement: byId, lag: 1 });
      put(served, key);
      expect(await everywhere(served, deliveries(2))).toMatchObject([{ kind: 'there' }, { kind: 'absent' }]);
      expect(asked(served).map((line) => line.split('?')[0])).toEqual([
        'GET Communication',
        `GET Communication/${key}`,
        'GET Communication',
        `GET Communication/${delivery(1).key}`,
      ]);
    });

    it('is there when it is only where no write would put it', async () => {
      const served = await serve({ statement: byId });
      put(served, 'elsewhere');
      expect(await everywhere(served, [delivery(0)])).toMatchObject([
        { kind: 'there', reference: 'Communication/elsewhere' },
      ]);
    });

    it('is the one that a write would meet where the EHR offers no search by identifier', async () => {
      const served = await serve({ statement: statementOf({ updateCreate: true, searchParam: [] }) });
      for (const id of [key, 'a-copy']) put(served, id);
      expect(await served.destination.check(signal)).not.toHaveProperty('findsCopies');
      expect(await everywhere(served, [delivery(0)])).toMatchObject([
        { kind: 'there', reference: `Communication/${key}` },
      ]);
      expect(asked(served)).toEqual([`GET Communication/${key}`]);
    });

    it('was deleted when it is nowhere, and the EHR had it', async () => {
      const served = await serve({ statement: conditionalOnly });
      expect(await everywhere(served, [delivery(0, { knownReference: 'Communication/server-9' })])).toMatchObject([
        { kind: 'unknown', problem: { code: 'deleted-at-ehr' } },
      ]);
    });
  });
});
