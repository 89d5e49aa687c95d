import { makeDialogHealthSource, readVendorAnswer } from './dialog-health/dialog-health-source.ts';
import { messageResultFields } from './dialog-health/message-result.ts';
import { travellingFields } from './dialog-health/travelling-fields.ts';

/**
 * Every kind of source: how it is made, how an answer of its vendor is read without asking for it, the fields its rows
 * have (what a mapping may name), and those of them that change no message by themselves.
 */
export const sourceKinds = {
  'dialog-health': {
    make: makeDialogHealthSource,
    readAnswer: readVendorAnswer,
    fields: messageResultFields,
    travelling: travellingFields,
  },
} as const;
