import type { Ehr } from './interaction.ts';
import { searchParameters } from './search.ts';
import { resourceTypes, type ResourceType } from './store.ts';

const parameterTypes: Readonly<Record<string, string>> = {
  _id: 'token',
  identifier: 'token',
  subject: 'reference',
  patient: 'reference',
};

const coded = (codes: readonly string[]) => codes.map((code) => ({ code }));

/** What this EHR does, and nothing that it does not. */
export function capabilityStatement({ base, offers, referentialIntegrity }: Ehr) {
  const system = [...(offers.transaction ? ['transaction'] : []), ...(offers.batch ? ['batch'] : [])];
  const resource = (type: ResourceType) => ({
    type,
    interaction: coded(['read', 'vread', 'update', 'delete', 'history-instance', 'create', 'search-type']),
    versioning: 'versioned',
    readHistory: true,
    updateCreate: offers.updateCreate,
    conditionalCreate: offers.conditionalCreate,
    conditionalRead: 'not-supported',
    conditionalUpdate: offers.conditionalUpdate,
    conditionalDelete: 'not-supported',
    referencePolicy: ['literal', 'logical', ...(referentialIntegrity ? ['enforced'] : [])],
    searchParam: searchParameters(type).map((name) => ({ name, type: parameterTypes[name] ?? 'string' })),
  });
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: '2026-01-01',
    kind: 'instance',
    software: { name: 'Sandbox EHR' },
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
