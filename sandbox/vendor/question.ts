import { instantOf, minuteMs, type Instant } from './message.ts';
import type { Window } from './messages.ts';

/** What the vendor's page leaves open; each is a guess that a site may find to be so. */
export interface VendorRules {
  readonly console: string;
  /** The page says GET, its sample PUT. */
  readonly method: 'GET' | 'PUT' | 'both';
  /** The page says MM/dd/yyyy, its sample yyyy-MM-dd. */
  readonly timestampFormat: 'american' | 'iso' | 'both';
  /** Whether what was sent at the very start or end of the range belongs to it. half-open: the start does, the end not. */
  readonly bounds: 'inclusive' | 'exclusive' | 'half-open';
  /** Nothing older is given out: 400. */
  readonly retentionDays?: number;
}

export type Question =
  | { readonly kind: 'question'; readonly window: Window }
  /** `offered` is the verb that is offered instead. */
  | { readonly kind: 'refused'; readonly status: 400 | 404 | 405; readonly message: string; readonly offered?: string };

const weekMs = 7 * 24 * 60 * minuteMs;
export const servicePath = '/dialoghealth-writeback-api';
const path = new RegExp(`^${servicePath}/api/responses/([^/]*)/(.*)$`);
const formats = {
  american: /^(\d\d)\/(\d\d)\/(\d{4}) (\d\d:\d\d:\d\d)\/(\d\d)\/(\d\d)\/(\d{4}) (\d\d:\d\d:\d\d)$/,
  iso: /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)\/(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)$/,
} as const;

/** Whether there is anything at that address at all, before any login. */
export const isServicePath = (url: string): boolean => path.test(url);

/** The range that a request asks for, or why the vendor does not answer it. The slashes of a date may be encoded. */
export function readQuestion(method: string, url: string, rules: VendorRules, now: Instant): Question {
  const [, console, times] = path.exec(url) ?? [];
  if (console === undefined || times === undefined) return refused(404, 'Not found');
  const offered = rules.method === 'both' ? 'GET, PUT' : rules.method;
  if (!offered.split(', ').includes(method)) return { ...refused(405, 'Method not allowed'), offered };
  if (decoded(console) !== rules.console) return refused(400, 'Console not found');
  const range = readRange(decoded(times) ?? '', rules.timestampFormat);
  if (range === undefined) return refused(400, 'Invalid timestamp format');
  const { start, end } = range;
  if (end < start) return refused(400, 'The end is before the start');
  if (end - start > weekMs) return refused(400, 'The time range cannot exceed 1 week');
  if (rules.retentionDays !== undefined && start < now - rules.retentionDays * 24 * 60 * minuteMs) {
    return refused(400, 'The time range is beyond retention');
  }
  return { kind: 'question', window: windowOf(start, end, rules.bounds) };
}

const refused = (status: 400 | 404 | 405, message: string) => ({ kind: 'refused', status, message }) as const;

function readRange(text: string, allowed: VendorRules['timestampFormat']) {
  const american = allowed === 'iso' ? null : formats.american.exec(text);
  const iso = allowed === 'american' ? null : formats.iso.exec(text);
  const [from, to] =
    american === null
      ? [`${iso?.[1]}T${iso?.[2]}Z`, `${iso?.[3]}T${iso?.[4]}Z`]
      : [
          `${american[3]}-${american[1]}-${american[2]}T${american[4]}Z`,
          `${american[7]}-${american[5]}-${american[6]}T${american[8]}Z`,
        ];
  const [start, end] = [instantOf(from), instantOf(to)];
  return start === undefined || end === undefined ? undefined : { start, end };
}

const atOrAfter = (at: Instant): Instant => Math.ceil(at / minuteMs) * minuteMs;
const after = (at: Instant): Instant => Math.floor(at / minuteMs) * minuteMs + minuteMs;

/** Messages have full minutes; what is asked for may have seconds. */
function windowOf(start: Instant, end: Instant, bounds: VendorRules['bounds']): Window {
  return {
    from: bounds === 'exclusive' ? after(start) : atOrAfter(start),
    to: bounds === 'inclusive' ? after(end) : atOrAfter(end),
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
