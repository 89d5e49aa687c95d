import type { Communication } from 'fhir/r4.js';
import { primitiveChecks } from './primitive-check.ts';
import { isComplex, r4Types, type ComplexType, type R4Element, type TypeName } from './r4-elements.ts';

export type CommunicationCheck =
  | { readonly kind: 'valid'; readonly resource: Communication }
  /** `where` is the path of the first element that is wrong, such as `payload[0].contentString`. Never a value. */
  | { readonly kind: 'invalid'; readonly where: string };

/**
 * The R4 minimum that each Communication must meet before it may leave: known elements of the right JSON type, the
 * required ones there, nothing empty, codes of required value sets, references that lead somewhere. Refuses, never
 * repairs. Says nothing about profiles, terminologies and FHIRPath invariants; the tests ask a full validator.
 */
export function checkCommunication(resource: unknown): CommunicationCheck {
  if (isCommunication(resource)) return { kind: 'valid', resource };
  return { kind: 'invalid', where: firstFault(resource)?.slice(1) || 'Communication' };
}

/** Proved element by element. */
const isCommunication = (resource: unknown): resource is Communication => firstFault(resource) === undefined;

function firstFault(resource: unknown): string | undefined {
  const contained = containedIn(resource);
  return checks.Communication(resource, contained) ?? unusedFault(contained);
}

/** The ids of the contained resources, and those that something refers to. */
interface Contained {
  readonly ids: readonly unknown[];
  readonly used: Set<unknown>;
}

/** The path below the value at which it is wrong (`.name`, `[0].name`); '' is the value itself; undefined: it is good. */
type Check = (value: unknown, contained: Contained) => string | undefined;

/** Each made on first use, since types hold each other. */
const checks: Readonly<Record<ComplexType, Check>> = {
  Communication: onFirstUse('Communication'),
  CommunicationPayload: onFirstUse('CommunicationPayload'),
  RelatedPerson: onFirstUse('RelatedPerson'),
  Extension: onFirstUse('Extension'),
  Meta: onFirstUse('Meta'),
  Narrative: onFirstUse('Narrative'),
  Identifier: onFirstUse('Identifier'),
  CodeableConcept: onFirstUse('CodeableConcept'),
  Coding: onFirstUse('Coding'),
  Reference: onFirstUse('Reference'),
  ContactPoint: onFirstUse('ContactPoint'),
  HumanName: onFirstUse('HumanName'),
  Period: onFirstUse('Period'),
  Attachment: onFirstUse('Attachment'),
  Annotation: onFirstUse('Annotation'),
};

function onFirstUse(type: ComplexType): Check {
  let made: Check | undefined;
  return (value, contained) => {
    made ??= complexCheck(type);
    return made(value, contained);
  };
}

/** An element of a type, and what its presence counts for. */
interface KnownElement {
  readonly check: Check;
  readonly required: number;
  readonly alternative: number;
  readonly some: number;
}

const counts = (names: readonly string[] | undefined, name: string): number => (names?.includes(name) === true ? 1 : 0);

function complexCheck(type: ComplexType): Check {
  const { elements, exactlyOne, oneAtMost = exactlyOne, someOf } = r4Types[type];
  const names = Object.keys(elements);
  const required = names.filter((name) => elements[name]?.required);
  // An element of which nothing is there but its id is empty.
  const fillings = names.filter((name) => name !== 'id');
  const known = new Map(
    Object.entries(elements).map(([name, element]): [string, KnownElement] => [
      name,
      {
        check: elementCheck(element),
        required: counts(required, name),
        alternative: counts(oneAtMost, name),
        some: counts(someOf ?? fillings, name),
      },
    ]),
  );
  const isReference = type === 'Reference';
  return (value, contained) => {
    if (!isObject(value)) return '';
    let [found, alternatives, some] = [0, 0, 0];
    for (const name in value) {
      const element = known.get(name);
      if (element === undefined) return `.${name}`;
      const fault = element.check(value[name], contained);
      if (fault !== undefined) return `.${name}${fault}`;
      found += element.required;
      alternatives += element.alternative;
      some += element.some;
    }
    if (found < required.length) return `.${required.find((name) => value[name] === undefined)}`;
    if (alternatives > 1 || (exactlyOne !== undefined && alternatives === 0)) return '';
    if (some === 0) return '';
    return isReference ? referenceFault(value['reference'], contained) : undefined;
  };
}

function elementCheck({ type, list, codes }: R4Element): Check {
  const check = codes === undefined ? typeCheck(type) : codeCheck(codes);
  if (!list) return check;
  return (value, contained) => {
    if (!Array.isArray(value) || value.length === 0) return '';
    for (let index = 0; index < value.length; index += 1) {
      const fault = check(value[index], contained);
      if (fault !== undefined) return `[${index}]${fault}`;
    }
    return undefined;
  };
}

function codeCheck(codes: readonly string[]): Check {
  const known: ReadonlySet<unknown> = new Set(codes);
  return (value) => (known.has(value) ? undefined : '');
}

function typeCheck(type: TypeName): Check {
  if (isComplex(type)) return checks[type];
  const isGood = primitiveChecks[type];
  return (value) => (isGood(value) ? undefined : '');
}

/** `Patient/x`, `Patient?identifier=…`, an absolute address, or a `urn:`. */
const followable =
  /^(?:[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?|[A-Z][A-Za-z]+\?\S+|https?:\/\/[^\s/]\S*|urn:uuid:[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|urn:oid:[0-2](?:\.\d+)+)$/;

function referenceFault(reference: unknown, contained: Contained): string | undefined {
  if (typeof reference !== 'string') return undefined;
  if (!reference.startsWith('#')) return followable.test(reference) ? undefined : '.reference';
  const id = reference.slice(1);
  if (!contained.ids.includes(id)) return '.reference';
  contained.used.add(id);
  return undefined;
}

const nothing: Contained = { ids: [], used: new Set() };

function containedIn(resource: unknown): Contained {
  const list = isObject(resource) ? resource['contained'] : undefined;
  if (!Array.isArray(list)) return nothing;
  return { ids: list.map((each: unknown) => (isObject(each) ? each['id'] : undefined)), used: new Set() };
}

/** dom-3: what is contained must be referred to. */
function unusedFault({ ids, used }: Contained): string | undefined {
  const unused = ids.findIndex((id) => !used.has(id));
  return unused === -1 ? undefined : `.contained[${unused}]`;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
