import type { Ehr } from './interaction.ts';
import { isObject, textOf, type JsonObject } from './json.ts';
import { refused, type Refused } from './reply.ts';
import { findByCriteria } from './search.ts';
import { resourceTypes } from './store.ts';
import { refusal } from './words.ts';

/** The first reference that leads to nothing, as a refusal; undefined when there is none, or nobody minds. */
export function brokenReference(ehr: Ehr, resource: JsonObject): Refused | undefined {
  for (const { reference, path } of referencesIn(resource, String(resource['resourceType']))) {
    const broken = whyBroken(ehr, reference, path);
    if (broken !== undefined) return broken;
  }
  return undefined;
}

function whyBroken(ehr: Ehr, reference: string, path: string): Refused | undefined {
  const { store, base, referentialIntegrity, profile } = ehr;
  if (reference.startsWith('#')) return undefined;
  if (/^[A-Z]\w+\?/.test(reference)) {
    return refused(400, 'invalid', 'A conditional reference is resolved in a transaction only.', path);
  }
  if (!referentialIntegrity) return undefined;
  const relative = reference.startsWith(`${base}/`) ? reference.slice(base.length + 1) : reference;
  const [name = '', id = ''] = relative.split('/');
  const type = resourceTypes.find((each) => each === name);
  // HAPI names the place without its last step.
  const filling = { reference, path: path.replace(/\.reference$/, '') };
  if (/^\w+:/.test(relative)) return refusal(ehr, 'reference-elsewhere', filling, path);
  if (profile.habits.otherTypes.includes(name)) return undefined;
  if (type === undefined || store.current(type, id)?.text === undefined) {
    return refusal(ehr, 'reference-missing', filling, path);
  }
  return undefined;
}

interface Found {
  readonly reference: string;
  readonly path: string;
}

function* referencesIn(value: unknown, path: string): Iterable<Found> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* referencesIn(item, `${path}[${index}]`);
  } else if (isObject(value)) {
    const reference = textOf(value['reference']);
    if (reference !== undefined) yield { reference, path: `${path}.reference` };
    for (const [name, item] of Object.entries(value)) yield* referencesIn(item, `${path}.${name}`);
  }
}

export type Resolved = { readonly kind: 'resolved'; readonly resource: unknown } | Refused;

/**
 * The resource with the references of a transaction made literal: to other entries by their fullUrl, and to what a
 * search finds (`Patient?identifier=…`), which has to be one. https://hl7.org/fhir/R4/http.html#trules
 */
export function resolveReferences(ehr: Ehr, resource: unknown, entries: ReadonlyMap<string, string>): Resolved {
  if (!isObject(resource)) return { kind: 'resolved', resource };
  const literal = new Map<string, string>();
  for (const { reference, path } of referencesIn(resource, String(resource['resourceType']))) {
    const entry = entries.get(reference);
    if (entry !== undefined) literal.set(reference, entry);
    const [, name, criteria] = /^([A-Z]\w+)\?(.+)$/.exec(reference) ?? [];
    const type = resourceTypes.find((each) => each === name);
    if (type === undefined || criteria === undefined) continue;
    const found = findByCriteria(ehr, type, criteria);
    if (found.kind === 'refused') return found;
    const [id, second] = found.ids;
    if (id === undefined) return refusal(ehr, 'reference-fits-none', { reference }, path);
    if (second !== undefined) return refusal(ehr, 'reference-fits-several', { reference }, path);
    literal.set(reference, `${type}/${id}`);
  }
  if (literal.size === 0) return { kind: 'resolved', resource };
  const text = JSON.stringify(resource, (name, value: unknown) =>
    name === 'reference' && typeof value === 'string' ? (literal.get(value) ?? value) : value,
  );
  const resolved: unknown = JSON.parse(text);
  return { kind: 'resolved', resource: resolved };
}
