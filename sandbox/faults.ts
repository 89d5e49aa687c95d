/** Something that is to go wrong. */
export interface Fault<Code extends string> {
  readonly fault: Code;
  /** For the next so many requests; 1 when not said. */
  readonly times?: number;
  /** The header of that name, for the faults that have it: seconds, or a date. */
  readonly retryAfter?: string;
  /** For faults about the size of a Bundle or of an answer. */
  readonly entries?: number;
  /** For faults about slowness. */
  readonly delayMs?: number;
  /** Only where the answer would have more rows than these. */
  readonly overRows?: number;
  /** Only where the range asked for holds this moment: `2026-03-09T10:00:00Z`. */
  readonly at?: string;
  /** At the EHR: to requests that only ask, too. */
  readonly reads?: boolean;
}

/** The faults that are to happen, first in, first out. */
export interface FaultQueue<Code extends string> {
  readonly codes: readonly Code[];
  add(fault: Fault<Code>): void;
  /** The next fault that applies, used up once; undefined: all goes well. */
  take(applies?: (fault: Fault<Code>) => boolean): Fault<Code> | undefined;
  pending(): readonly Fault<Code>[];
  clear(): void;
}

export function faultQueue<Code extends string>(codes: readonly Code[]): FaultQueue<Code> {
  const queue: { readonly fault: Fault<Code>; left: number }[] = [];
  return {
    codes,
    add: (fault) => void queue.push({ fault, left: fault.times ?? 1 }),
    take(applies = () => true) {
      const at = queue.findIndex(({ fault }) => applies(fault));
      const entry = queue[at];
      if (entry === undefined) return undefined;
      entry.left -= 1;
      if (entry.left <= 0) queue.splice(at, 1);
      return entry.fault;
    },
    pending: () => queue.map(({ fault, left }) => ({ ...fault, times: left })),
    clear: () => void queue.splice(0),
  };
}

export type ReadFault<Code extends string> =
  { readonly kind: 'fault'; readonly fault: Fault<Code> } | { readonly kind: 'refused'; readonly message: string };

/**
 * `{"fault": "...", "times": 2, "retryAfter": "5", "entries": 10, "delayMs": 500, "overRows": 1000, "at": "2026-...",
 * "reads": true}`; all but the first may be left out.
 */
export function readFault<Code extends string>(codes: readonly Code[], body: unknown): ReadFault<Code> {
  const fields = typeof body === 'object' && body !== null ? { ...body } : {};
  const { fault: code, retryAfter, at, reads, ...rest }: Readonly<Record<string, unknown>> = fields;
  const { times, entries, delayMs, overRows, ...others } = rest;
  const fault = codes.find((known) => known === code);
  if (fault === undefined) return { kind: 'refused', message: `"fault" has to be one of ${codes.join(', ')}.` };
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return { kind: 'refused', message: `There is no field "${unknown}".` };
  const numbers = { times, entries, delayMs, overRows };
  for (const [name, value] of Object.entries(numbers)) {
    if (value !== undefined && !isCount(value)) return { kind: 'refused', message: `"${name}" has to be 1 or more.` };
  }
  if (retryAfter !== undefined && typeof retryAfter !== 'string' && !isCount(retryAfter)) {
    return { kind: 'refused', message: '"retryAfter" has to be seconds or an HTTP date.' };
  }
  if (at !== undefined && (typeof at !== 'string' || Number.isNaN(Date.parse(at)))) {
    return { kind: 'refused', message: '"at" has to be a time, as 2026-03-09T10:00:00Z.' };
  }
  if (reads !== undefined && typeof reads !== 'boolean')
    return { kind: 'refused', message: '"reads" is true or false.' };
  return {
    kind: 'fault',
    fault: {
      fault,
      ...(isCount(times) ? { times } : {}),
      ...(isCount(entries) ? { entries } : {}),
      ...(isCount(delayMs) ? { delayMs } : {}),
      ...(isCount(overRows) ? { overRows } : {}),
      ...(at === undefined ? {} : { at }),
      ...(reads === undefined ? {} : { reads }),
      ...(retryAfter === undefined ? {} : { retryAfter: String(retryAfter) }),
    },
  };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 1;
