import { isObject, type JsonObject } from './json.ts';
import { primitives } from './primitives.ts';
import type { R4Type } from './r4-datatypes.ts';
import { r4Types } from './r4-types.ts';
import type { Issue } from './reply.ts';
import { valueSets } from './value-sets.ts';

/** More are not told: they are usually one mistake. */
const mostIssues = 20;

/**
 * Everything that is wrong with a Communication or a Patient as R4 has them: elements that are not known, missing,
 * empty or of another type, codes outside a required value set, references to what may not stand there. Nothing is
 * said about profiles and invariants.
 */
export function structureIssues(resource: JsonObject): readonly Issue[] {
  const type = String(resource['resourceType']);
  const issues: Issue[] = [];
  checkObject(type, resource, type, containedIds(resource), (issue) => {
    if (issues.length < mostIssues) issues.push(issue);
  });
  return issues;
}

type Tell = (issue: Issue) => void;
type ElementCheck = (value: unknown, path: string, contained: ReadonlySet<string>, tell: Tell) => void;

interface ObjectCheck {
  readonly elements: ReadonlyMap<string, ElementCheck>;
  readonly required: readonly string[];
  readonly choices: readonly {
    readonly name: string;
    readonly members: readonly string[];
    readonly required: boolean;
  }[];
}

const made = new Map<string, ObjectCheck>();

function objectCheck(type: string, { elements, choices = [] }: R4Type): ObjectCheck {
  const known = made.get(type);
  if (known !== undefined) return known;
  const names = Object.keys(elements);
  const checks = new Map<string, ElementCheck>();
  for (const [name, text] of Object.entries(elements)) {
    checks.set(name, elementCheck(text));
    // The id and extensions of a primitive stand beside it.
    if (/^[a-z]/.test(text)) checks.set(`_${name}`, siblingCheck);
  }
  const check: ObjectCheck = {
    elements: checks,
    required: names.filter((name) => elements[name]?.endsWith('!')),
    choices: choices.map((choice) => {
      const name = choice.replace(/!$/, '');
      const members = names.filter((each) => each.startsWith(name.replace('[x]', '')));
      return { name, members, required: choice.endsWith('!') };
    }),
  };
  made.set(type, check);
  return check;
}

function checkObject(type: string, value: unknown, path: string, contained: ReadonlySet<string>, tell: Tell): void {
  // The type of something contained comes from outside.
  const shape = Object.hasOwn(r4Types, type) ? r4Types[type] : undefined;
  if (!isObject(value)) return tell({ code: 'structure', diagnostics: 'An object is needed.', expression: path });
  if (shape === undefined) return;
  const names = Object.keys(value);
  if (names.length === 0) return tell({ code: 'structure', diagnostics: 'It is empty.', expression: path });
  const { elements, required, choices } = objectCheck(type, shape);
  for (const name of names) {
    const check = elements.get(name);
    const where = `${path}.${name}`;
    if (check === undefined)
      tell({ code: 'structure', diagnostics: `${type} has no such element.`, expression: where });
    else check(value[name], where, contained, tell);
  }
  for (const name of required) {
    if (value[name] === undefined && value[`_${name}`] === undefined) {
      tell({ code: 'required', diagnostics: 'It is missing.', expression: `${path}.${name}` });
    }
  }
  for (const { name, members, required: needed } of choices) {
    const count = members.filter((member) => value[member] !== undefined).length;
    if (count > 1)
      tell({ code: 'structure', diagnostics: 'Only one of them may be there.', expression: `${path}.${name}` });
    if (count === 0 && needed) tell({ code: 'required', diagnostics: 'One is needed.', expression: `${path}.${name}` });
  }
  if (type === 'Extension' && (value['extension'] === undefined) === !names.some((name) => /^_?value/.test(name))) {
    tell({ code: 'invariant', diagnostics: 'ext-1: either extensions or a value.', expression: path });
  }
}

/** `Identifier*`, `code:event-status!`, `Reference(Patient|Group)?`. */
function elementCheck(text: string): ElementCheck {
  const [, type = '', set, targets] = /^(\w+)(?::([\w-]+))?(?:\(([\w|]+)\))?[?!*]$/.exec(text) ?? [];
  const single = singleCheck(type, set, targets?.split('|'));
  if (!text.endsWith('*')) return single;
  return (value, path, contained, tell) => {
    if (!Array.isArray(value)) return tell({ code: 'structure', diagnostics: 'A list is needed.', expression: path });
    if (value.length === 0) tell({ code: 'structure', diagnostics: 'The list is empty.', expression: path });
    for (const [index, item] of value.entries()) single(item, `${path}[${index}]`, contained, tell);
  };
}

function singleCheck(type: string, set: string | undefined, targets: readonly string[] | undefined): ElementCheck {
  const isPrimitive = primitives[type];
  const codes = set === undefined ? undefined : new Set<unknown>(valueSets[set]);
  if (isPrimitive !== undefined) {
    return (value, path, _contained, tell) => {
      if (!isPrimitive(value))
        tell({ code: 'value', diagnostics: `A value of type ${type} is needed.`, expression: path });
      else if (codes !== undefined && !codes.has(value)) {
        tell({ code: 'value', diagnostics: `It is not in the required value set ${set}.`, expression: path });
      }
    };
  }
  if (type === 'Resource') return checkContained;
  if (type !== 'Reference') return (value, path, contained, tell) => checkObject(type, value, path, contained, tell);
  return (value, path, contained, tell) => {
    checkObject(type, value, path, contained, tell);
    if (isObject(value)) checkReference(value['reference'], targets, `${path}.reference`, contained, tell);
  };
}

/** What is contained is checked where its type is known here. */
const checkContained: ElementCheck = (value, path, contained, tell) => {
  const type = isObject(value) ? value['resourceType'] : undefined;
  if (typeof type !== 'string') {
    return tell({ code: 'structure', diagnostics: 'A resource is needed.', expression: path });
  }
  checkObject(type, value, path, contained, tell);
};

const referenceForm =
  /^(?:(?:https?:\/\/\S+\/)?([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?|([A-Z][A-Za-z]+)\?\S+|urn:(?:uuid|oid):\S+)$/;

function checkReference(
  reference: unknown,
  targets: readonly string[] | undefined,
  path: string,
  contained: ReadonlySet<string>,
  tell: Tell,
): void {
  if (typeof reference !== 'string') return;
  if (reference.startsWith('#')) {
    if (!contained.has(reference.slice(1))) {
      tell({ code: 'invariant', diagnostics: 'Nothing contained has that id.', expression: path });
    }
    return;
  }
  const form = referenceForm.exec(reference);
  const type = form?.[1] ?? form?.[2];
  if (form === null) tell({ code: 'value', diagnostics: 'It leads nowhere.', expression: path });
  else if (type !== undefined && targets?.includes(type) === false) {
    tell({ code: 'value', diagnostics: `It has to lead to one of ${targets.join(', ')}.`, expression: path });
  }
}

const siblingCheck: ElementCheck = (value, path, _contained, tell) => {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (!items.every((item) => item === null || isObject(item))) {
    tell({ code: 'structure', diagnostics: 'An id or extensions are needed.', expression: path });
  }
};

function containedIds(resource: JsonObject): ReadonlySet<string> {
  const { contained } = resource;
  const ids = Array.isArray(contained)
    ? contained.map((each: unknown) => (isObject(each) ? each['id'] : undefined))
    : [];
  return new Set(ids.filter((id) => typeof id === 'string'));
}
