import { describe, expect, it } from 'vitest';
import type { ProfileName } from '../../sandbox/ehr/profiles/registry.ts';
import { minuteMs } from '../../src/exchange/window.ts';
import { readBackEveryMs } from '../../src/sync/read-back.ts';
import { each, ids } from './delivering.ts';
import { openSandboxed, type Sandboxed } from './sandboxed.ts';

const altered = ({ events }: Sandboxed) => events.filter(({ event }) => event === 'record_altered');

describe('a message that the EHR took, and holds otherwise', () => {
  it.each<[ProfileName]>([['hapi'], ['medplum'], ['firely'], ['meditech']])(
    'B16: is found by reading one back, and its elements are told, not what they say (like %s)',
    async (behaveLike) => {
      const place = await openSandboxed({ behaveLike }, { readBackEveryMs });
      place.ehr.faults.add({ fault: 'alter', times: 100 });
      await place.read(ids(3));
      await place.deliver();
      expect(altered(place)).toEqual([
        {
          event: 'record_altered',
          key: expect.any(String),
          reference: expect.stringMatching(/^Communication\//),
          elements: 'extension sent',
        },
      ]);
      expect(place.held()).toEqual(each(ids(3)));
      expect(place.ehr.store.written).toMatchObject({ created: 3, updated: 0 });
    },
  );

  it('B16: is told once for each element, and looked for once in five minutes', async () => {
    const place = await openSandboxed({ behaveLike: 'hapi' }, { readBackEveryMs });
    const reads = (): number => place.ehr.requests.filter(({ path }) => /Communication\/(?!0{8})/.test(path)).length;
    place.ehr.faults.add({ fault: 'alter', times: 100 });
    for (const [minutes, names] of [0, 1, 2, 5, 10].map((at) => [at, [`m${at}`]] as const)) {
      place.clock.at = Date.parse('2026-03-10T12:00:00Z') + minutes * minuteMs;
      await place.read(names);
      await place.deliver();
    }
    expect(reads()).toBe(3);
    expect(altered(place)).toHaveLength(1);
  });

  it('B16: nothing is told of what is held as it was sent', async () => {
    const place = await openSandboxed({ behaveLike: 'hapi' }, { readBackEveryMs });
    await place.read(ids(3));
    await place.deliver();
    expect(place.ehr.requests.filter(({ path }) => /Communication\/(?!0{8})/.test(path))).toHaveLength(1);
    expect(altered(place)).toEqual([]);
  });
});
