import { mistaken, type Prepared } from './evaluation.ts';
import { almostFormula, nothingToOmit, prepareFormula } from './formula-binding.ts';
import { joinedList, joinedMap, type Part } from './joining.ts';
import type { ListNode, MapEntry, MapNode, MappingNode, ValueNode } from './mapping-file.ts';
import { hint, type Place, type Report } from './mistakes.ts';
import type { Preparing, Spot } from './preparing.ts';
import { primitiveChecks } from './primitive-check.ts';
import { isComplex, r4Types, type ComplexType, type R4Element } from './r4-elements.ts';

/** Makes one part of a mapping ready. A mistake is reported, and the part absent. */
export function prepare(node: MappingNode, spot: Spot, preparing: Preparing): Prepared {
  const { path, type } = spot;
  if (node.kind === 'value' && typeof node.value === 'string' && node.value.startsWith('=')) {
    const { value: text, place } = node;
    return preparing.traced({ kind: 'formula', place, text }, () => prepareFormula(text, place, spot, preparing));
  }
  if (isComplex(type)) {
    if (node.kind === 'map') return prepareMap(node, type, path, preparing);
    const cure = isPair(node) ? '. A colon wants a space after it' : '';
    return mistake(node.place, `takes a ${type}: a map of its elements, or a formula that gives one${cure}`);
  }
  if (node.kind === 'value') return prepareConstant(node, spot, preparing);
  return mistake(node.place, `takes one ${type}`);

  function mistake(place: Place, message: string): Prepared {
    preparing.report(place, path, message);
    return mistaken;
  }
}

/** `text:=trim(carrier)` is one text to YAML. */
const isPair = (node: MappingNode): boolean => node.kind === 'value' && /^\w+:\S/.test(String(node.value));

function prepareMap(node: MapNode, type: ComplexType, path: string, preparing: Preparing): Prepared {
  const { elements } = r4Types[type];
  const parts = node.entries.flatMap((entry): readonly Part[] => {
    const { key, place } = entry;
    const element = Object.hasOwn(elements, key) ? elements[key] : undefined;
    const below = path === '' ? key : `${path}.${key}`;
    if (element !== undefined) return [{ name: key, prepared: prepareElement(entry, element, below, preparing) }];
    preparing.report(place, below, `is no element of ${type}${hint(key, Object.keys(elements))}`);
    return [];
  });
  if (type === 'Extension') reportRelativeUrl(node, path, preparing.report);
  const joined = joinedMap(parts);
  reportMissing(node, type, path, preparing.report);
  if (joined.kind !== 'absent') reportAlwaysEmpty(node, type, parts, path, preparing.report);
  return joined;
}

/** Only inside another extension a name is enough. */
function reportRelativeUrl(node: MapNode, path: string, report: Report): void {
  const url = node.entries.find(({ key }) => key === 'url')?.node;
  if (url?.kind !== 'value' || /\bextension\[\d+\]\.extension\[\d+\]$/.test(path)) return;
  const text = String(url.value);
  if (text.startsWith('=') || /^[A-Za-z][\w+.-]*:/.test(text)) return;
  report(
    url.place,
    `${path}.url`,
    `"${text}" is no web address, such as https://fhir.your-hospital.org/StructureDefinition/${text}`,
  );
}

/** Elements that R4 wants in a type, and are not written. */
function reportMissing(node: MapNode, type: ComplexType, path: string, report: Report): void {
  const { elements, exactlyOne, oneAtMost, someOf } = r4Types[type];
  const owner = path === '' ? type : path;
  const has = (name: string): boolean => node.entries.some(({ key }) => key === name);
  for (const [name, { required }] of Object.entries(elements)) {
    if (required && !has(name)) report(node.place, owner, `needs the element "${name}"`);
  }
  const found = exactlyOne?.filter(has);
  if (exactlyOne !== undefined && found?.length !== 1) {
    const wanted = type === 'Extension' ? 'one value[x], or extension' : exactlyOne.join(' or ');
    const has = found === undefined || found.length === 0 ? 'none' : found.join(' and ');
    report(node.place, owner, `needs exactly one of: ${wanted}; it has ${has}`);
  }
  const together = oneAtMost?.filter(has) ?? [];
  if (together.length > 1) report(node.place, owner, `takes one of: ${together.join(', ')}; take the others out`);
  if (someOf !== undefined && !someOf.some(has)) report(node.place, owner, `needs one of: ${someOf.join(', ')}`);
}

/** A required element that an empty setting makes empty would have every record refused. */
function reportAlwaysEmpty(
  node: MapNode,
  type: ComplexType,
  parts: readonly Part[],
  path: string,
  report: Report,
): void {
  for (const { name, prepared } of parts) {
    if (prepared.kind !== 'absent' || prepared.mistaken || r4Types[type].elements[name]?.required !== true) continue;
    const place = node.entries.find(({ key }) => key === name)?.place ?? node.place;
    const cure = 'would always be empty, and is required beside the others: see the settings it is made of';
    report(place, path === '' ? name : `${path}.${name}`, cure);
  }
}

function prepareElement(
  { node, place }: MapEntry,
  { type, list, codes }: R4Element,
  path: string,
  preparing: Preparing,
): Prepared {
  if (!list) {
    if (node.kind !== 'list') return prepare(node, { path, type, codes }, preparing);
    preparing.report(place, path, 'takes one value; take the list away');
    return mistaken;
  }
  if (node.kind === 'list') return prepareList(node, { path, type, codes }, preparing);
  const omits = node.kind === 'value' && node.value === '=omit()';
  if (omits) preparing.report(node.place, path, nothingToOmit);
  else preparing.report(place, path, 'takes a list; put "- " before each of its items');
  return mistaken;
}

function prepareList(node: ListNode, spot: Spot, preparing: Preparing): Prepared {
  if (node.items.length === 0) preparing.report(node.place, spot.path, 'is empty; take the line out');
  return joinedList(
    node.items.map((item, index) => prepare(item, { ...spot, path: `${spot.path}[${index}]` }, preparing)),
  );
}

/** A constant must be what R4 wants there, to the JSON type: `"true"` is no boolean. */
function prepareConstant(node: ValueNode, { path, type, codes }: Spot, preparing: Preparing): Prepared {
  const { report, traced, surroundings } = preparing;
  const { value, place } = node;
  const meant = almostFormula(String(value), surroundings.fields);
  if (meant !== undefined) {
    report(place, path, `"${value}" ${meant}`);
    return mistaken;
  }
  if (codes !== undefined && !codes.includes(String(value))) {
    report(place, path, `"${value}" is no code of this element${hint(String(value), codes)}`);
    return mistaken;
  }
  if (isComplex(type) || !primitiveChecks[type](value)) {
    const quotes = typeof value !== 'string' && !isComplex(type) && primitiveChecks[type](String(value));
    report(place, path, quotes ? `write "${value}" in quotes: it is a ${type}` : `"${value}" is no ${type}`);
    return mistaken;
  }
  return traced({ kind: 'constant', place }, () => ({ kind: 'constant', value, chosen: false }));
}
