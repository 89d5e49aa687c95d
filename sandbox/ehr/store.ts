import { isDeepStrictEqual } from 'node:util';
import { isObject, type JsonObject } from './json.ts';
import { searchIndex, type SearchIndex } from './search-index.ts';

export const resourceTypes = ['Communication', 'Patient'] as const;
export type ResourceType = (typeof resourceTypes)[number];

export interface Version {
  readonly id: string;
  readonly version: number;
  /** FHIR's instant. */
  readonly lastUpdated: string;
  /** The resource as JSON with its meta; undefined: it was deleted with this version. */
  readonly text: string | undefined;
}

export type Written =
  | { readonly kind: 'created' | 'updated'; readonly version: Version }
  /** It was already so: no new version. */
  | { readonly kind: 'unchanged'; readonly version: Version };

/** Everything that the EHR holds. Nothing here waits, so no two requests are ever inside at once. */
export interface Store {
  /** The current version, which may be a deletion; undefined: there never was one. */
  current(type: ResourceType, id: string): Version | undefined;
  /** Every version, the oldest first. */
  versions(type: ResourceType, id: string): readonly Version[];
  /** Ids of what is there, in the order in which they came. */
  ids(type: ResourceType): Iterable<string>;
  count(type: ResourceType): number;
  index(type: ResourceType): SearchIndex;
  write(type: ResourceType, id: string, resource: JsonObject): Written;
  /** Undefined when there is none. */
  remove(type: ResourceType, id: string): Version | undefined;
  /** Does all of it, or leaves everything as it was when the work gives something that is not `kept`. */
  atomically<Result>(work: () => Result, kept: (result: Result) => boolean): Result;
  /** What was written since the start, and stayed. */
  readonly written: { readonly created: number; readonly updated: number; readonly deleted: number };
  /** The resources that are there, for tests to look at. */
  all(type: ResourceType): readonly JsonObject[];
}

export function openStore(now: () => number): Store {
  const shelves: Readonly<Record<ResourceType, Shelf>> = { Communication: makeShelf(), Patient: makeShelf() };
  const written = { created: 0, updated: 0, deleted: 0 };
  let journal: (() => void)[] | undefined;

  const current = (type: ResourceType, id: string): Version | undefined => shelves[type].versions.get(id)?.at(-1);

  function append(
    type: ResourceType,
    version: Version,
    before: JsonObject | undefined,
    after: JsonObject | undefined,
  ): void {
    const { versions, index, present } = shelves[type];
    const { id } = version;
    const change = after === undefined ? 'deleted' : before === undefined ? 'created' : 'updated';
    const known = versions.get(id);
    if (known === undefined) versions.set(id, [version]);
    else known.push(version);
    if (before !== undefined) index.remove(id, before);
    if (after !== undefined) index.add(id, after);
    if (after === undefined) present.delete(id);
    else present.add(id);
    written[change] += 1;
    journal?.push(() => {
      if (known === undefined) versions.delete(id);
      else known.pop();
      if (after !== undefined) index.remove(id, after);
      if (before !== undefined) index.add(id, before);
      if (before === undefined) present.delete(id);
      else present.add(id);
      written[change] -= 1;
    });
  }

  return {
    current,
    versions: (type, id) => shelves[type].versions.get(id) ?? [],
    ids: (type) => shelves[type].present,
    count: (type) => shelves[type].present.size,
    index: (type) => shelves[type].index,
    write(type, id, resource) {
      const last = current(type, id);
      const before = last === undefined ? undefined : resourceOf(last);
      const content: JsonObject = { ...resource, id, meta: metaOf(resource) };
      if (last !== undefined && before !== undefined && isSame(before, content)) {
        return { kind: 'unchanged', version: last };
      }
      const version = (last?.version ?? 0) + 1;
      const lastUpdated = new Date(now()).toISOString();
      const meta = { versionId: String(version), lastUpdated, ...metaOf(resource) };
      const text = JSON.stringify({ resourceType: type, id, meta, ...elementsOf(resource) });
      const made: Version = { id, version, lastUpdated, text };
      append(type, made, before, content);
      return { kind: before === undefined ? 'created' : 'updated', version: made };
    },
    remove(type, id) {
      const last = current(type, id);
      const before = last === undefined ? undefined : resourceOf(last);
      if (last === undefined || before === undefined) return undefined;
      const gone: Version = {
        id,
        version: last.version + 1,
        lastUpdated: new Date(now()).toISOString(),
        text: undefined,
      };
      append(type, gone, before, undefined);
      return gone;
    },
    atomically(work, kept) {
      const undo: (() => void)[] = [];
      journal = undo;
      let ok = false;
      try {
        const result = work();
        ok = kept(result);
        return result;
      } finally {
        journal = undefined;
        if (!ok) for (const step of undo.toReversed()) step();
      }
    },
    written,
    all: (type) =>
      [...shelves[type].present].flatMap((id): readonly JsonObject[] => {
        const resource = resourceOf(current(type, id));
        return resource === undefined ? [] : [resource];
      }),
  };
}

interface Shelf {
  readonly versions: Map<string, Version[]>;
  readonly present: Set<string>;
  readonly index: SearchIndex;
}

const makeShelf = (): Shelf => ({ versions: new Map(), present: new Set(), index: searchIndex() });

/** Undefined for a deletion. */
export function resourceOf(version: Version | undefined): JsonObject | undefined {
  const value: unknown = version?.text === undefined ? undefined : JSON.parse(version.text);
  return isObject(value) ? value : undefined;
}

function elementsOf(resource: JsonObject): JsonObject {
  const { resourceType: _, id: __, meta: ___, ...elements } = resource;
  return elements;
}

/** What the client may say of it: version and time are the server's. */
function metaOf({ meta }: JsonObject): JsonObject {
  if (!isObject(meta)) return {};
  const { versionId: _, lastUpdated: __, ...own } = meta;
  return own;
}

/** Whatever the order of the elements, and leaving the server's part of meta out. */
const isSame = (before: JsonObject, content: JsonObject): boolean =>
  isDeepStrictEqual({ ...before, meta: metaOf(before) }, content);
