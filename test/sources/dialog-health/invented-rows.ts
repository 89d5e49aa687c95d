/** A row as the vendor sends it, with invented content. */
export type Row = Readonly<Record<string, unknown>>;

export const row = (changed: Row = {}): Row => ({
  leadMessageSent: null,
  incomingMessage: null,
  outgoingMessageId: '00000000000000000000000000000001',
  outgoingMessageSentDate: '03/05/2026',
  outgoingMessageSentTime: '08:32',
  outgoingMessage: 'Your visit is on Friday at 9:00.',
  personName: 'Ada Example',
  personId: 'p-1',
  mobileNumber: '5005550006',
  caregiverName: null,
  caregiverPhone: null,
  messageType: 'API Message',
  recipientType: 'PATIENT',
  campaignName: null,
  campaignId: null,
  broadcastName: null,
  broadcastId: null,
  carrier: 'Example Wireless',
  delivered: 'true',
  messageStatus: 'DELIVERED',
  messageSentBy: 'System',
  personMisc1: 'misc',
  personMisc2: '',
  personMisc3: null,
  personMisc4: null,
  personMisc5: null,
  ...changed,
});

export const numbered = (index: number): Row =>
  row({ outgoingMessageId: index.toString(16).padStart(32, '0'), outgoingMessage: `Text number ${index}.` });

export const numberedRows = (count: number): readonly Row[] =>
  Array.from({ length: count }, (_, index) => numbered(index));
