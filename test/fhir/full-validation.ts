import { fullValidator } from '../../src/validation/full-validation.ts';

/** Full validation as the program has it, without definitions of extensions. */
export const validateFully = await fullValidator();
