import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Communication } from 'fhir/r4.js';
import { exampleNames, mapExample } from '../../src/mapping/examples.ts';
import { messageResultFields } from '../../src/sources/dialog-health/message-result.ts';

const base = fileURLToPath(new URL('../../mappings/dialog-health', import.meta.url));
const dialectsFolder = join(base, 'dialects');

/** The dialects that come with the program. */
export const dialects: readonly string[] = readdirSync(dialectsFolder);

/** A Communication as the mapping makes it of the row of an example. */
export interface ExampleCommunication {
  /** The example's folder and file. */
  readonly name: string;
  readonly resource: Communication;
}

/** All that the mapping, or a dialect over it, makes of the rows of its own examples. */
export function communicationsOf(dialect?: string): readonly ExampleCommunication[] {
  const layers = dialect === undefined ? ([base] as const) : ([base, join(dialectsFolder, dialect)] as const);
  return exampleNames(layers).flatMap((example) =>
    mapExample({ layers, fields: messageResultFields }, example).flatMap(({ file, given }) =>
      isCommunication(given) ? [{ name: `${example}/${file}`, resource: given }] : [],
    ),
  );
}

const isCommunication = (given: unknown): given is Communication =>
  typeof given === 'object' && given !== null && 'resourceType' in given && given.resourceType === 'Communication';
