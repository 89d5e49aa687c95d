import type { Communication } from 'fhir/r4.js';
import { startEhr } from '../../sandbox/ehr/ehr.ts';
import type { EhrFault } from '../../sandbox/ehr/ehr-fault.ts';
import { profileNames, type ProfileName } from '../../sandbox/ehr/profiles/registry.ts';
import type { Store } from '../../sandbox/ehr/store.ts';
import type { Fault } from '../../sandbox/faults.ts';
import type { FhirServerOptions } from '../../src/destinations/fhir-server/fhir-server.ts';
import type { Delivery } from '../../src/exchange/delivery.ts';
import { destinationContract, type DestinationUnderTest } from './destination-contract.ts';
import { delivery } from './example-deliveries.ts';
import { fhirServerAt } from './served.ts';

/** They keep the answer to a question as well as that to a write from arriving. */
const anywhere: readonly Fault<EhrFault>[] = [
  { fault: 'drop-before-commit' },
  { fault: 'drop-after-commit' },
  { fault: 'error-after-commit' },
  { fault: 'too-many-requests', retryAfter: '1' },
  { fault: 'unavailable' },
  { fault: 'unavailable', retryAfter: '1' },
  { fault: 'server-error' },
  { fault: 'unauthorized' },
  { fault: 'forbidden' },
  { fault: 'html' },
];

const atWrites: readonly Fault<EhrFault>[] = [
  ...anywhere,
  { fault: 'no-location' },
  { fault: 'short-reply' },
  { fault: 'conflict' },
  { fault: 'bundle-too-large', entries: 1, times: 2 },
  { fault: 'throttle-entries', entries: 1 },
];

const nameOf = ({ fault, retryAfter }: Fault<EhrFault>): string =>
  retryAfter === undefined ? fault : `${fault} with a time`;

interface Expected extends Partial<Pick<FhirServerOptions, 'acceptUnsuitable'>> {
  readonly writesOnce?: true;
  readonly leavesUnsure?: true;
  /** What an EHR of this kind wants of a message beyond R4. */
  readonly dressed?: (resource: Communication) => Communication;
}

/** The real destination over real sockets, to an EHR that behaves like those of a vendor. */
async function open(behaveLike: ProfileName, expected: Expected): Promise<DestinationUnderTest> {
  const { acceptUnsuitable = false, dressed = (resource) => resource, ...abilities } = expected;
  const ehr = await startEhr({
    behaveLike,
    resources: [0, 1, 2].map((number) => ({ resourceType: 'Patient', id: `person-${number}` })),
  });
  const destination = fhirServerAt(ehr.url, { name: behaveLike, acceptUnsuitable });
  return {
    destination,
    delivery: (number, options): Delivery => {
      const made = delivery(number, options);
      return { ...made, resource: dressed(made.resource) };
    },
    held: () => Promise.resolve(heldIn(ehr.store)),
    faults: [
      ...anywhere.map((fault) => ({ name: nameOf(fault), arm: () => ehr.faults.add({ ...fault, reads: true }) })),
      ...atWrites.map((fault) => ({
        name: `${nameOf(fault)} at a write`,
        arm: () => ehr.faults.add(fault),
        onlyWrites: true as const,
      })),
    ],
    ...abilities,
    close: async () => {
      await ehr.close();
      await destination.close();
    },
  };
}

const heldIn = (store: Store) =>
  [...store.ids('Communication')].map((id) => {
    const { text = '', version } = store.current('Communication', id) ?? { version: 0 };
    const resource: Communication = JSON.parse(text);
    return { resource, version: `${version}` };
  });

/** A message in an inbox of the staff. */
const toStaff = (resource: Communication): Communication => ({
  ...resource,
  category: [{ text: 'Notification' }],
  recipient: [{ reference: 'Practitioner/invented' }],
});

const expectations: Readonly<Record<ProfileName, Expected>> = {
  hapi: {},
  medplum: {},
  azure: {},
  firely: {},
  epic: { acceptUnsuitable: true, writesOnce: true },
  meditech: { writesOnce: true },
  'oracle-health': { acceptUnsuitable: true, writesOnce: true, leavesUnsure: true, dressed: toStaff },
};

for (const name of profileNames)
  destinationContract(`an EHR that behaves like ${name}`, () => open(name, expectations[name]));
