/** Milliseconds since 1970, UTC. */
export type Instant = number;

export const minuteMs = 60_000;
export const dayMs = 24 * 60 * minuteMs;

/** The fields of a message result, in the order of the vendor's page. */
export const rowFields = [
  'leadMessageSent',
  'incomingMessage',
  'outgoingMessageId',
  'outgoingMessageSentDate',
  'outgoingMessageSentTime',
  'outgoingMessage',
  'personName',
  'personId',
  'mobileNumber',
  'caregiverName',
  'caregiverPhone',
  'messageType',
  'recipientType',
  'campaignName',
  'campaignId',
  'broadcastName',
  'broadcastId',
  'carrier',
  'delivered',
  'messageStatus',
  'messageSentBy',
  'personMisc1',
  'personMisc2',
  'personMisc3',
  'personMisc4',
  'personMisc5',
] as const;

export type RowField = (typeof rowFields)[number];

/** A row as the vendor's page has it. */
export type MessageResult = Readonly<Record<RowField, string | null>>;

/** What an answer may hold: tests put in rows that are no message results at all. */
export type Row = Readonly<Record<string, unknown>>;

/** A message as the vendor knows it: what its row says depends on when one asks. */
export interface Message {
  readonly id: string;
  /** The full minute. Undefined: its row has no readable date, and every window shows it. */
  readonly sentAt: Instant | undefined;
  /** The vendor does not show it earlier. */
  readonly shownFrom: Instant;
  readonly rowAt: (now: Instant) => Row;
}

/** The vendor's date and time, UTC, to the minute. */
export function sentFields(at: Instant): Pick<MessageResult, 'outgoingMessageSentDate' | 'outgoingMessageSentTime'> {
  const [date = '', clock = ''] = new Date(at).toISOString().split('T');
  const [year, month, day] = date.split('-');
  return { outgoingMessageSentDate: `${month}/${day}/${year}`, outgoingMessageSentTime: clock.slice(0, 5) };
}

/** Undefined for a row whose date or time is missing or is none. */
export function sentAtOf({ outgoingMessageSentDate: date, outgoingMessageSentTime: time }: Row): Instant | undefined {
  if (typeof date !== 'string' || typeof time !== 'string') return undefined;
  const [, month, day, year] = /^(\d\d)\/(\d\d)\/(\d{4})$/.exec(date) ?? [];
  return /^\d\d:\d\d$/.test(time) ? instantOf(`${year}-${month}-${day}T${time}:00Z`) : undefined;
}

/** Undefined for a day or an hour that does not exist. */
export function instantOf(iso: string): Instant | undefined {
  const at = Date.parse(iso);
  // Date.parse takes 02-30 for 03-02, and 24:00 for the next day.
  return Number.isNaN(at) || !new Date(at).toISOString().startsWith(iso.slice(0, 16)) ? undefined : at;
}
