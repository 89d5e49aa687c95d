import { randomUUID } from 'node:crypto';
import type { Communication } from 'fhir/r4.js';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { makeFhirServer, type FhirServerOptions } from '../../src/destinations/fhir-server/fhir-server.ts';
import type { Delivery, DeliveryOutcome } from '../../src/exchange/delivery.ts';
import { keySpace } from '../../src/exchange/record-key.ts';
import { makeDispatcher } from '../../src/network/dispatcher.ts';
import { chartAt, versionOf } from './chart.ts';

type Type = FhirServerOptions['bundle']['type'];
const types: readonly Type[] = ['transaction', 'batch', 'none'];
const patient = 'humans-person';
const another = 'humans-another-person';

/** Three messages that HAPI holds, each by the version it told, and what the next status of them is. */
async function open(type: Type) {
  const url = inject('hapi');
  const chart = chartAt(url);
  await chart.addPatient(patient);
  await chart.addPatient(another);
  const canonicalBase = `https://fhir.example.org/${randomUUID()}`;
  const keys = keySpace(canonicalBase);
  const system = `${canonicalBase}/sid/sms-outgoing-message-id`;
  const destination = makeFhirServer({
    name: 'hapi',
    url,
    auth: { kind: 'none' },
    dispatcher: makeDispatcher(),
    write: 'auto',
    bundle: { type, maxEntries: 100, maxBytes: 4 * 1024 * 1024 },
    timeoutMs: 60_000,
    assume: {},
    acceptUnsuitable: false,
    now: Date.now,
  });
  onTestFinished(() => destination.close());
  const ids = [0, 1, 2].map((number) => keys.outgoing(`message-${number}`));
  const delivery = (number: number, status: Communication['status']): Delivery => {
    const key = ids[number] ?? '';
    return {
      key,
      unsure: false,
      resource: {
        resourceType: 'Communication',
        id: key,
        identifier: [{ system, value: `message-${number}` }],
        status,
        subject: { reference: `Patient/${patient}` },
        sent: '2026-03-05T14:00:00Z',
        payload: [{ contentString: 'A sample message' }],
      },
    };
  };
  const send = (deliveries: readonly Delivery[]) => destination.send(deliveries, new AbortController().signal);
  const all = (status: Communication['status']) => [0, 1, 2].map((number) => delivery(number, status));
  const first = await send(all('in-progress'));
  const versions = new Map(
    first.map((outcome) => [outcome.key, outcome.kind === 'accepted' ? outcome.version : undefined]),
  );
  let changed = all('completed').map((each): Delivery => {
    const knownVersion = versions.get(each.key);
    if (knownVersion === undefined) throw new Error('HAPI told no version');
    return { ...each, knownReference: `Communication/${each.key}`, knownVersion };
  });
  const held = async () =>
    new Map((await chart.messages(system)).map((resource) => [ids.indexOf(resource.id ?? ''), resource]));
  return {
    held,
    send: () => send(changed),
    /** As the ledger does where somebody changed it. */
    release() {
      changed = changed.map((each) => {
        const { knownVersion: _, ...others } = each;
        return { ...others, unsure: true };
      });
    },
    /** As somebody there does. */
    async edit(change: Partial<Communication>) {
      const before = (await held()).get(1);
      if (before === undefined) throw new Error('HAPI does not have it');
      const { meta: _, ...content } = before;
      await chart.put({ ...content, ...change });
    },
    async remove() {
      const response = await fetch(`${url}/Communication/${ids[1]}`, { method: 'DELETE' });
      if (!response.ok) throw new Error(`DELETE: ${response.status}`);
    },
    word: (outcomes: readonly DeliveryOutcome[]) =>
      ids.map((id) => {
        const outcome = outcomes.find(({ key }) => key === id);
        return outcome?.kind === 'refused' ? outcome.problem.code : outcome?.change;
      }),
  };
}

describe.each(types)('a Communication that somebody works on in HAPI FHIR (%s)', (type) => {
  it('is not written over once it was changed', async () => {
    const { edit, send, word, held } = await open(type);
    await edit({ note: [{ text: 'Called back.' }] });
    expect(word(await send())).toEqual(['updated', 'changed-at-ehr', 'updated']);
    expect((await held()).get(1)).toMatchObject({ status: 'in-progress', note: [{ text: 'Called back.' }] });
    expect((await held()).get(0)?.status).toBe('completed');
  });

  it('is written over when a person has released it', async () => {
    const { edit, release, send, word, held } = await open(type);
    await edit({ note: [{ text: 'Called back.' }] });
    release();
    expect(word(await send())).toEqual(['updated', 'updated', 'updated']);
    expect((await held()).get(1)).toMatchObject({ status: 'completed' });
    expect((await held()).get(1)?.note).toBeUndefined();
  });

  it('is left alone once it is marked as entered in error', async () => {
    const { edit, send, word, held } = await open(type);
    await edit({ status: 'entered-in-error' });
    expect(word(await send())).toEqual(['updated', 'entered-in-error-at-ehr', 'updated']);
    expect((await held()).get(1)?.status).toBe('entered-in-error');
  });

  it('is not moved back to the Patient from whom it was moved', async () => {
    const { edit, send, word, held } = await open(type);
    await edit({ subject: { reference: `Patient/${another}` } });
    expect(word(await send())).toEqual(['updated', 'subject-moved', 'updated']);
    expect((await held()).get(1)?.subject?.reference).toBe(`Patient/${another}`);
  });

  it('is not written anew once it was deleted', async () => {
    const { remove, send, word, held } = await open(type);
    await remove();
    expect(word(await send())).toEqual(['updated', 'deleted-at-ehr', 'updated']);
    expect([...(await held()).keys()]).toEqual([0, 2]);
  });

  it('is updated as ever after it was touched without a change', async () => {
    const { edit, send, word, held } = await open(type);
    await edit({ meta: { tag: [{ system: 'https://ehr.example.org/tags', code: 'seen' }] } });
    expect(word(await send())).toEqual(['updated', 'updated', 'updated']);
    expect((await held()).get(1)?.status).toBe('completed');
  });

  it('is left as it is where somebody wrote just that', async () => {
    const { edit, send, word, held } = await open(type);
    await edit({ status: 'completed' });
    const version = versionOf((await held()).get(1) ?? { resourceType: 'Communication', status: 'unknown' });
    const outcomes = await send();
    expect(word(outcomes)).toEqual(['updated', 'unchanged', 'updated']);
    expect(outcomes).toContainEqual(expect.objectContaining({ change: 'unchanged', version }));
  });
});
