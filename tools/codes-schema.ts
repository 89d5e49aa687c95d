import { rejections } from '../src/mapping/decision-table.ts';
import { neededSettings } from '../src/mapping/settings.ts';
import { formulaSnippets, functionCheck } from './formula-schema.ts';
import type { JsonSchema } from './json-schema.ts';
import { typeRef, type SchemaMaterial } from './r4-schema.ts';

/** `codes.yaml`: decision tables, and what their cells name. */
export const codesSchema: JsonSchema = {
  type: 'object',
  properties: {
    tables: named('Decision tables. In each the first row that fits wins.', { $ref: '#/definitions/table' }),
    codings: named('What =coding() gives.', typeRef('Coding', true)),
    parties: named('What =party() and =contained() give.', {
      type: 'object',
      properties: {
        reference: { description: 'How the party is referenced.', ...typeRef('Reference', true) },
        contained: {
          description: 'The resource that the reference points to inside the Communication, if any.',
          ...typeRef('RelatedPerson', true),
        },
      },
      required: ['reference'],
      additionalProperties: false,
    }),
  },
  additionalProperties: false,
};

function named(description: string, schema: JsonSchema): JsonSchema {
  return { description, type: 'object', additionalProperties: schema };
}

/** What the tables of `codes.yaml` are made of. */
export function tableDefinitions(
  fields: readonly string[],
  { functions, guide }: SchemaMaterial,
): Readonly<Record<string, JsonSchema>> {
  const inCells = functions.filter(({ ofColumn }) => !ofColumn);
  return {
    field: { description: 'A field of the source.', enum: fields },
    cell: {
      description:
        'First what the fields under when must be: "*" fits anything, "" a field without text. Then what the columns under then become: "-" is nothing. skip or reject stand for all of the columns.',
      type: 'string',
      allOf: [functionCheck(inCells, guide), { $ref: '#/definitions/arguments' }],
      defaultSnippets: formulaSnippets(inCells, guide),
    },
    table: {
      type: 'object',
      properties: {
        when: { description: 'The fields that the rows look at.', ...listOf({ $ref: '#/definitions/field' }) },
        then: { description: 'The columns that the rows fill: names of your choice.', ...listOf({ type: 'string' }) },
        exact: {
          description: 'Fields of when that must be the same to the letter.',
          ...listOf({ $ref: '#/definitions/field' }),
        },
        reject: { description: 'What a record is called that the table rejects.', enum: rejections },
        rows: {
          description: 'The rows, each a list: first what the fields must be, then what the columns become.',
          ...listOf({ type: 'array', minItems: 2, items: { $ref: '#/definitions/cell' } }),
        },
      },
      required: ['rows'],
      additionalProperties: false,
    },
  };
}

const listOf = (items: JsonSchema): JsonSchema => ({ type: 'array', minItems: 1, items });

/** `needs.yaml` of an overlay: what the EHR it is for wants of the settings. */
export const needsSchema: JsonSchema = {
  type: 'object',
  properties: {
    needs: {
      description: 'What this layer wants of the settings. Another configuration is refused at start.',
      ...listOf({
        type: 'object',
        properties: {
          setting: { description: 'The setting.', enum: Object.keys(neededSettings) },
          is: {
            description: 'What it must be: a text or several, to the letter or the beginning of one (Group/*).',
            type: ['string', 'array'],
            items: { type: 'string' },
            minItems: 1,
          },
          because: { description: 'What is told to whom it is set otherwise.', type: 'string' },
        },
        required: ['setting', 'is', 'because'],
        additionalProperties: false,
      }),
    },
  },
  required: ['needs'],
  additionalProperties: false,
};
