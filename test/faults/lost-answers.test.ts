import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/exchange/delivery.ts';
import { delivery } from '../destinations/example-deliveries.ts';
import {
  answerWith,
  asUsual,
  breakBefore,
  conditionalOnly,
  createOnly,
  loseAnswer,
  outcome,
  statementOf,
  type Reaction,
} from '../destinations/scripted-ehr.ts';
import { serve, wordsOf } from '../destinations/served.ts';
import { each, ids, openDelivering, ways, writesBut } from './delivering.ts';

const signal = new AbortController().signal;
const three = ids(3);

/** It creates, and finds nothing by an identifier. */
const blind = statementOf({ interaction: [{ code: 'create' }, { code: 'read' }], searchParam: [] }, { system: [] });

/** It writes, and the connection breaks. */
const writesAndBreaks: Reaction = (heard, response, usual) =>
  heard.method === 'GET' ? usual() : loseAnswer(heard, response, usual);
const writesAndFails = (status: number): Reaction => writesBut(answerWith(status, outcome('exception')));

describe('an answer that is lost', () => {
  it.each(ways)('B2: after the write: each is there once (%s)', async (_, statement) => {
    const { ehr, read, deliver, later, held, states } = await openDelivering({ statement });
    await read(three);
    // Every request of the first try, whatever it asks for.
    ehr.script.push(...Array.from({ length: 6 }, () => writesAndBreaks));
    await deliver();
    ehr.script.length = 0;
    await later();
    await later();
    expect(held()).toEqual(each(three));
    expect(await states()).toEqual({ delivered: 3 });
  });

  it.each(ways)('B2: before the write: each is there once all the same (%s)', async (_, statement) => {
    const { ehr, read, deliver, later, held, states } = await openDelivering({ statement });
    await read(three);
    ehr.script.push(asUsual, breakBefore, breakBefore);
    await deliver();
    await later();
    await later();
    expect(held()).toEqual(each(three));
    expect(await states()).toEqual({ delivered: 3 });
  });

  it.each(ways)('B2: to an error after the write: each is there once (%s)', async (_, statement) => {
    const { ehr, read, deliver, later, held, states } = await openDelivering({ statement });
    await read(three);
    for (const status of [500, 502, 503, 504, 408]) ehr.script.push(writesAndFails(status));
    await deliver();
    for (let hour = 0; hour < 8; hour += 1) await later();
    expect(held()).toEqual(each(three));
    expect(await states()).toEqual({ delivered: 3 });
  });

  it.each(ways.filter(([, statement]) => statement !== createOnly))(
    'B2: and a status that changed meanwhile: the one Communication has the new one (%s)',
    async (_, statement) => {
      const { ehr, read, deliver, later, held } = await openDelivering({ statement });
      await read(['m0'], 'SENT', 1);
      ehr.script.push(...Array.from({ length: 2 }, () => writesAndBreaks));
      await deliver();
      ehr.script.length = 0;
      await read(['m0'], 'DELIVERED', 3);
      await later();
      expect(held()).toEqual({ m0: ['DELIVERED'] });
    },
  );

  it('B2: of an EHR that cannot be searched is for a person, and nothing is sent a second time', async () => {
    const { ehr, read, deliver, later, fateOf, release, held, states } = await openDelivering({ statement: blind });
    await read(three);
    ehr.script.push(loseAnswer);
    await deliver();
    await later();
    expect(await states()).toEqual({ delivered: 2, rejected: 1 });
    expect(await fateOf('m0')).toEqual({ state: 'rejected', code: 'outcome-unknown' });
    // Neither by itself, nor with a new status, nor since all that is rejected was released.
    await read(['m0'], 'READ', 3);
    await later();
    await release({});
    await later();
    expect(await fateOf('m0')).toEqual({ state: 'rejected', code: 'outcome-unknown' });
    expect(ehr.sent()).toHaveLength(3);
    expect(held()).toEqual(each(three));
  });

  it('B2: of an EHR that cannot be searched is sent again once a person has said so', async () => {
    const { ehr, read, deliver, later, release, held, states } = await openDelivering({ statement: blind });
    await read(['m0']);
    ehr.script.push(breakBefore);
    await deliver();
    await later();
    expect(await states()).toEqual({ rejected: 1 });
    await release({ code: 'outcome-unknown' });
    await later();
    expect(held()).toEqual(each(['m0']));
    expect(await states()).toEqual({ delivered: 1 });
  });

  it('B2: no message finds out that such an EHR is still down', async () => {
    const { ehr, read, deliver, later, held, states } = await openDelivering({ statement: blind });
    await read(ids(5));
    ehr.script.push(writesAndFails(500));
    ehr.metadata.push(asUsual, ...Array.from({ length: 40 }, () => answerWith(503, 'down')));
    await deliver();
    for (let hour = 0; hour < 24; hour += 1) await later();
    expect(ehr.sent()).toHaveLength(1);
    ehr.metadata.length = 0;
    await later();
    expect(await states()).toEqual({ delivered: 4, rejected: 1 });
    expect(held()).toEqual(each(ids(5)));
  });

  it('B2: of what one message of many makes the server do each time holds up none of the others', async () => {
    const { ehr, read, deliver, later, held } = await openDelivering({ statement: statementOf({}) });
    await read(ids(6));
    const poison: Reaction = ({ method, body }, response, usual) =>
      method === 'POST' && body.includes('person-m2') ? answerWith(500, '')(never, response, usual) : usual();
    ehr.script.push(...Array.from({ length: 500 }, () => poison));
    await deliver();
    for (let hour = 0; hour < 12; hour += 1) await later();
    expect(held()).toEqual(each(['m0', 'm1', 'm3', 'm4', 'm5']));
  });

  const never = { method: '', path: '', headers: {}, body: '' };
});

describe('a search that lags behind a write', () => {
  it.each([
    ['conditional-update', conditionalOnly, 1],
    ['conditional-create', statementOf({ conditionalCreate: true }), 1],
    // It is searched for before it is created, too.
    ['search-then-create', statementOf({}), 2],
  ] as const)('B14: is made twice, with a pause, and never from a cache (%s)', async (_, statement, lag) => {
    const { ehr, destination, send, pauses } = await serve({ statement, lag });
    await destination.check(signal);
    ehr.script.push(writesAndBreaks, writesAndBreaks);
    expect(wordsOf(await send([delivery(0)]))).toEqual(['ehr-answer-lost']);
    ehr.script.length = 0;
    expect(pauses).toEqual([]);
    expect(wordsOf(await send([delivery(0, { unsure: true })]))).toEqual(['unchanged']);
    expect(pauses).toEqual([2_000]);
    expect(ehr.writes()).toBe(1);
    const searches = ehr.heard.filter(({ path }) => path.startsWith('Communication?identifier='));
    expect(searches).toHaveLength(lag + 1);
    for (const { headers } of searches) expect(headers).toMatchObject({ 'cache-control': 'no-cache' });
  });
});

describe('a condition that the EHR overlooks', () => {
  it('B13: is not relied upon after a lost answer: the message is searched for', async () => {
    const statement = statementOf({ conditionalCreate: true });
    const { ehr, read, deliver, later, held, states } = await openDelivering({ statement, ignoresConditions: true });
    await read(three);
    ehr.script.push(loseAnswer);
    await deliver();
    await later();
    expect(held()).toEqual(each(three));
    expect(await states()).toEqual({ delivered: 3 });
  });

  it('B13: and that may have met anything: what it names is looked at before it is written over', async () => {
    const { ehr, destination, send } = await serve({ statement: statementOf({ conditionalCreate: true }) });
    await destination.check(signal);
    const other: Delivery = delivery(7);
    ehr.held.set('other', { resource: { ...other.resource, id: 'other' }, version: 1 });
    const entry = [{ response: { status: '200', location: 'Communication/other/_history/1' } }];
    ehr.script.push(answerWith(200, { resourceType: 'Bundle', type: 'transaction-response', entry }));
    expect(wordsOf(await send([delivery(0)]))).toEqual(['outcome-unknown']);
    expect(ehr.held.get('other')?.version).toBe(1);
  });
});

describe('an answer that does not say where', () => {
  it.each([
    ['conditional-update', conditionalOnly],
    ['conditional-create', statementOf({ conditionalCreate: true })],
    ['search-then-create', statementOf({})],
  ] as const)('B15: is made up for by a search (%s)', async (_, statement) => {
    const { ehr, read, deliver, later, held, states } = await openDelivering({ statement, locations: false });
    await read(three);
    await deliver();
    await later();
    expect(await states()).toEqual({ delivered: 3 });
    expect(held()).toEqual(each(three));
    expect(ehr.writes()).toBe(3);
  });

  it('B15: and of an EHR that cannot be searched, is for a person', async () => {
    const { ehr, read, deliver, later, fateOf } = await openDelivering({ statement: blind, locations: false });
    await read(['m0']);
    await deliver();
    await later();
    expect(await fateOf('m0')).toEqual({ state: 'rejected', code: 'outcome-unknown' });
    expect(ehr.writes()).toBe(1);
  });
});
