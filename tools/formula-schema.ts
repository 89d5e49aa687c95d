import { columnFunctions } from '../src/mapping/column-functions.ts';
import { constantFunctions, misfit } from '../src/mapping/formula-binding.ts';
import type { TypeName } from '../src/mapping/r4-elements.ts';
import { settingValues } from '../src/mapping/settings.ts';
import { fieldFunctions, type FieldFunction } from '../src/mapping/value-functions.ts';
import type { JsonSchema, Snippet } from './json-schema.ts';

/** What a formula fills; undefined codes: any. */
export interface FormulaSpot {
  readonly type: TypeName;
  readonly codes?: readonly string[] | undefined;
}

/** A function as an editor checks and offers it. */
export interface FormulaFunction {
  readonly name: string;
  /** Whether what it gives may go there. */
  readonly fits: (spot: FormulaSpot) => boolean;
  /** Whether it asks a decision table, or names what stands beside the tables. */
  readonly ofColumn: boolean;
  /** What may stand between its brackets: a regular expression. */
  readonly inside: string;
  /** The same with places to fill. */
  readonly places: string;
}

/** How each function is written and what it gives, in the words of the guide. */
export type Guide = ReadonlyMap<string, { readonly written: string; readonly gives: string }>;

/** Reads the table of functions of `mappings/README.md`: one telling for people and for editors. */
export function readGuide(page: string): Guide {
  return new Map(
    [...page.matchAll(/^\| `(=(\w+)\([^`]*\))` \| (.+) \|$/gm)].map(([, written = '', name = '', gives = '']) => [
      name,
      { written, gives: gives.replaceAll('`', '') },
    ]),
  );
}

/** The closed list of functions, for the fields of a source. */
export function formulaFunctions(fields: readonly string[]): readonly FormulaFunction[] {
  return [
    ...Object.entries<FieldFunction>(fieldFunctions).map(
      ([
        name,
        {
          gives,
          fields: { atLeast, atMost },
        },
      ]) => ({
        name,
        fits: (spot: FormulaSpot) => misfit(name, gives, { path: '', ...spot }) === undefined,
        ofColumn: false,
        ...oneOf(fields, atLeast, atMost),
      }),
    ),
    ...Object.entries(columnFunctions).map(([name, { gives, names }]) => ({
      name,
      fits: ({ type }: FormulaSpot) => gives === undefined || gives === type,
      ofColumn: true,
      inside: names === undefined ? `${word}\\.${word}` : `${word}(?:\\.${word})?`,
      places: '${1:table}.${2:column}',
    })),
    ...Object.entries(constantFunctions).map(([name, { takes, gives }]) => ({
      name,
      fits: (spot: FormulaSpot) => gives === undefined || misfit(name, gives, { path: '', ...spot }) === undefined,
      ofColumn: false,
      ...(takes === 0 ? nothing : name === 'setting' ? oneOf(Object.keys(settingValues)) : anyName),
    })),
  ];
}

const word = '[^.,()]+';
const nothing = { inside: '\\s*', places: '' };
const anyName = { inside: '[^,()]+', places: '${1:name}' };

function oneOf(names: readonly string[], atLeast = 1, atMost = 1): Pick<FormulaFunction, 'inside' | 'places'> {
  const one = `\\s*(?:${names.map((name) => name.replaceAll('.', '\\.')).join('|')})\\s*`;
  const more = `{${atLeast - 1},${atMost === Infinity ? '' : atMost - 1}}`;
  return {
    inside: atMost === 1 ? one : `${one}(?:,${one})${more}`,
    places: Array.from({ length: atLeast }, (_, at) => `\${${at + 1}|${names.join(',')}|}`).join(', '),
  };
}

/** Holds for a text that is no formula, and for a formula of one of these functions. */
export const functionCheck = (functions: readonly FormulaFunction[], guide: Guide): JsonSchema => ({
  pattern: `^(?!=)|^=(?:${namesOf(functions)})\\(`,
  patternErrorMessage: `No function that goes here. There are: ${functions.map(({ name }) => signature(name, guide)).join(', ')}`,
});

/** Holds for a formula whose function is given what it takes; an unknown function is told by the other check. */
export function argumentCheck(functions: readonly FormulaFunction[], guide: Guide): JsonSchema {
  const alike = Map.groupBy(functions, ({ inside }) => inside);
  const written = [...alike].map(([inside, group]) => `(?:${namesOf(group)})\\(${inside}\\)`);
  return {
    // Told where the mouse rests on a formula, as the heading: below it stands what the element is for.
    anyOf: [
      ...functions.map(({ name }) => ({
        pattern: `^=${name}\\(`,
        title: `${signature(name, guide)}: ${guide.get(name)?.gives}`,
      })),
      {},
    ],
    pattern: `^(?!=(?:${namesOf(functions)})\\()|^=(?:${written.join('|')})$`,
    patternErrorMessage:
      'Wrong arguments: write fields of the source to the letter, or table.column, or a name. Inside [ ] or { } a formula with a comma needs quotes around it.',
  };
}

const namesOf = (functions: readonly FormulaFunction[]): string => functions.map(({ name }) => name).join('|');

/** What an editor offers for these functions. */
export const formulaSnippets = (functions: readonly FormulaFunction[], guide: Guide): readonly Snippet[] =>
  functions.map(({ name, places }) => ({
    label: signature(name, guide),
    description: guide.get(name)?.gives ?? '',
    body: `=${name}(${places})`,
  }));

const signature = (name: string, guide: Guide): string => guide.get(name)?.written ?? `=${name}()`;
