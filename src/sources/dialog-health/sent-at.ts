import { minuteMs, type Instant } from '../../exchange/window.ts';

/** When a message was sent, or which part of it is none. Null: the row has no date. */
export type SentAt = { readonly kind: 'at'; readonly at: Instant | null } | { readonly kind: 'no date' | 'no time' };

/**
 * `outgoingMessageSentDate` (`MM/dd/yyyy`, a day that exists) and `outgoingMessageSentTime` (`HH:mm`), UTC as all times
 * of the vendor. Nothing is guessed: another form is none. A date without a time is its midnight.
 */
export function sentAt(date: string | null, time: string | null): SentAt {
  const dateText = date?.trim() ?? '';
  const timeText = time?.trim() ?? '';
  const day = dateText === '' ? null : dayOf(dateText);
  if (day === undefined) return { kind: 'no date' };
  const sinceMidnight = timeText === '' ? 0 : sinceMidnightMs(timeText);
  if (sinceMidnight === undefined) return { kind: 'no time' };
  return { kind: 'at', at: day === null ? null : day + sinceMidnight };
}

function dayOf(text: string): Instant | undefined {
  // A year that can be meant: `01/01/0001` is how some systems write "none".
  const match = /^(\d{2})\/(\d{2})\/((?:19|20)\d{2})$/.exec(text);
  if (match === null) return undefined;
  const [month, day, year] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const at = Date.UTC(year, month - 1, day);
  // Date.UTC takes 02/30 for 03/02.
  return month < 1 || month > 12 || new Date(at).getUTCDate() !== day ? undefined : at;
}

function sinceMidnightMs(text: string): number | undefined {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  return match === null ? undefined : (Number(match[1]) * 60 + Number(match[2])) * minuteMs;
}
