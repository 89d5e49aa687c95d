import type { Communication, ImplementationGuide, ImplementationGuideDefinitionResource } from 'fhir/r4.js';
import { titleOf } from './narrative.ts';
import type { Artefact } from './packaged.ts';

/** A message made by the mapping, to show what the definitions mean. */
export interface ExampleMessage {
  /** Its file is named by it. */
  readonly name: string;
  readonly description: string;
  readonly resource: Communication;
}

/** The guide with the list of all that belongs to it: every other artefact, and the examples. */
export function guideOf(
  guide: ImplementationGuide,
  artefacts: readonly Artefact[],
  examples: readonly ExampleMessage[],
): ImplementationGuide {
  const listed: readonly ImplementationGuideDefinitionResource[] = [
    ...artefacts.filter(({ resourceType }) => resourceType !== 'ImplementationGuide').map(listedArtefact),
    ...examples.map(listedExample),
  ];
  const order = guide.definition?.grouping?.map(({ id }) => id) ?? [];
  const resource = listed.toSorted((a, b) => order.indexOf(a.groupingId) - order.indexOf(b.groupingId));
  return { ...guide, definition: { ...guide.definition, resource } };
}

function listedArtefact(resource: Artefact): ImplementationGuideDefinitionResource {
  return {
    reference: { reference: `${resource.resourceType}/${resource.id}` },
    name: titleOf(resource),
    description: resource.description ?? '',
    exampleBoolean: false,
    groupingId: groupOf(resource),
  };
}

/** The groups of the guide. */
function groupOf({ resourceType }: Artefact): string {
  switch (resourceType) {
    case 'StructureDefinition':
      return 'communication';
    case 'CodeSystem':
    case 'ValueSet':
    case 'ConceptMap':
      return 'codes';
    case 'NamingSystem':
      return 'identifiers';
    case 'CapabilityStatement':
    case 'ImplementationGuide':
      return 'server';
  }
}

/** A message of a dialect may not claim the profile; then it is an example of R4 alone. */
function listedExample({ name, description, resource }: ExampleMessage): ImplementationGuideDefinitionResource {
  const [profile] = resource.meta?.profile ?? [];
  return {
    reference: { reference: `Communication/${resource.id}` },
    name,
    description,
    ...(profile === undefined ? { exampleBoolean: true } : { exampleCanonical: profile }),
    groupingId: 'examples',
  };
}
