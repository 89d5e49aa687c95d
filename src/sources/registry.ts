import { makeDialogHealthSource } from './dialog-health/dialog-health-source.ts';
import { messageResultFields } from './dialog-health/message-result.ts';

/** Every kind of source: how it is made, and the fields its rows have (what a mapping may name). */
export const sourceKinds = {
  'dialog-health': { make: makeDialogHealthSource, fields: messageResultFields },
} as const;
