import type { StructureDefinition } from 'fhir/r4.js';
import { elementFaults } from './element-rules.ts';
import { knownExtensions } from './extension-definition.ts';
import { extensionFaults, type KnownExtensions } from './extension-rules.ts';
import { loadMedplum } from './medplum.ts';
import { indexed, readR4Definitions } from './r4-definitions.ts';
import { containedFaults, referenceFaults } from './reference-rules.ts';
import { isObject, walk } from './resource-walk.ts';
import { typeInvariantFaults } from './type-invariants.ts';

export interface FullValidationOptions {
  /** StructureDefinitions of extensions: where each may stand and what it may hold. Others are not used. */
  readonly definitions?: readonly StructureDefinition[];
  /** An extension whose url begins with it must be among the definitions. */
  readonly reserved?: string;
}

/**
 * Everything that is wrong with a resource, or with a Bundle and all that is in it: one line for each fault, the path of
 * the element first (`Communication.status: …`), never a value of it. Empty where it is valid. Never throws.
 */
export type FullValidator = (resource: unknown) => readonly string[];

/**
 * Full validation against R4: structure, cardinality, formats, FHIRPath invariants, the codes of required value sets,
 * references, contained resources, extensions. A hundred times slower than the check that each record goes through,
 * and loaded only when it is asked for, in a tenth of a second: for preview, for the examples of a mapping, for tests.
 */
export async function fullValidator(options: FullValidationOptions = {}): Promise<FullValidator> {
  const packaged = readR4Definitions();
  const index = indexed(packaged);
  const medplum = await loadMedplum(packaged.structures);
  const known: KnownExtensions = {
    definitions: knownExtensions(options.definitions ?? []),
    reserved: options.reserved,
  };

  function validate(resource: unknown): readonly string[] {
    if (!isObject(resource)) return ['resource: is no JSON object'];
    const type = resource['resourceType'];
    if (typeof type !== 'string' || !index.isResource(type)) return ['resourceType: is none that is written here'];
    const all = walk(resource, index);
    const own = all.flatMap((visited) =>
      [
        ...elementFaults(visited, index),
        ...referenceFaults(visited, index),
        ...containedFaults(visited, all),
        ...extensionFaults(visited, known, index),
        ...typeInvariantFaults(visited, index, medplum),
      ].map((fault) => `${visited.path}: ${fault}`),
    );
    const told = medplum.issuesOf(resource);
    if (told === undefined) return own.length > 0 ? own : [`${type}: cannot be read as FHIR R4`];
    return [...new Set([...own, ...told.map(({ path, says }) => `${path}: ${says}`)])];
  }

  return (resource) => {
    try {
      return validate(resource);
    } catch {
      // No JSON: without end, or with getters of its own.
      return ['resource: cannot be read as JSON'];
    }
  };
}
