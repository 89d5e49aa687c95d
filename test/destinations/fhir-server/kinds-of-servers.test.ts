import { describe, expect, it, onTestFinished } from 'vitest';
import { startEhr, type EhrOptions, type RunningEhr } from '../../../sandbox/ehr/ehr.ts';
import type { FhirServerOptions } from '../../../src/destinations/fhir-server/fhir-server.ts';
import type { Delivery, DeliveryOutcome } from '../../../src/exchange/delivery.ts';
import { deliveries, delivery } from '../example-deliveries.ts';
import { fhirServerAt, inOrder, wordsOf } from '../served.ts';

interface Sent {
  readonly ehr: RunningEhr;
  readonly send: (all: readonly Delivery[]) => Promise<readonly DeliveryOutcome[]>;
  /** The statuses of the requests that wrote since it was last asked. */
  readonly writes: () => readonly number[];
}

/** The real destination to an EHR that behaves like those of a vendor, with so many Patients. */
async function open(options: EhrOptions, patients: number, settings: Partial<FhirServerOptions> = {}): Promise<Sent> {
  const ehr = await startEhr({
    ...options,
    resources: Array.from({ length: patients }, (_, number) => ({ resourceType: 'Patient', id: `person-${number}` })),
  });
  const destination = fhirServerAt(ehr.url, { timeoutMs: 10_000, ...settings });
  onTestFinished(async () => {
    await ehr.close();
    await destination.close();
  });
  let seen = 0;
  return {
    ehr,
    send: (all) => destination.send(all, new AbortController().signal),
    writes() {
      const since = ehr.requests.slice(seen);
      seen = ehr.requests.length;
      return since.filter(({ method }) => method !== 'GET').map(({ status }) => status);
    },
  };
}

const inBundlesOf = (maxEntries: number, maxBytes = 64 * 1024 * 1024): Pick<FhirServerOptions, 'bundle'> => ({
  bundle: { type: 'auto', maxEntries, maxBytes },
});

const others = (all: readonly Delivery[], but: number, one: Delivery): readonly Delivery[] =>
  all.map((each, index) => (index === but ? one : each));

/** A code that R4 does not have, which our own check would have held back. */
const unparsable = (number: number): Delivery => {
  const made = delivery(number);
  return { ...made, resource: JSON.parse(JSON.stringify({ ...made.resource, status: 'sent off' })) };
};

describe('an EHR like HAPI', () => {
  it('refuses a batch whole for what it cannot parse: the one message is found, and alone rejected', async () => {
    const { ehr, send, writes } = await open({ behaveLike: 'hapi' }, 32);
    const all = others(deliveries(32), 19, unparsable(19));
    const outcomes = inOrder(all, await send(all));
    expect(outcomes.filter(({ kind }) => kind === 'refused')).toEqual([
      {
        kind: 'refused',
        key: all[19]?.key,
        problem: expect.objectContaining({ code: 'resource-refused', httpStatus: 400, issue: 'processing HAPI-0450' }),
      },
    ]);
    expect(ehr.store.count('Communication')).toBe(31);
    // The transaction, then the batch and its halves: 2 log2 32 + 1 at most.
    expect(writes().length).toBeLessThanOrEqual(1 + 11);
  });

  it('lacks one Patient: that message waits, its neighbours are written', async () => {
    const { ehr, send, writes } = await open({ behaveLike: 'hapi' }, 9);
    const all = deliveries(10);
    const outcomes = inOrder(all, await send(all));
    expect(outcomes[9]).toMatchObject({ problem: { code: 'patient-not-found', issue: 'processing HAPI-1094' } });
    expect(wordsOf(outcomes.slice(0, 9))).toEqual(Array.from({ length: 9 }, () => 'created'));
    expect(ehr.store.count('Communication')).toBe(9);
    expect(writes()).toEqual([400, 200]);
  });

  it('answers a search from before: what was written since is found all the same, and not doubled', async () => {
    const { ehr, send } = await open({ behaveLike: 'hapi' }, 1, { write: 'conditional-create' });
    const unsure = delivery(0, { unsure: true });
    const { system = '', value = '' } = unsure.resource.identifier?.[0] ?? {};
    const search = `${ehr.url}/Communication?identifier=${encodeURIComponent(`${system}|${value}`)}&_count=3`;
    expect(await (await fetch(search)).json()).toMatchObject({ total: 0 });
    ehr.store.write('Communication', 'there', { ...delivery(0).resource });
    expect(await (await fetch(search)).json()).toMatchObject({ total: 0 });
    expect(await send([unsure])).toMatchObject([{ change: 'unchanged', reference: 'Communication/there' }]);
  });
});

describe('an EHR like Medplum', () => {
  it('takes eight messages by condition at once: the Bundle is halved until they are, and stays so', async () => {
    const { ehr, send, writes } = await open({ behaveLike: 'medplum' }, 0);
    const all = deliveries(40);
    expect(wordsOf(await send(all))).toEqual(all.map(() => 'created'));
    expect(ehr.store.count('Communication')).toBe(40);
    expect(writes().filter((status) => status === 400)).toHaveLength(3);
    const later = deliveries(80).slice(40);
    expect(wordsOf(await send(later))).toEqual(later.map(() => 'created'));
    expect(new Set(writes())).toEqual(new Set([200]));
  });

  it('updates fifty at most in one transaction: halved, and remembered', async () => {
    const { ehr, send, writes } = await open({ behaveLike: 'medplum' }, 0);
    const first = deliveries(60);
    const created = inOrder(first, await send(first));
    const changed = created.map((outcome, number) =>
      delivery(number, {
        status: 'completed',
        ...(outcome.kind === 'accepted' ? { knownReference: outcome.reference } : {}),
      }),
    );
    writes();
    expect(wordsOf(await send(changed))).toEqual(changed.map(() => 'updated'));
    expect(ehr.store.count('Communication')).toBe(60);
    expect(new Set(writes())).toEqual(new Set([200]));
  });

  it('tells the wait as RateLimit', async () => {
    const { ehr, send } = await open({ behaveLike: 'medplum' }, 0);
    ehr.faults.add({ fault: 'too-many-requests', retryAfter: '17' });
    expect(await send([delivery(0)])).toMatchObject([{ problem: { code: 'ehr-throttled', retryAfterMs: 17_000 } }]);
  });
});

describe('an EHR like Azure', () => {
  it('takes five hundred entries: the Bundle is halved, and the size remembered', async () => {
    const { ehr, send, writes } = await open({ behaveLike: 'azure' }, 0, inBundlesOf(700));
    expect(new Set(wordsOf(await send(deliveries(600))))).toEqual(new Set(['created']));
    expect(ehr.store.count('Communication')).toBe(600);
    expect(writes()).toEqual([400, 200, 200]);
    await send(deliveries(1200).slice(600));
    expect(writes()).toEqual([200, 200]);
  });

  it('fills a batch with 429 from one entry on: those are sent again, and no other', async () => {
    const { ehr, send } = await open({ behaveLike: 'azure' }, 0, {
      bundle: { type: 'batch', maxEntries: 100, maxBytes: 4 * 1024 * 1024 },
    });
    ehr.faults.add({ fault: 'throttle-entries', entries: 4 });
    const all = deliveries(10);
    const outcomes = inOrder(all, await send(all));
    expect(wordsOf(outcomes)).toEqual(all.map((_, index) => (index < 4 ? 'created' : 'record-throttled')));
    const again = all.filter((_, index) => index >= 4);
    expect(wordsOf(await send(again))).toEqual(again.map(() => 'created'));
    expect(ehr.store.written).toMatchObject({ created: 10, updated: 0 });
  });
});

describe('an EHR like Firely', () => {
  it('takes a hundred and fifty entries: the Bundle is halved, and the size remembered', async () => {
    const { ehr, send, writes } = await open({ behaveLike: 'firely' }, 0, inBundlesOf(400));
    await send(deliveries(400));
    expect(ehr.store.count('Communication')).toBe(400);
    writes();
    await send(deliveries(800).slice(400));
    expect(ehr.store.count('Communication')).toBe(800);
    expect(new Set(writes())).toEqual(new Set([200]));
  });

  it('takes 5 MiB at once: the Bundle is halved', async () => {
    const { ehr, send } = await open({ behaveLike: 'firely' }, 0, inBundlesOf(100));
    const all = deliveries(8, { text: 'x'.repeat(1_000_000) });
    expect(wordsOf(await send(all))).toEqual(all.map(() => 'created'));
    expect(ehr.store.count('Communication')).toBe(8);
  });

  it('takes no Communication of more than 1 MiB: that one is rejected', async () => {
    const { ehr, send } = await open({ behaveLike: 'firely' }, 0);
    const large = delivery(2, { text: 'x'.repeat(1_100_000) });
    const all = others(deliveries(4), 2, large);
    expect(wordsOf(inOrder(all, await send(all)))).toEqual(['created', 'created', 'resource-too-large', 'created']);
    expect(ehr.store.count('Communication')).toBe(3);
  });
});

describe('an EHR like Oracle Health', () => {
  it('takes no message with what it does not know, and the element is told', async () => {
    const { ehr, send } = await open({ behaveLike: 'oracle-health' }, 1, { acceptUnsuitable: true });
    const made = delivery(0);
    const staffed: Delivery = {
      ...made,
      resource: {
        ...made.resource,
        category: [{ text: 'Notification' }],
        recipient: [{ reference: 'Practitioner/invented' }],
        extension: [{ url: 'https://fhir.example-health.org/own', valueString: 'x' }],
      },
    };
    expect(await send([staffed])).toMatchObject([
      { problem: { code: 'resource-refused', httpStatus: 422, where: 'Communication.extension[0]' } },
    ]);
    expect(ehr.store.count('Communication')).toBe(0);
  });
});
