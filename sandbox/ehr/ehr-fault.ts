/** What the EHR can do wrong when it is told to. Each happens to requests that write; to reads only with `reads`. */
export const ehrFaults = [
  /** The connection ends, and nothing was written. */
  'drop-before-commit',
  /** It was written, and the connection ends without an answer. */
  'drop-after-commit',
  /** It was written, and the answer is 500. */
  'error-after-commit',
  /** It was written, and the answer does not say where. */
  'no-location',
  /** It was written, and the reply has one entry less than the request. */
  'short-reply',
  /** Answered after `delayMs`. */
  'slow',
  /** 429, with `retryAfter`. */
  'too-many-requests',
  /** 503, with `retryAfter`. */
  'unavailable',
  'server-error',
  'unauthorized',
  'forbidden',
  /** 409, as when two write at once. */
  'conflict',
  /** Conditions are looked at as the request comes and not again `delayMs` later, when it writes: two at once double. */
  'race',
  /** It was written without when it was sent and without extensions, and the answer says nothing of that. */
  'alter',
  /** A batch is carried out up to `entries` entries; all later ones are 429. */
  'throttle-entries',
  /** 200 with a maintenance page. */
  'html',
  /** 413 to a Bundle with more than `entries` entries. */
  'bundle-too-large',
  /** 400 to a whole batch for one entry that is not valid, as HAPI does (HAPI-0450). */
  'refuse-whole-bundle',
] as const;

export type EhrFault = (typeof ehrFaults)[number];
