import { describe, expect, it } from 'vitest';
import { answerWith, statementOf, type Reaction } from '../destinations/scripted-ehr.ts';
import { each, ids, openDelivering, ways, writesBut } from './delivering.ts';

const three = ids(3);

describe('a reply that is not as it was asked for', () => {
  const entryOf = (id: string) => ({ response: { status: '201', location: `Communication/${id}/_history/1` } });
  const bundle = (...entry: readonly object[]) => ({ resourceType: 'Bundle', type: 'transaction-response', entry });

  it.each([
    ['shorter, since the EHR merged two', [entryOf('server-1'), entryOf('server-2')]],
    ['longer', ['server-1', 'server-2', 'server-3', 'server-4'].map(entryOf)],
    ['empty', []],
    [
      'in another order',
      [3, 2, 1].map((number) => ({
        ...entryOf(`server-${number}`),
        resource: {
          resourceType: 'Communication',
          id: `server-${number}`,
          identifier: [
            { system: 'https://fhir.example-health.org/sid/sms-outgoing-message-id', value: `m${number - 1}` },
          ],
        },
      })),
    ],
    ['about one Communication twice', [entryOf('server-1'), entryOf('server-1'), entryOf('server-3')]],
  ])('B9: %s, is not believed: each message is looked for', async (_, entries) => {
    const statement = statementOf({ conditionalCreate: true });
    const { ehr, read, deliver, later, held, states } = await openDelivering({ statement });
    await read(three);
    ehr.script.push(writesBut(answerWith(200, bundle(...entries))));
    await deliver();
    await later();
    expect(await states()).toEqual({ delivered: 3 });
    expect(held()).toEqual(each(three));
    expect(ehr.writes()).toBe(3);
    // Each is known where it is, so that a new status goes to the right one.
    await read(three.slice(0, 1), 'READ');
    await later();
    expect(held()).toEqual({ ...each(three), m0: ['READ'] });
  });
});

describe('202: it was taken in, and that is all', () => {
  it.each(ways)('B17: is told by its name, and each is there once (%s)', async (_, statement) => {
    const { ehr, read, deliver, later, events, held, states } = await openDelivering({ statement });
    await read(three);
    const accepted: Reaction = (heard, response, usual) =>
      heard.method === 'GET'
        ? usual()
        : answerWith(202, '', { 'content-location': '/fhir/job/1' })(heard, response, usual);
    ehr.script.push(...Array.from({ length: 4 }, () => accepted));
    await deliver();
    expect(events).toContainEqual(
      expect.objectContaining({ event: 'destination_failed', code: 'ehr-answers-later', httpStatus: 202 }),
    );
    ehr.script.splice(0, Infinity, writesBut(answerWith(202)));
    await later();
    ehr.script.length = 0;
    await later();
    await later();
    expect(held()).toEqual(each(three));
    expect(await states()).toEqual({ delivered: 3 });
  });
});
