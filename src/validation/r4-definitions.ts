import { readFileSync } from 'node:fs';
import type {
  ElementDefinition,
  ElementDefinitionConstraint,
  ElementDefinitionType,
  StructureDefinition,
} from 'fhir/r4.js';

/** The packaged extract of the definitions of R4; `tools/r4-definitions.ts` makes it. */
export interface R4Definitions {
  readonly structures: readonly StructureDefinition[];
  /** The codes of each required value set by its canonical; null where no list can hold them (MIME types, currencies). */
  readonly valueSets: Readonly<Record<string, readonly string[] | null>>;
}

const file = new URL('../../fhir/hl7/r4-definitions.json', import.meta.url);

export function readR4Definitions(): R4Definitions {
  const definitions: R4Definitions = JSON.parse(readFileSync(file, 'utf8'));
  return definitions;
}

/** What R4 says about an element, found by the name it has in JSON. */
export interface DefinedElement {
  readonly definition: ElementDefinition;
  /** A type of data, `Resource` for any of them, or the path of an element with elements of its own. */
  readonly type: string;
}

/** The definitions, made ready to be asked element by element. */
export interface R4Index {
  /** The element of a type (or of a path such as `Communication.payload`) by its name in JSON. */
  readonly element: (type: string, name: string) => DefinedElement | undefined;
  readonly isResource: (type: string) => boolean;
  readonly isPrimitive: (type: string) => boolean;
  /** Whether R4 knows a type of that name, here or not. */
  readonly isNameOfType: (name: string) => boolean;
  /** The codes of a required value set; undefined where no list can hold them. */
  readonly codes: (valueSet: string) => ReadonlySet<string> | undefined;
  /** What must hold in every value of a type of data, and in every resource. */
  readonly invariants: (type: string) => readonly ElementDefinitionConstraint[];
  /** What a primitive looks like as a text; undefined where R4 does not say, or it is no text. */
  readonly format: (type: string) => RegExp | undefined;
}

/**
 * The primitives that are JSON strings and have a pattern. base64Binary has one that some texts keep busy for ever; the
 * validator reads it without.
 */
const written = 'string markdown code id uri url canonical oid uuid date dateTime instant time'.split(' ');

export function indexed({ structures, valueSets }: R4Definitions): R4Index {
  const kinds = new Map(structures.map(({ type, kind }) => [type, kind]));
  const elements = new Map<string, Map<string, DefinedElement>>();
  const formats = new Map<string, RegExp>();
  const invariants = new Map<string, readonly ElementDefinitionConstraint[]>();
  for (const definition of structures.flatMap(({ snapshot }) => snapshot?.element ?? [])) {
    const dot = definition.path.lastIndexOf('.');
    if (dot === -1) invariants.set(definition.path, definition.constraint ?? []);
    if (dot === -1) continue;
    const parent = definition.path.slice(0, dot);
    const known = elements.get(parent) ?? new Map<string, DefinedElement>();
    for (const { name, type } of formsOf(definition)) known.set(name, { definition, type });
    elements.set(parent, known);
    const [type] = definition.type ?? [];
    const regex = type && extensionOf(type, 'regex');
    if (regex !== undefined && written.includes(parent)) formats.set(parent, anchored(regex));
  }
  const inner = (path: string): boolean => elements.has(path);
  const isPrimitive = (type: string): boolean => kinds.get(type) === 'primitive-type';
  const codes = new Map(
    Object.entries(valueSets).flatMap(([url, listed]) => (listed === null ? [] : [[url, new Set(listed)] as const])),
  );
  const names = codes.get('http://hl7.org/fhir/ValueSet/all-types|4.0.1') ?? new Set();
  return {
    element(parent, name) {
      const known = elements.get(parent)?.get(name);
      if (known !== undefined) return inner(known.definition.path) ? { ...known, type: known.definition.path } : known;
      // What stands beside a primitive: its id and extensions.
      const beside = name.startsWith('_') ? elements.get(parent)?.get(name.slice(1)) : undefined;
      return beside !== undefined && isPrimitive(beside.type) ? { ...beside, type: 'Element' } : undefined;
    },
    isResource: (type) => kinds.get(type) === 'resource',
    isPrimitive,
    isNameOfType: (name) => names.has(name),
    codes: (valueSet) => codes.get(valueSet),
    invariants: (type) => invariants.get(type) ?? [],
    format: (type) => formats.get(type),
  };
}

/** The names an element may have in JSON, each with its type: `value[x]` has one for each of its types. */
function formsOf({ path, type = [], contentReference }: ElementDefinition): readonly { name: string; type: string }[] {
  const name = path.slice(path.lastIndexOf('.') + 1);
  if (contentReference !== undefined)
    return [{ name, type: contentReference.slice(contentReference.indexOf('#') + 1) }];
  if (!name.endsWith('[x]'))
    return type
      .slice(0, 1)
      .map((each) => ({ name, type: extensionOf(each, 'structuredefinition-fhir-type') ?? each.code }));
  return type.map((each) => ({ name: `${name.slice(0, -3)}${capital(each.code)}`, type: each.code }));
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** The value of one of the two extensions that say what a primitive is. */
function extensionOf({ extension }: ElementDefinitionType, id: string): string | undefined {
  const found = extension?.find(({ url }) => url === `http://hl7.org/fhir/StructureDefinition/${id}`);
  return found?.valueUrl ?? found?.valueString;
}

/**
 * R4's patterns are those of XML Schema, whose white space is space, tab, and line ends alone: a text of no-break
 * spaces (U+00A0) or of other wide ones (U+2028, U+3000) is a text.
 */
const anchored = (pattern: string): RegExp =>
  new RegExp(`^(?:${pattern.replaceAll(String.raw`\s`, whiteSpace).replaceAll(String.raw`\S`, otherThanThat)})$`, 'v');

const whiteSpace = String.raw`[ \t\r\n]`;
const otherThanThat = String.raw`[^ \t\r\n]`;
