import { personOf } from '../persons.ts';
import { minuteMs, sentFields, type Instant, type MessageResult, type Row } from '../vendor/message.ts';

/** The message whose change is shown: sent a few minutes ago, and not yet delivered. */
export const shownId = '5eed0000000000000000000000000001';

/** How it is after the change. */
export const arrived: Row = { delivered: 'true', messageStatus: 'DELIVERED' };

/** Rows that show what the service does with each kind of them. */
export function specialRows(seed: number, now: Instant): readonly Row[] {
  return [
    row(seed, now, shownId, {}),
    // The EHR has no such Patient.
    row(seed, now, '5eed0000000000000000000000000002', { personId: 'new-patient', personName: 'Testperson Newcomer' }),
    // No mapping knows whose chart that is.
    row(seed, now, '5eed0000000000000000000000000003', { recipientType: 'GUARDIAN' }),
    // There is no 30 February.
    row(seed, now, '5eed0000000000000000000000000004', { outgoingMessageSentDate: '02/30/2026' }),
  ];
}

function row(seed: number, now: Instant, id: string, changes: Partial<MessageResult>): MessageResult {
  const person = personOf(seed, 0);
  return {
    leadMessageSent: null,
    incomingMessage: null,
    outgoingMessageId: id,
    ...sentFields(now - 10 * minuteMs),
    outgoingMessage: 'Sample Clinic: your visit is tomorrow at 9:00. Reply YES to confirm.',
    personName: person.name,
    personId: person.id,
    mobileNumber: person.mobileNumber,
    caregiverName: null,
    caregiverPhone: null,
    messageType: 'API Message',
    recipientType: 'PATIENT',
    campaignName: 'Visit reminders',
    campaignId: null,
    broadcastName: null,
    broadcastId: null,
    carrier: 'Example Wireless',
    delivered: 'false',
    messageStatus: 'SENT',
    messageSentBy: 'System',
    personMisc1: 'Midwest',
    personMisc2: 'Yes',
    personMisc3: '',
    personMisc4: null,
    personMisc5: null,
    ...changes,
  };
}
