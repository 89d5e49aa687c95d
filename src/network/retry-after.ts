import { dayMs, type Instant } from '../exchange/window.ts';

/** Nobody is waited for longer than this, whatever they ask. */
const longestWaitMs = dayMs;

/**
 * How long a `Retry-After` header asks to wait: seconds or an HTTP date (RFC 9110, 10.2.3). Undefined when there is
 * none or it is neither; a time in the past is no wait.
 */
export function retryAfterMs(header: string | null | undefined, now: Instant): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, longestWaitMs);
  // Date.parse takes much that is no HTTP date ("5x"); those begin with the day's name.
  const at = /^[A-Z][a-z]{2,8}, /.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(at) ? undefined : Math.min(Math.max(at - now, 0), longestWaitMs);
}
