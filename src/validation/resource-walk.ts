import type { ElementDefinition } from 'fhir/r4.js';
import type { R4Index } from './r4-definitions.ts';

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

/** Every element that R4 knows, parents first; what it does not know is left out. */
export function walk(resource: JsonObject, index: R4Index): readonly Visited[] {
  const found: Visited[] = [];
  const type = String(resource['resourceType']);
  visit({ path: type, value: resource, type, definition: undefined, parent: undefined, container: resource });
  return found;

  function visit(visited: Visited): void {
    found.push(visited);
    const { path, value, type, container } = visited;
    if (!isObject(value) || index.isPrimitive(type)) return;
    for (const [name, below] of Object.entries(value)) {
      const element = index.element(type, name);
      if (element === undefined) continue;
      const { definition } = element;
      const step = (value: unknown, position: string): void => {
        const type = element.type === 'Resource' ? typeOf(value) : element.type;
        const own = definition.path === 'Bundle.entry.resource' && isObject(value) ? value : container;
        visit({ path: `${path}.${name}${position}`, value, type, definition, parent: visited, container: own });
      };
      if (Array.isArray(below) && below.length > 0) below.forEach((each, position) => step(each, `[${position}]`));
      else step(below, '');
    }
  }
}

/** Of a resource within another. */
function typeOf(value: unknown): string {
  const type = isObject(value) ? value['resourceType'] : undefined;
  return typeof type === 'string' ? type : 'Resource';
}
