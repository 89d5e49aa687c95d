import type { ElementDefinition, StructureDefinition, StructureDefinitionContext } from 'fhir/r4.js';

/** What may be in an extension, or in one part of it. */
export interface ExtensionContent {
  /** `valueString`, `valueCoding`, …; undefined: any. */
  readonly values: readonly string[] | undefined;
  /** The parts of a complex extension by their url; undefined: any. */
  readonly parts: ReadonlyMap<string, ExtensionPart> | undefined;
}

export interface ExtensionPart extends ExtensionContent {
  readonly min: number;
  readonly max: number;
}

/** What a StructureDefinition says about an extension: where it may stand, and what is in it. */
export interface ExtensionDefinition extends ExtensionContent {
  readonly contexts: readonly StructureDefinitionContext[];
}

/** The extensions among the definitions, by url. */
export function knownExtensions(definitions: readonly StructureDefinition[]): ReadonlyMap<string, ExtensionDefinition> {
  const extensions = definitions.filter(({ type, derivation }) => type === 'Extension' && derivation === 'constraint');
  return new Map(
    extensions.map(({ url, context = [], snapshot, differential }) => {
      const elements = new Map(
        (snapshot ?? differential)?.element.map((element) => [element.id ?? element.path, element]),
      );
      return [url, { contexts: context, ...contentOf('Extension', elements) }];
    }),
  );
}

type Elements = ReadonlyMap<string, ElementDefinition>;

function contentOf(id: string, elements: Elements): ExtensionContent {
  const value = elements.get(`${id}.value[x]`);
  const values = value?.type?.map(({ code }) => `value${code.slice(0, 1).toUpperCase()}${code.slice(1)}`);
  const slice = `${id}.extension:`;
  const parts = [...elements.keys()].filter(
    (each) => each.startsWith(slice) && !each.slice(slice.length).includes('.'),
  );
  const closed = parts.length > 0 || elements.get(`${id}.extension`)?.max === '0';
  return {
    values: value?.max === '0' ? [] : values,
    parts: closed ? new Map(parts.map((part) => partOf(part, elements))) : undefined,
  };
}

function partOf(id: string, elements: Elements): readonly [string, ExtensionPart] {
  const { min = 0, max = '*', sliceName } = elements.get(id) ?? {};
  const url = elements.get(`${id}.url`)?.fixedUri ?? sliceName ?? '';
  return [url, { min, max: max === '*' ? Infinity : Number(max), ...contentOf(id, elements) }];
}
