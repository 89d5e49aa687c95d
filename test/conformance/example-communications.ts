import { exampleNames, mapExample } from '../../src/mapping/examples.ts';
import { fields, folder } from '../mapping/dialog-health.ts';

/** A Communication as the mapping makes it of the row of an example. */
export interface ExampleCommunication {
  /** Mapping or dialect, example and file. */
  readonly name: string;
  readonly resource: unknown;
}

/** All that the mapping makes of the rows of its examples. */
export const exampleCommunications: readonly ExampleCommunication[] = exampleNames(folder).flatMap((example) =>
  mapExample({ folder, fields }, example)
    .filter(({ file }) => file !== 'problem.json')
    .map(({ file, given }) => ({ name: `${example}/${file}`, resource: given })),
);
