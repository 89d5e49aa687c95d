import { extensionDefinitions } from './artefacts/extension-definitions.ts';
import { keySpace } from './exchange/record-key.ts';
import { exampleMessages, exampleNames } from './mapping/examples.ts';
import type { Layers } from './mapping/layers.ts';
import type { Mapping } from './mapping/mapping.ts';
import { fullValidator, type FullValidator } from './validation/full-validation.ts';

/**
 * Full validation as a site needs it: each extension called `sms-…` below its canonical base is one that `artefacts`
 * publishes, where it may stand, with what it may hold. A site's own have other names, and may stand anywhere.
 */
export const siteValidator = (canonicalBase: string): Promise<FullValidator> =>
  fullValidator({
    definitions: extensionDefinitions(canonicalBase),
    reserved: `${canonicalBase}/StructureDefinition/sms-`,
  });

/** One thing that full validation finds in the Communication of an example. */
export interface ExampleFault {
  readonly example: string;
  /** The element and what is wrong with it, as full validation tells it. */
  readonly fault: string;
}

export interface ValidatedExamples {
  /** How many Communications were validated. */
  readonly communications: number;
  readonly faults: readonly ExampleFault[];
}

/**
 * Maps the rows of the examples of every layer as the site is set up, and validates what comes out: also where the
 * site's own folder has no examples.
 */
export async function validateExamples(
  mapping: Mapping,
  layers: Layers,
  canonicalBase: string,
): Promise<ValidatedExamples> {
  const validate = await siteValidator(canonicalBase);
  const keys = keySpace(canonicalBase);
  const examples = layers.flatMap((folder) => exampleNames([folder]).map((name) => ({ folder, name })));
  const made = examples.flatMap(({ folder, name }) =>
    exampleMessages(folder, name, keys, mapping).flatMap((record) => {
      const mapped = mapping.map(record);
      return mapped.kind === 'communication' ? [{ example: name, resource: mapped.resource }] : [];
    }),
  );
  return {
    communications: made.length,
    faults: made.flatMap(({ example, resource }) => validate(resource).map((fault) => ({ example, fault }))),
  };
}
