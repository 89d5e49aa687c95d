import { randomUUID } from 'node:crypto';
import { describe, expect, inject, it } from 'vitest';
import { makeFhirServer, type FhirServerOptions } from '../../src/destinations/fhir-server/fhir-server.ts';
import type { Delivery } from '../../src/exchange/delivery.ts';
import { keySpace } from '../../src/exchange/record-key.ts';
import { makeDispatcher } from '../../src/network/dispatcher.ts';
import { destinationContract, type DestinationUnderTest } from '../destinations/destination-contract.ts';
import { chartAt, versionOf } from './chart.ts';

type Way = Pick<FhirServerOptions, 'write'> & { readonly type: FhirServerOptions['bundle']['type'] };

const ways: readonly Way[] = [
  { write: 'auto', type: 'auto' },
  { write: 'put-by-id', type: 'batch' },
  { write: 'put-by-id', type: 'none' },
  { write: 'conditional-update', type: 'transaction' },
  { write: 'conditional-update', type: 'batch' },
  { write: 'conditional-update', type: 'none' },
  { write: 'conditional-create', type: 'transaction' },
  { write: 'conditional-create', type: 'batch' },
  { write: 'conditional-create', type: 'none' },
  { write: 'search-then-create', type: 'auto' },
];
const patient = 'destination-person';

/** A destination at HAPI with keys and an identifier system that no other test has. */
async function open({ write, type }: Way): Promise<DestinationUnderTest> {
  const url = inject('hapi');
  const chart = chartAt(url);
  await chart.addPatient(patient);
  const canonicalBase = `https://fhir.example.org/${randomUUID()}`;
  const keys = keySpace(canonicalBase);
  const system = `${canonicalBase}/sid/sms-outgoing-message-id`;
  const destination = makeFhirServer({
    name: 'hapi',
    url,
    auth: { kind: 'none' },
    dispatcher: makeDispatcher(),
    write,
    bundle: { type, maxEntries: 100, maxBytes: 4 * 1024 * 1024 },
    timeoutMs: 60_000,
    assume: {},
    acceptUnsuitable: false,
    now: Date.now,
  });
  return {
    destination,
    delivery(number, { status = 'unknown', unsure = false, knownReference } = {}) {
      const key = keys.outgoing(`message-${number}`);
      return {
        key,
        unsure,
        ...(knownReference === undefined ? {} : { knownReference }),
        resource: {
          resourceType: 'Communication',
          id: key,
          // Characters that mean something in a search.
          identifier: [{ system, value: `message,${number}|$` }],
          status,
          subject: { reference: `Patient/${patient}` },
          sent: '2026-03-05T14:00:00Z',
          payload: [{ contentString: 'A sample message' }],
        },
      };
    },
    async held() {
      const messages = await chart.messages(system);
      return messages.map((resource) => ({ resource, version: versionOf(resource) }));
    },
    faults: [],
    close: () => destination.close(),
  };
}

const titleOf = ({ write, type }: Way): string => `HAPI FHIR (write: ${write}, bundle: ${type})`;

for (const way of ways) destinationContract(titleOf(way), () => open(way));

describe.each(ways.map((way) => [titleOf(way), way] as const))('%s', (_title, way) => {
  it('takes all but the entries it cannot read, whose Patient it lacks, or that lead to another server', async () => {
    const under = await open(way);
    const spoilt: Readonly<Record<number, Partial<Delivery['resource']>>> = {
      3: { subject: { reference: 'Patient/destination-nobody' } },
      // HAPI refuses a whole Bundle for one such entry.
      7: { sent: 'yesterday' },
      11: { subject: { reference: 'https://other.example.org/fhir/Patient/1' } },
    };
    const deliveries = Array.from({ length: 20 }, (_, number) => {
      const delivery = under.delivery(number);
      return { ...delivery, resource: { ...delivery.resource, ...spoilt[number] } };
    });
    const outcomes = await under.destination.send(deliveries, new AbortController().signal);
    await under.close();
    const codes = deliveries.map(({ key }) => {
      const outcome = outcomes.find((each) => each.key === key);
      return outcome?.kind === 'refused' ? outcome.problem.code : outcome?.kind;
    });
    const expected = deliveries.map(() => 'accepted');
    expected[3] = 'patient-not-found';
    expected[7] = 'resource-refused';
    expected[11] = 'resource-refused';
    expect(codes).toEqual(expected);
    expect(await under.held()).toHaveLength(17);
  });
});
