import type { Medplum } from './medplum.ts';
import type { R4Index } from './r4-definitions.ts';
import { isObject, type Visited } from './resource-walk.ts';

/**
 * The invariants of the type of an element, such as "a contact point with a value has a system". Medplum's validator
 * asks those of the outermost resource alone.
 */
export function typeInvariantFaults(visited: Visited, index: R4Index, medplum: Medplum): readonly string[] {
  const { value, type, container } = visited;
  if (!isObject(value)) return [];
  const resource = resourceOf(visited, index);
  return index
    .invariants(type)
    .filter(({ expression = '' }) => !medplum.holds(expression, { value, type, resource, rootResource: container }))
    .map(({ key, human }) => `Constraint ${key} not met: ${human}`);
}

/** The nearest resource around an element, or the element itself. */
function resourceOf({ value, type, parent, container }: Visited, index: R4Index): Visited['container'] {
  if (index.isResource(type) && isObject(value)) return value;
  return parent === undefined ? container : resourceOf(parent, index);
}
