import { exampleSettings } from '../../src/mapping/example-settings.ts';
import { siteValidator } from '../../src/site-validation.ts';

/** Full validation as a site has it, for the base that the examples are made with. */
export const validateFully = await siteValidator(exampleSettings.canonicalBase);
