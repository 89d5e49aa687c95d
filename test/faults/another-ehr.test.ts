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
import { each, ids, openDelivering } from './delivering.ts';

const hourMs = 3_600_000;
const isAbout = (id: string) => (resource: Communication) => resource.subject?.reference === `Patient/person-${id}`;

describe('an EHR that becomes another', () => {
  const r5 = { ...hapiLike, fhirVersion: '5.0.0' };

  it('B24: and speaks R5 now: nothing is sent, it is told, and delivery goes on when it is R4 again', async () => {
    const { ehr, read, deliver, later, loop, held, states } = await openDelivering({ statement: hapiLike });
    await read(['m0']);
    await deliver();
    ehr.metadata.push(...Array.from({ length: 100 }, () => answerWith(200, r5)));
    await later(25 * hourMs);
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

  it('B24: and finds nothing by identifier any more: it is asked again, and no message is sent twice', async () => {
    const { ehr, read, deliver, later, held, states } = await openDelivering({ statement: statementOf({}) });
    await read(['m0']);
    await deliver();
    const noSearch: Reaction = (heard, response, usual) =>
      heard.path.includes('?') ? answerWith(405, outcome('not-supported'))(heard, response, usual) : usual();
    const { metadata, script, sent } = ehr;
    metadata.push(...Array.from({ length: 100 }, () => answerWith(200, statementOf({ searchParam: [] }))));
    script.push(...Array.from({ length: 100 }, () => noSearch));
    await read(['m1', 'm2']);
    await deliver();
    await later();
    expect(held()).toEqual(each(['m0', 'm1', 'm2']));
    expect(sent()).toHaveLength(3);
    expect(await states()).toEqual({ delivered: 3 });
  });

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
