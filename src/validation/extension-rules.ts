import type { StructureDefinitionContext } from 'fhir/r4.js';
import type { ExtensionContent, ExtensionDefinition } from './extension-definition.ts';
import type { R4Index } from './r4-definitions.ts';
import { isObject, listOf, type JsonObject, type Visited } from './resource-walk.ts';

export interface KnownExtensions {
  readonly definitions: ReadonlyMap<string, ExtensionDefinition>;
  /** A url that begins with it must be defined; undefined: none must. */
  readonly reserved: string | undefined;
}

/**
 * What is wrong with an extension: whether it may stand there and hold what it holds. Those of other owners, whose
 * definition is not at hand, are left alone.
 */
export function extensionFaults(visited: Visited, known: KnownExtensions, index: R4Index): readonly string[] {
  const { value, type, parent } = visited;
  if (type !== 'Extension' || !isObject(value) || typeof value['url'] !== 'string' || parent === undefined) return [];
  const { url } = value;
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:./.test(url)) {
    return parent.type === 'Extension' ? [] : ['has a url that is not absolute'];
  }
  const definition = known.definitions.get(url);
  if (definition !== undefined) {
    const stands = definition.contexts.some((context) => fits(context, parent, index));
    return [...(stands ? [] : ['may not stand here']), ...contentFaults(value, definition)];
  }
  const { reserved } = known;
  return reserved !== undefined && url.startsWith(reserved)
    ? [`is defined nowhere; urls that begin with ${reserved} are those of this program`]
    : [];
}

function contentFaults(extension: JsonObject, { values, parts }: ExtensionContent): readonly string[] {
  const name = Object.keys(extension).find((each) => each.startsWith('value'));
  const wrong = name !== undefined && values?.includes(name) === false;
  const takes = values?.length === 0 ? 'no value' : values?.join(' or ');
  return [...(wrong ? [`takes ${takes}`] : []), ...(parts === undefined ? [] : partFaults(extension, parts))];
}

function partFaults(extension: JsonObject, parts: NonNullable<ExtensionContent['parts']>): readonly string[] {
  const given = listOf(extension['extension']).filter(isObject);
  const unknown = given.some(({ url }) => !parts.has(String(url)));
  const counted = [...parts].flatMap(([url, part]) => {
    const same = given.filter((each) => each['url'] === url);
    const times = same.length < part.min || same.length > part.max ? [`has "${url}" ${same.length} times`] : [];
    return [...times, ...same.flatMap((each) => contentFaults(each, part).map((fault) => `"${url}" ${fault}`))];
  });
  return [...(unknown ? ['has a part that it does not know'] : []), ...counted];
}

function fits({ type, expression }: StructureDefinitionContext, parent: Visited, index: R4Index): boolean {
  switch (type) {
    case 'element':
      return namesOf(parent, index).includes(expression);
    case 'extension':
      return isObject(parent.value) && parent.value['url'] === expression;
    // An expression of the owner's own is not evaluated.
    case 'fhirpath':
      return true;
  }
}

/** What a definition may call an element: by its type, by those that the type is made of, by its path. */
function namesOf(element: Visited, index: R4Index): readonly string[] {
  const { type, definition } = element;
  const kinds = index.isResource(type) ? ['Resource', 'DomainResource'] : ['Element'];
  const codes = definition?.type?.map(({ code }) => code) ?? [];
  return [type, ...kinds, ...(codes.length === 1 ? codes : []), definition?.path ?? type, pathOf(element, index)];
}

/** From the resource that it stands in, without positions: `Communication.category.coding`. */
function pathOf({ type, definition, parent }: Visited, index: R4Index): string {
  if (parent === undefined || definition === undefined || index.isResource(type)) return type;
  return `${pathOf(parent, index)}.${definition.path.slice(definition.path.lastIndexOf('.') + 1)}`;
}
