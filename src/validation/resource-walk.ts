import type { ElementDefinition } from 'fhir/r4.js';
import type { DefinedElement, R4Index } from './r4-definitions.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** An element as it stands in a resource, and what R4 says about it. */
export interface Visited {
  /** `Communication.payload[0].contentString` */
  readonly path: string;
  readonly value: unknown;
  /** `string`, `Reference`, `Communication`; or the path of an element with elements of its own. */
  readonly type: string;
  /** Undefined for the resource that the walk began with. */
  readonly definition: ElementDefinition | undefined;
  readonly parent: Visited | undefined;
  /** The resource that holds it and is contained in none: what `#id` refers to is contained there. */
  readonly container: JsonObject;
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A list of one or of many, as a list. */
export const listOf = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

/** The type of what R4 does not know, and of a resource that is not written here: neither is walked into. */
export const noElement = 'no element';
export const noResource = 'Resource';

/** Every element, parents first. */
export function walk(resource: JsonObject, index: R4Index): readonly Visited[] {
  const found: Visited[] = [];
  const type = String(resource['resourceType']);
  visit({ path: type, value: resource, type, definition: undefined, parent: undefined, container: resource });
  return found;

  function visit(visited: Visited): void {
    found.push(visited);
    const { value, type } = visited;
    if (!isObject(value) || index.isPrimitive(type) || type === noElement || type === noResource) return;
    for (const [name, below] of Object.entries(value)) {
      if (name === 'resourceType' && index.isResource(type)) continue;
      const element = index.element(type, name);
      if (element !== undefined && Array.isArray(below) && below.length > 0) {
        below.forEach((each, position) => visit(elementOf(visited, element, `${name}[${position}]`, each)));
      } else visit(elementOf(visited, element, name, below));
    }
  }

  function elementOf(parent: Visited, element: DefinedElement | undefined, step: string, value: unknown): Visited {
    const path = `${parent.path}.${step}`;
    const definition = element?.definition;
    const type = element === undefined ? noElement : element.type === 'Resource' ? typeOf(value) : element.type;
    const own = definition?.path === 'Bundle.entry.resource' && isObject(value) ? value : parent.container;
    return { path, value, type, definition, parent, container: own };
  }

  /** Of a resource within another. */
  function typeOf(value: unknown): string {
    const type = isObject(value) ? value['resourceType'] : undefined;
    return typeof type === 'string' && index.isResource(type) ? type : noResource;
  }
}
