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
import { each, ids, openDelivering, statuses } from './delivering.ts';

const singly = statementOf({ updateCreate: true }, { system: [] });
const batches = statementOf({ updateCreate: true }, { system: ['batch'] });
const isAbout = (id: string) => (resource: Communication) => resource.subject?.reference === `Patient/person-${id}`;
const without = (names: readonly string[], ...gone: readonly string[]) => names.filter((name) => !gone.includes(name));

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
          resource.subject?.reference?.endsWith('0') === true
            ? { status: 422, outcome: outcome('invalid') }
            : undefined,
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
