import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { sourceKinds } from '../src/sources/registry.ts';
import { codesSchema, needsSchema, tableDefinitions } from './codes-schema.ts';
import { formulaFunctions, readGuide } from './formula-schema.ts';
import type { JsonSchema } from './json-schema.ts';
import { r4Definitions } from './r4-schema.ts';
import { readR4Words } from './r4-words.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export const schemaFile = here('../mappings/mapping.schema.json');

/**
 * What editors complete and check mapping files with: one schema for outgoing.yaml and reply.yaml, codes.yaml, and
 * needs.yaml, told apart by what is in them. Made of the same lists that the mapping is checked with when it is loaded.
 * It knows each file alone: whether a table or a column exists is told when the mapping is loaded.
 */
export function mappingSchema(): JsonSchema {
  const fields = Object.values(sourceKinds).flatMap((kind) => kind.fields);
  const material = {
    functions: formulaFunctions(fields),
    guide: readGuide(readFileSync(here('../mappings/README.md'), 'utf8')),
    words: readR4Words(),
  };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $comment: 'Made by "npm run schema". The meanings of elements are those of HL7 FHIR R4.',
    description: 'A mapping file of dialog-health-fhir.',
    type: 'object',
    if: { anyOf: ['tables', 'codings', 'parties'].map((section) => ({ required: [section] })) },
    then: { $ref: '#/definitions/codes' },
    else: {
      if: { required: ['needs'] },
      then: { $ref: '#/definitions/needs' },
      else: { $ref: '#/definitions/Communication' },
    },
    definitions: {
      ...r4Definitions(material),
      ...tableDefinitions(fields, material),
      codes: codesSchema,
      needs: needsSchema,
    },
  };
}

/** The text of the file, as prettier writes it. */
export async function schemaText(): Promise<string> {
  const options = (await resolveConfig(schemaFile)) ?? {};
  return format(JSON.stringify(mappingSchema()), { ...options, filepath: schemaFile });
}

if (import.meta.main) writeFileSync(schemaFile, await schemaText());
