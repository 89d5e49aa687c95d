import type { ElementDefinition } from 'fhir/r4.js';
import { hasForbiddenCodePoint } from '../mapping/code-points.ts';
import type { R4Index } from './r4-definitions.ts';
import { isObject, type JsonObject, type Visited } from './resource-walk.ts';

/** What is wrong with one element by itself: each in words, without its value. */
export function elementFaults({ value, type, definition }: Visited, index: R4Index): readonly string[] {
  // The validator tells each null, and knows where one may stand.
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return [value.length === 0 ? 'is empty' : 'is a list in a list'];
  if (index.isPrimitive(type)) return typeof value === 'string' ? textFaults(value, type, definition, index) : [];
  if (!isObject(value)) return [`takes an object of ${type}`];
  if (definition?.type?.[0]?.code === 'Resource' && !index.isResource(type)) {
    return ['is no resource that may stand here'];
  }
  return objectFaults(value, type, index);
}

function textFaults(
  text: string,
  type: string,
  definition: ElementDefinition | undefined,
  index: R4Index,
): readonly string[] {
  const { strength, valueSet } = definition?.binding ?? {};
  const codes = strength === 'required' && valueSet !== undefined ? index.codes(valueSet) : undefined;
  // A server may take white space for nothing. What is wide or does not break is no white space to R4.
  const blank = /^[ \t\r\n]*$/.test(text);
  return [
    ...(blank ? ['is empty or blank'] : []),
    ...(!blank && index.format(type)?.test(text) === false ? [`is no ${type}`] : []),
    ...(hasForbiddenCodePoint(text) ? ['holds a code point that FHIR forbids'] : []),
    ...(codes?.has(text) === false ? [`is no code of ${valueSet}`] : []),
  ];
}

function objectFaults(object: JsonObject, type: string, index: R4Index): readonly string[] {
  const names = Object.keys(object);
  const hollow = names.every((name) => name === 'id' || name === 'resourceType');
  return [
    ...(hollow ? ['is empty'] : []),
    ...doubledChoices(names, type, index),
    // R4 asks for none; an identifier without a value identifies nothing.
    ...(type === 'Identifier' && object['value'] === undefined ? ['has no value'] : []),
  ];
}

/** `value[x]` has one type. */
function doubledChoices(names: readonly string[], type: string, index: R4Index): readonly string[] {
  const choices = names.flatMap((name) => {
    const path = name.startsWith('_') ? undefined : index.element(type, name)?.definition.path;
    return path?.endsWith('[x]') === true ? [path] : [];
  });
  const doubled = choices.filter((path, position) => choices.indexOf(path) !== position);
  return [...new Set(doubled)].map((path) => `has more than one ${path.slice(path.lastIndexOf('.') + 1)}`);
}
