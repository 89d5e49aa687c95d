import { isObject, objectsOf, textOf, type JsonObject } from './json.ts';

/** A token as in `identifier=system|value`: a part that is undefined may be anything, '' has to be absent. */
export interface Token {
  readonly system: string | undefined;
  readonly value: string | undefined;
}

/** Finds ids by identifier and by subject, as fast with a million resources as with ten. */
export interface SearchIndex {
  add(id: string, resource: JsonObject): void;
  /** @param resource as it was added */
  remove(id: string, resource: JsonObject): void;
  byIdentifier(token: Token): Iterable<string>;
  bySubject(reference: string): Iterable<string>;
}

type Ids = Set<string>;

export function searchIndex(): SearchIndex {
  const identifiers = new Map<string, Map<string, Ids>>();
  const subjects = new Map<string, Ids>();

  return {
    add(id, resource) {
      for (const { system, value } of identifiersOf(resource)) {
        const values = getOrAdd(identifiers, system, () => new Map<string, Ids>());
        getOrAdd(values, value, () => new Set()).add(id);
      }
      const subject = subjectOf(resource);
      if (subject !== undefined) getOrAdd(subjects, subject, () => new Set()).add(id);
    },
    remove(id, resource) {
      for (const { system, value } of identifiersOf(resource)) {
        const values = identifiers.get(system);
        if (values !== undefined) removeFrom(values, value, id);
        if (values?.size === 0) identifiers.delete(system);
      }
      const subject = subjectOf(resource);
      if (subject !== undefined) removeFrom(subjects, subject, id);
    },
    *byIdentifier({ system, value }) {
      const found = system === undefined ? identifiers.values() : present(identifiers.get(system));
      // The same resource may have the value in two systems.
      const told = new Set<string>();
      for (const values of found) {
        for (const ids of value === undefined ? values.values() : present(values.get(value))) {
          for (const id of ids) if (!told.has(id)) yield told.add(id) && id;
        }
      }
    },
    bySubject: (reference) => subjects.get(reference) ?? [],
  };
}

const present = <Value>(value: Value | undefined): readonly Value[] => (value === undefined ? [] : [value]);

function getOrAdd<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const value = make();
  map.set(key, value);
  return value;
}

function removeFrom(map: Map<string, Ids>, key: string, id: string): void {
  const ids = map.get(key);
  ids?.delete(id);
  if (ids?.size === 0) map.delete(key);
}

function identifiersOf({ identifier }: JsonObject): readonly { readonly system: string; readonly value: string }[] {
  return objectsOf(identifier).flatMap(({ system, value }) =>
    typeof value === 'string' ? [{ system: textOf(system) ?? '', value }] : [],
  );
}

const subjectOf = ({ subject }: JsonObject): string | undefined =>
  isObject(subject) ? textOf(subject['reference']) : undefined;
