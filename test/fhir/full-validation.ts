import { extensionDefinitions } from '../../src/artefacts/extension-definitions.ts';
import { exampleSettings } from '../../src/mapping/example-settings.ts';
import { fullValidator } from '../../src/validation/full-validation.ts';

const { canonicalBase } = exampleSettings;

/** Full validation as `check` asks for it: every extension below the base of the examples is one that is defined. */
export const validateFully = await fullValidator({ definitions: extensionDefinitions(canonicalBase), canonicalBase });
