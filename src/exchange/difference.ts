import type { Communication } from 'fhir/r4.js';

/** One place in which two JSON values differ. */
export interface Difference {
  /** A path such as `payload[0].contentString`; an item with an url is named by it: `extension(sms-carrier).valueString`. */
  readonly element: string;
  /** Undefined where nothing stands there. */
  readonly ours: unknown;
  readonly theirs: unknown;
}

/** What a server adds by itself; the narrative too, where we send none. */
const serverOwn = ['id', 'meta', 'text'];

/**
 * Where what the EHR holds is not what we would write; none: it need not be written. Only certain equality counts: a
 * difference in form costs one write that changes nothing.
 */
export function contentDifferences(ours: Communication, theirs: JsonObject): readonly Difference[] {
  const ignored = ours.text === undefined ? serverOwn : serverOwn.filter((name) => name !== 'text');
  const content = (resource: object): JsonObject =>
    Object.fromEntries(Object.entries(resource).filter(([name]) => !ignored.includes(name)));
  return differencesBetween(content(ours), content(theirs));
}

/** Every place in which two JSON values differ; the order of names does not matter, that of items does. */
export function differencesBetween(ours: unknown, theirs: unknown, element = ''): readonly Difference[] {
  if (Array.isArray(ours) && Array.isArray(theirs)) {
    return pairsOf(ours, theirs).flatMap(([name, our, their]) => differencesBetween(our, their, `${element}${name}`));
  }
  if (isObject(ours) && isObject(theirs)) {
    const names = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
    if (isFound(ours, theirs)) names.delete('reference');
    return [...names].flatMap((name) =>
      differencesBetween(own(ours, name), own(theirs, name), element === '' ? name : `${element}.${name}`),
    );
  }
  return Object.is(ours, theirs) ? [] : [{ element, ours, theirs }];
}

/** A reference of ours by identifier alone, which the EHR or a look-up has given the resource that has it. */
function isFound(ours: JsonObject, theirs: JsonObject): boolean {
  const [mine, their] = [own(ours, 'identifier'), own(theirs, 'identifier')];
  if (own(ours, 'reference') !== undefined || !isObject(mine) || !isObject(their)) return false;
  return typeof own(mine, 'value') === 'string' && differencesBetween(mine, their).length === 0;
}

type JsonObject = Readonly<Record<string, unknown>>;

type Pair = readonly [name: string, ours: unknown, theirs: unknown];

/** Which item is compared with which: extensions by their url, so that one more does not move all the others. */
function pairsOf(ours: readonly unknown[], theirs: readonly unknown[]): readonly Pair[] {
  const [our, their] = [byUrl(ours), byUrl(theirs)];
  if (our === undefined || their === undefined || !inSameOrder(our, their)) {
    const length = Math.max(ours.length, theirs.length);
    return Array.from({ length }, (_, index) => [`[${index}]`, ours[index], theirs[index]]);
  }
  return [...new Set([...our.keys(), ...their.keys()])].map((url) => [namedByUrl(url), our.get(url), their.get(url)]);
}

/** `(sms-carrier)` */
export const namedByUrl = (url: string): string => `(${url.slice(url.lastIndexOf('/') + 1)})`;

/** Undefined where an item has no url, or the same as another. */
function byUrl(list: readonly unknown[]): ReadonlyMap<string, unknown> | undefined {
  const items = new Map<string, unknown>();
  for (const item of list) {
    const url = isObject(item) ? own(item, 'url') : undefined;
    if (typeof url !== 'string' || items.has(url)) return undefined;
    items.set(url, item);
  }
  return items;
}

function inSameOrder(ours: ReadonlyMap<string, unknown>, theirs: ReadonlyMap<string, unknown>): boolean {
  const shared = [...ours.keys()].filter((url) => theirs.has(url));
  const there = [...theirs.keys()].filter((url) => ours.has(url));
  return shared.every((url, index) => url === there[index]);
}

/** What an EHR sends may have any name, also one that every object inherits. */
const own = (object: JsonObject, name: string): unknown => (Object.hasOwn(object, name) ? object[name] : undefined);

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
