import type { Instant } from '../exchange/window.ts';

/** `Sun, 06 Nov 1994 08:49:37 GMT`, or with the whole name of the day as before 1995. */
const form = /^[A-Z][a-z]{2,8}, \d{2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d{2}:\d{2}:\d{2} GMT$/;

/** An HTTP date (RFC 9110, 5.6.7). Undefined for anything else: Date.parse alone takes `5` for a day of 2001. */
export function httpDate(header: string | null | undefined): Instant | undefined {
  const text = header?.trim() ?? '';
  const at = form.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(at) ? undefined : at;
}
