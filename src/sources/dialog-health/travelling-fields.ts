import type { MessageResultField } from './message-result.ts';

/**
 * What a row shows of the person as of today: a new value changes no message by itself, and goes to the EHR with the next
 * change of the message.
 */
export const travellingFields: readonly MessageResultField[] = [
  'personName',
  'mobileNumber',
  'caregiverName',
  'caregiverPhone',
  'carrier',
  'personMisc1',
  'personMisc2',
  'personMisc3',
  'personMisc4',
  'personMisc5',
];
