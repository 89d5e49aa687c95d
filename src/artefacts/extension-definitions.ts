import type { StructureDefinition } from 'fhir/r4.js';
import { packagedArtefacts } from './packaged.ts';
import { rebased } from './rebased.ts';

/**
 * What each extension of ours may hold and where it may stand (differential only).
 * @param base the canonical base of the site, without a slash at its end
 */
export function extensionDefinitions(base: string): readonly StructureDefinition[] {
  return packagedArtefacts().flatMap(({ resource }) =>
    resource.resourceType === 'StructureDefinition' && resource.type === 'Extension' ? [rebased(resource, base)] : [],
  );
}
