import type { Ehr } from './interaction.ts';
import { resourceTypes, type ResourceType } from './store.ts';

const parameterTypes: Readonly<Record<string, string>> = {
  _id: 'token',
  identifier: 'token',
  subject: 'reference',
  patient: 'reference',
};

const coded = (codes: readonly string[]) => codes.map((code) => ({ code }));

/** What this EHR does, and nothing that it does not; but for what servers of its kind keep quiet about. */
export function capabilityStatement({ base, offers, profile, referentialIntegrity }: Ehr) {
  const { software, publisher, versioning, keepsQuiet } = profile.says;
  const saysBatch = offers.batch && !keepsQuiet.includes('batch');
  const system = [...(offers.transaction ? ['transaction'] : []), ...(saysBatch ? ['batch'] : [])];
  const resource = (type: ResourceType) => ({
    type,
    interaction: coded(offers.interactions[type]),
    versioning,
    readHistory: offers.interactions[type].includes('vread'),
    ...(keepsQuiet.includes('updateCreate') ? {} : { updateCreate: offers.updateCreate }),
    conditionalCreate: offers.conditionalCreate,
    conditionalRead: 'not-supported',
    conditionalUpdate: offers.conditionalUpdate,
    conditionalDelete: 'not-supported',
    referencePolicy: ['literal', 'logical', ...(referentialIntegrity ? ['enforced'] : [])],
    searchParam: offers.searches[type].map((name) => ({ name, type: parameterTypes[name] ?? 'string' })),
  });
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: '2026-01-01',
    kind: 'instance',
    ...(publisher === undefined ? {} : { publisher }),
    software: { name: software },
    implementation: { description: 'An EHR to try things with. It forgets everything when it ends.', url: base },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'json'],
    rest: [
      {
        mode: 'server',
        resource: resourceTypes.map(resource),
        ...(system.length > 0 ? { interaction: coded(system) } : {}),
      },
    ],
  };
}
