import type { ElementDefinition } from 'fhir/r4.js';
import { hasForbiddenCodePoint } from '../mapping/code-points.ts';
import type { R4Index } from './r4-definitions.ts';
import { isObject, noElement, noResource, type JsonObject, type Visited } from './resource-walk.ts';

/** What is wrong with one element by itself: each in words, without its value. */
export function elementFaults({ value, type, definition }: Visited, index: R4Index): readonly string[] {
  if (type === noElement) return ['is no element here'];
  // The validator tells each null, and knows where one may stand.
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return [value.length === 0 ? 'is empty' : 'is a list in a list'];
  if (index.isPrimitive(type)) {
    if (typeof value === 'string') return textFaults(value, type, definition, index);
    // The validator tells a number for a text.
    return typeof value === 'object' ? [`is no ${type}`] : [];
  }
  if (!isObject(value)) return [`takes an object of ${type}`];
  if (type === noResource) return ['is no resource that may stand here'];
  return objectFaults(value, type, index);
}

const uri = /^\S+$/;
const xhtml = /^<div xmlns="http:\/\/www\.w3\.org\/1999\/xhtml"[^]*<\/div>$/;

/** Where the page of a type says more than its pattern: an address is that of its RFC, a code has single spaces alone. */
const stricter: Readonly<Record<string, RegExp>> = { uri, url: uri, canonical: uri, code: /^\S+(?: \S+)*$/, xhtml };

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
    ...(!blank && !isWritten(text, type, index) ? [`is no ${type}`] : []),
    ...(hasForbiddenCodePoint(text) ? ['holds a code point that FHIR forbids'] : []),
    ...(codes?.has(text) === false ? [`is no code of ${valueSet}`] : []),
  ];
}

const isWritten = (text: string, type: string, index: R4Index): boolean =>
  index.format(type)?.test(text) !== false && stricter[type]?.test(text) !== false;

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
