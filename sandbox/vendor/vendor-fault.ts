import type { Fault } from '../faults.ts';
import type { Row } from './message.ts';
import type { Window } from './messages.ts';

/** What the vendor can do wrong when it is told to. */
export const vendorFaults = [
  /** 200, and in the middle of the answer the connection breaks. */
  'cut-body',
  /** 200, and the answer ends in its middle as if it were whole. */
  'short-body',
  /** 200 with a maintenance page. */
  'html',
  /** 200 with `{"message": ...}`. */
  'error-object',
  /** 200 with no rows, whatever there is. */
  'empty',
  /** 200 with the first `entries` rows only, and no word about it. */
  'capped',
  /** 200 with one more row that is none. */
  'malformed-row',
  /** 200, and the first row has lost its id. */
  'row-without-id',
  /** 200, a few letters at a time, `delayMs` apart. */
  'drip',
  /** The connection ends without an answer. */
  'drop-connection',
  /** The connection stands, and no answer comes. */
  'silent',
  /** 302 to elsewhere. */
  'redirect',
  'unauthorized',
  'forbidden',
  'too-large',
  /** 429, with `retryAfter`. */
  'too-many-requests',
  'server-error',
  /** 503, with `retryAfter`. */
  'unavailable',
] as const;

export type VendorFault = (typeof vendorFaults)[number];

/** Those that are a status and a message, and nothing more. */
export const plainFaults: Readonly<
  Partial<Record<VendorFault, { readonly status: number; readonly message: string }>>
> = {
  unauthorized: { status: 401, message: 'Unauthorized' },
  forbidden: { status: 403, message: 'Forbidden' },
  'too-large': { status: 413, message: 'The answer is too large' },
  'too-many-requests': { status: 429, message: 'Too many requests' },
  'server-error': { status: 500, message: 'Internal server error' },
  unavailable: { status: 503, message: 'Service unavailable' },
};

/** Whether the fault happens to a question: those that name rows or a moment are about certain ones only. */
export function happens({ overRows, at }: Fault<VendorFault>, window: Window, rows: Iterable<Row>): boolean {
  if (at !== undefined && (Date.parse(at) < window.from || Date.parse(at) >= window.to)) return false;
  return overRows === undefined || hasMoreThan(overRows, rows);
}

function hasMoreThan(most: number, rows: Iterable<Row>): boolean {
  let count = 0;
  for (const _ of rows) {
    count += 1;
    if (count > most) return true;
  }
  return false;
}
