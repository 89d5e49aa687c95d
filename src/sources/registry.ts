import { makeDialogHealthSource, readVendorAnswer } from './dialog-health/dialog-health-source.ts';
import { messageResultFields } from './dialog-health/message-result.ts';

/**
 * Every kind of source: how it is made, how an answer of its vendor is read without asking for it, and the fields its
 * rows have (what a mapping may name).
 */
export const sourceKinds = {
  'dialog-health': { make: makeDialogHealthSource, readAnswer: readVendorAnswer, fields: messageResultFields },
} as const;
