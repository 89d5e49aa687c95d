import type { R4Index } from './r4-definitions.ts';
import { isObject, listOf, type JsonObject, type Visited } from './resource-walk.ts';

/** What a reference leads to: the type, where it can be read; or in words why it leads nowhere. */
type Target = { readonly type: string | undefined } | { readonly fault: string };

/** What is wrong with a Reference: where it leads, and whether the element may refer to that. */
export function referenceFaults(visited: Visited, index: R4Index): readonly string[] {
  const { value, type, definition, container } = visited;
  if (type !== 'Reference' || !isObject(value)) return [];
  const { reference, identifier, display, extension } = value;
  if ([reference, identifier, display, extension].every((each) => each === undefined)) {
    return ['has neither reference, identifier nor display'];
  }
  const target = typeof reference === 'string' ? targetOf(reference, container, index) : { type: undefined };
  if ('fault' in target) return [target.fault];
  const stated = typeof value['type'] === 'string' ? typeNamed(value['type']) : undefined;
  const allowed = definition?.type?.find(({ code }) => code === 'Reference')?.targetProfile?.map(typeNamed);
  return [
    ...(stated !== undefined && !index.isNameOfType(stated) ? ['states a type that R4 does not know'] : []),
    ...(stated !== undefined && target.type !== undefined && stated !== target.type
      ? ['states another type than the one it leads to']
      : []),
    ...(mayLeadTo(target.type ?? stated, allowed) ? [] : [`may lead to ${allowed?.join(' or ')} only`]),
  ];
}

const mayLeadTo = (type: string | undefined, allowed: readonly string[] | undefined): boolean =>
  type === undefined || allowed === undefined || allowed.includes('Resource') || allowed.includes(type);

const typeNamed = (profile: string): string => profile.slice(profile.lastIndexOf('/') + 1);

const literal =
  /^(?:https?:\/\/[^\s?#]+\/)?([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;
const conditional = /^([A-Z][A-Za-z]+)\?\S+$/;
const elsewhere =
  /^(?:https?:\/\/[^\s/]\S*|urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|urn:oid:[0-2](?:\.\d+)+)$/;

function targetOf(reference: string, container: JsonObject, index: R4Index): Target {
  if (reference.startsWith('#')) return containedTarget(reference.slice(1), container);
  const [, type] = literal.exec(reference) ?? conditional.exec(reference) ?? [];
  if (type !== undefined && index.isNameOfType(type)) return { type };
  if (elsewhere.test(reference)) return { type: undefined };
  return { fault: 'leads nowhere: neither relative, absolute, urn: nor contained' };
}

function containedTarget(id: string, container: JsonObject): Target {
  const found =
    id === '' ? container : listOf(container['contained']).find((each) => isObject(each) && each['id'] === id);
  if (!isObject(found)) return { fault: 'leads to nothing that is contained' };
  return { type: String(found['resourceType']) };
}

/** Each contained resource is told from the others by its id, and something refers to it. */
export function containedFaults(visited: Visited, all: readonly Visited[]): readonly string[] {
  const { value, definition, parent } = visited;
  if (definition?.path.endsWith('.contained') !== true || !isObject(value) || !isObject(parent?.value)) return [];
  if (parent.definition?.path.endsWith('.contained') === true) return ['is contained in what is contained'];
  const { id } = value;
  const same = listOf(parent.value['contained']).filter((each) => isObject(each) && each['id'] === id);
  const referred = all.some(
    ({ type, value, container }) =>
      container === visited.container &&
      type === 'Reference' &&
      isObject(value) &&
      value['reference'] === `#${String(id)}`,
  );
  return [
    ...(same.length > 1 ? ['has the id of another one'] : []),
    ...(referred ? [] : ['is contained, and nothing refers to it']),
  ];
}
