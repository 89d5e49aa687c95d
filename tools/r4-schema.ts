import {
  isComplex,
  primitiveTypes,
  r4Types,
  type ComplexType,
  type PrimitiveType,
  type R4Element,
  type TypeName,
} from '../src/mapping/r4-elements.ts';
import {
  argumentCheck,
  formulaSnippets,
  functionCheck,
  type FormulaFunction,
  type FormulaSpot,
  type Guide,
} from './formula-schema.ts';
import type { JsonSchema } from './json-schema.ts';
import type { R4Words } from './r4-words.ts';

export interface SchemaMaterial {
  readonly functions: readonly FormulaFunction[];
  readonly guide: Guide;
  readonly words: R4Words;
}

/**
 * The definition of a type. An overlay is merged into the maps of the mapping below and holds of those what differs, so
 * nothing is required in them. The items of a list are `whole`: what R4 requires must be there.
 */
export const typeRef = (type: TypeName, whole = false): JsonSchema => ({
  $ref: `#/definitions/${whole && isComplex(type) && requirements(type) !== undefined ? `${type}-whole` : type}`,
});

/** One definition for each type of R4 that a mapping may write, and the shared ones of formulas. */
export function r4Definitions(material: SchemaMaterial): Readonly<Record<string, JsonSchema>> {
  const complex = Object.keys(r4Types).filter(isComplexName);
  return Object.fromEntries([
    ['arguments', argumentCheck(material.functions, material.guide)],
    ...primitiveTypes.map((type) => [type, primitiveSchema(type, material)]),
    ...complex.map((type) => [type, complexSchema(type, material)]),
    ...complex.flatMap((type) => {
      const then = requirements(type);
      if (then === undefined || type === 'Communication') return [];
      return [[`${type}-whole`, { allOf: [typeRef(type)], if: { type: 'object' }, then }]];
    }),
  ]);
}

const isComplexName = (name: string): name is ComplexType => Object.hasOwn(r4Types, name);

/** What must be in a map of that type. */
function requirements(type: ComplexType): JsonSchema | undefined {
  const { elements, exactlyOne, someOf } = r4Types[type];
  const required = Object.keys(elements).filter((name) => elements[name]?.required);
  const needed = exactlyOne ?? someOf;
  if (required.length === 0 && needed === undefined) return undefined;
  const errorMessage = `Needs one of: ${needed?.join(', ')}.`;
  return {
    ...(required.length === 0 ? {} : { required }),
    ...(needed === undefined ? {} : { anyOf: needed.map((name) => ({ required: [name], errorMessage })) }),
  };
}

/** Of some elements there is one at most: beside each, only those may stand that are none of them. */
function oneAtMost(type: ComplexType): JsonSchema {
  const { elements, exactlyOne = [], oneAtMost: alternatives = exactlyOne } = r4Types[type];
  const others = Object.keys(elements).filter((name) => !alternatives.includes(name));
  const beside = (name: string): JsonSchema => ({
    properties: Object.fromEntries([...others, name].map((each) => [each, true])),
    additionalProperties: false,
    errorMessage: `One of these too many: ${name} stands beside it.`,
  });
  return alternatives.length === 0
    ? {}
    : { dependencies: Object.fromEntries(alternatives.map((name) => [name, beside(name)])) };
}

/** A map of the type's elements, or a formula that gives one. */
function complexSchema(type: ComplexType, material: SchemaMaterial): JsonSchema {
  const aFormula = formulaOnly(
    { type },
    `Takes a ${type}: a map of its elements, or a formula that gives one.`,
    material,
  );
  return {
    properties: Object.fromEntries(
      Object.entries(r4Types[type].elements).map(([name, element]) => [
        name,
        { description: meaning(type, name, element, material.words), ...elementSchema(element, material) },
      ]),
    ),
    additionalProperties: false,
    ...oneAtMost(type),
    // The file itself is a map.
    ...(type === 'Communication' ? { type: 'object' } : { type: ['object', 'string'], ...aFormula }),
  };
}

function meaning(owner: ComplexType, name: string, { type, list }: R4Element, words: R4Words): string {
  return `${words.meaningOf(owner, name)} (${list ? 'list of ' : ''}${type})`;
}

function elementSchema({ type, list, codes }: R4Element, material: SchemaMaterial): JsonSchema {
  if (!list) return codes === undefined ? typeRef(type) : codeSchema(codes, material);
  return {
    type: ['array', 'string'],
    items: codes === undefined ? typeRef(type, true) : codeSchema(codes, material),
    minItems: 1,
    pattern: String.raw`^=omit\(\)$`,
    patternErrorMessage: 'Takes a list: put "- " before each of its items. In an overlay =omit() leaves it out.',
  };
}

const fitting = (spot: FormulaSpot, { functions }: SchemaMaterial): readonly FormulaFunction[] =>
  functions.filter(({ fits }) => fits(spot));

/** The formulas that may stand there. */
function formulas(
  spot: FormulaSpot,
  material: SchemaMaterial,
): Required<Pick<JsonSchema, 'allOf' | 'defaultSnippets'>> {
  const functions = fitting(spot, material);
  return {
    allOf: [functionCheck(functions, material.guide), { $ref: '#/definitions/arguments' }],
    defaultSnippets: formulaSnippets(functions, material.guide),
  };
}

/** A text that is no formula is wrong there. */
function formulaOnly(spot: FormulaSpot, otherwise: string, material: SchemaMaterial): JsonSchema {
  const { allOf, defaultSnippets } = formulas(spot, material);
  return { allOf: [{ pattern: '^=', patternErrorMessage: otherwise }, ...allOf], defaultSnippets };
}

/** One of the codes of a required value set. */
function codeSchema(codes: readonly string[], material: SchemaMaterial): JsonSchema {
  const { allOf, defaultSnippets } = formulas({ type: 'code', codes }, material);
  return {
    type: 'string',
    if: { type: 'string', pattern: '^=' },
    then: { allOf },
    else: { enum: codes },
    // Where nothing is written yet, an editor looks into neither.
    defaultSnippets: [...codes.map((code) => ({ label: code, description: '', body: code })), ...defaultSnippets],
  };
}

function primitiveSchema(type: PrimitiveType, material: SchemaMaterial): JsonSchema {
  const json = jsonTypes[type];
  if (json !== undefined) {
    const otherwise = `Takes a ${type} without quotes, or a formula that gives one.`;
    return { type: [json, 'string'], ...formulaOnly({ type }, otherwise, material) };
  }
  const { allOf, defaultSnippets } = formulas({ type }, material);
  const pattern = material.words.patternOf(type);
  const constant = { pattern: `^(?:=.*|${pattern})$`, patternErrorMessage: `Is no ${type}, and no formula.` };
  return {
    type: 'string',
    minLength: 1,
    allOf: [...(pattern === undefined ? [] : [constant]), ...allOf],
    defaultSnippets,
  };
}

/** Types that are not written as text. */
const jsonTypes: Partial<Readonly<Record<PrimitiveType, 'boolean' | 'integer' | 'number'>>> = {
  boolean: 'boolean',
  integer: 'integer',
  decimal: 'number',
};
