import { describe, expect, it } from 'vitest';
import type { ProfileName } from '../../sandbox/ehr/profiles/registry.ts';
import { each, ids } from './delivering.ts';
import { openSandboxed } from './sandboxed.ts';

const eight = Array.from({ length: 8 }, (_, index) => index);
const message = { resourceType: 'Communication', identifier: [{ system: 'urn:m', value: 'one' }], status: 'completed' };

/** Eight clients that know nothing of each other, each with the same write. */
const eightAtOnce = (url: string, method: string, path: string, headers: object = {}): Promise<unknown> =>
  Promise.all(
    eight.map(() =>
      fetch(`${url}/${path}`, {
        method,
        headers: { 'content-type': 'application/fhir+json', ...headers },
        body: JSON.stringify(message),
      }),
    ),
  );

const search = `identifier=${encodeURIComponent('urn:m|one')}`;

describe('eight who write the same message at once', () => {
  it.each([
    ['create', 'POST', 'Communication', { 'if-none-exist': search }],
    ['update', 'PUT', `Communication?${search}`, {}],
  ])('B12: double it by a conditional %s at an EHR that races, which this is', async (_, method, path, headers) => {
    const { ehr } = await openSandboxed({});
    ehr.faults.add({ fault: 'race', times: 8 });
    await eightAtOnce(ehr.url, method, path, headers);
    expect(ehr.store.count('Communication')).toBe(8);
  });

  it.each<[ProfileName]>([['medplum'], ['meditech'], ['azure']])(
    'B12: as eight loops of this service they write it once, at an EHR that races (like %s)',
    async (behaveLike) => {
      const { ehr, read, deliver, held } = await openSandboxed({ behaveLike }, { loops: 8, batch: 3 });
      ehr.faults.add({ fault: 'race', times: 10_000, delayMs: 5 });
      await read(ids(24));
      await deliver();
      expect(held()).toEqual(each(ids(24)));
      expect(ehr.store.written).toMatchObject({ created: 24, updated: 0 });
    },
  );

  it('B12: and a status that comes meanwhile is written to the same one', async () => {
    const { ehr, read, deliver, held } = await openSandboxed({ behaveLike: 'medplum' }, { loops: 8, batch: 3 });
    ehr.faults.add({ fault: 'race', times: 10_000, delayMs: 20 });
    await read(ids(8), 'SENT', 1);
    const first = deliver();
    await read(ids(8), 'DELIVERED', 3);
    await Promise.all([first, deliver()]);
    await deliver();
    expect(held()).toEqual(each(ids(8)));
    expect(ehr.store.written.created).toBe(8);
  });
});
