import { dayMs, type Instant } from '../exchange/window.ts';
import { httpDate } from './http-date.ts';

/** Nobody is waited for longer than this, whatever they ask. */
export const longestWaitMs = dayMs;

/**
 * How long a `Retry-After` header asks to wait: seconds or an HTTP date (RFC 9110, 10.2.3). Undefined when there is
 * none or it is neither; a time in the past is no wait.
 * @param now by the clock of the side that asks, where it told it
 */
export function retryAfterMs(header: string | null | undefined, now: Instant): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, longestWaitMs);
  const at = httpDate(text);
  return at === undefined ? undefined : Math.min(Math.max(at - now, 0), longestWaitMs);
}
