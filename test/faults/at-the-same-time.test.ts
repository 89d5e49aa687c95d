import type { Communication } from 'fhir/r4.js';
import { describe, expect, it } from 'vitest';
import { answerWith, outcome, statementOf, type Reaction } from '../destinations/scripted-ehr.ts';
import { each, ids, openDelivering } from './delivering.ts';

const singly = statementOf({ updateCreate: true }, { system: [] });

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
