import type { Problem, ProblemCode } from '../../exchange/problem.ts';
import type { KeySpace } from '../../exchange/record-key.ts';
import type { Stage, VendorRow } from '../../exchange/record.ts';
import { dayMs, type Instant, type TimeWindow } from '../../exchange/window.ts';
import type { Dispatcher } from '../../network/dispatcher.ts';
import type { NetworkFailure } from '../../network/network-failure.ts';
import { retryAfterMs } from '../../network/retry-after.ts';
import type { ReadOutcome, Source, TakeReadings } from '../source.ts';
import { readAnswer, type AnswerOutcome } from './answer-stream.ts';
import { readMessageResult, type ReadingContext } from './message-result.ts';
import { NamelessRows } from './nameless-rows.ts';
import { makeFieldWatch, type FieldWatch } from './unlisted-fields.ts';
import { firstWay, nextWay, type Lesson, type Refusal, type Way, type WaySettings } from './way-of-asking.ts';
import { BrokenOff, callWriteback, type WritebackAnswer } from './writeback-api.ts';

/** "Note that the time range cannot exceed 1 week" (the vendor's page). */
const longestWindowMs = 7 * dayMs;
/** One transaction of the ledger: the more, the fewer pages of its index are written twice; the fewer, the less memory. */
const batchRows = 1000;

type Take = TakeReadings;

export interface DialogHealthOptions extends WaySettings {
  readonly name: string;
  readonly url: string;
  readonly console: string;
  readonly username: string;
  readonly password: () => string;
  readonly maxResponseBytes: number;
  /** For one whole request, its body included. */
  readonly timeoutMs: number;
  readonly dispatcher: Dispatcher;
  readonly keys: KeySpace;
  /** Makes the keys of rows without an id; empty: they are set apart. */
  readonly keySecret?: string;
  readonly stageOf: (row: VendorRow) => Stage;
  readonly now: () => Instant;
  /** Asked before every request; a problem means that none may be made now. `share`: of the requests of an hour. */
  readonly spend: (share: number) => Promise<Problem | undefined>;
  /** Rows have fields that the vendor's page does not list: so many that were not seen since the start. */
  readonly unlisted?: (fields: number) => void;
}

/** Dialog Health's Message Results Writeback API. */
export function makeDialogHealthSource(options: DialogHealthOptions): Source {
  const { name, console, keys, keySecret = '', stageOf, unlisted = () => {} } = options;
  const context = { source: name, console, keys, keySecret, stageOf, watch: makeFieldWatch(unlisted) };
  let lesson: Lesson | undefined;

  async function read(window: TimeWindow, take: Take, signal: AbortSignal, share = 1): Promise<ReadOutcome> {
    const tried: Way[] = [];
    let way: Way | undefined = firstWay(options, lesson);
    let refused = failed('source-refused');
    while (way !== undefined) {
      if (signal.aborted) return failed('source-timeout');
      const problem = await options.spend(share);
      if (problem !== undefined) return { kind: 'failed', problem, rows: 0 };
      tried.push(way);
      const asked = await ask(way, window, take, signal);
      if (asked.outcome.kind === 'complete') lesson = { way, refusals: 0 };
      if (asked.refusal === undefined) return asked.outcome;
      refused = asked.outcome;
      way = nextWay(options, lesson, tried, asked.refusal);
    }
    if (lesson !== undefined) lesson = { ...lesson, refusals: lesson.refusals + 1 };
    return refused;
  }

  /** One request. `refusal` when the vendor did not answer the question. */
  async function ask(
    way: Way,
    window: TimeWindow,
    take: Take,
    signal: AbortSignal,
  ): Promise<{ readonly outcome: ReadOutcome; readonly refusal?: Refusal }> {
    const { url, console, username, dispatcher } = options;
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);
    const call = { url, console, username, password: options.password(), ...way, window, dispatcher };
    const answer = await callWriteback({ ...call, signal: deadline });
    if (answer.kind === 'unanswered') return { outcome: failed(networkCodes[answer.failure]) };
    try {
      if (answer.status === 200) return { outcome: await readBody(answer, window, take) };
      const outcome: ReadOutcome = { kind: 'failed', problem: problemOf(answer, options.now()), rows: 0 };
      return isRefusal(answer) ? { outcome, refusal: answer } : { outcome };
    } finally {
      answer.discard();
    }
  }

  async function readBody({ body, vendorNow }: WritebackAnswer, window: TimeWindow, take: Take): Promise<ReadOutcome> {
    let rows = 0;
    const count: Take = async (readings) => {
      await take(readings, vendorNow);
      rows += readings.length;
    };
    try {
      const outcome = await readVendorAnswer(body, options.maxResponseBytes, { ...context, window }, count);
      if (outcome.kind === 'failed') return failed(outcome.code, outcome.rows);
      return { ...outcome, ...(vendorNow === undefined ? {} : { vendorNow }) };
    } catch (error) {
      if (error instanceof BrokenOff) return failed(networkCodes[error.failure], rows);
      throw error;
    }
  }

  return { name, longestWindowMs, read };
}

/** Whose answer it is, and to which question. */
export interface AnswerContext extends Omit<ReadingContext, 'nameless'> {
  readonly console: string;
  /** Makes the keys of rows without an id; empty: they are set apart. */
  readonly keySecret: string;
  /** What was asked for; without it the answer is all there is. */
  readonly window?: TimeWindow;
  readonly watch?: FieldWatch;
}

/** A whole answer, from wherever it comes, as messages and unreadable rows. */
export function readVendorAnswer(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
  { console, keySecret: secret, window, watch, ...context }: AnswerContext,
  take: Take,
): Promise<AnswerOutcome> {
  const { keys } = context;
  const nameless = secret === '' ? undefined : new NamelessRows({ keys, secret, console, window });
  const reading: ReadingContext = { ...context, nameless };
  return readAnswer(chunks, {
    maxBytes,
    batchRows,
    take(rows, position) {
      watch?.(rows);
      return take(rows.map((row, index) => readMessageResult(row, position + index, reading)));
    },
  });
}

const networkCodes: Readonly<Record<NetworkFailure, ProblemCode>> = {
  unreachable: 'source-unreachable',
  tls: 'source-tls-error',
  timeout: 'source-timeout',
  broken: 'source-incomplete-answer',
};

const failed = (code: ProblemCode, rows = 0): ReadOutcome => ({ kind: 'failed', problem: { code }, rows });

/** What may speak of the way of asking: the verb, the form of the times. */
const isRefusal = ({ status }: Refusal): boolean => [400, 404, 405, 501].includes(status);

/** What an answer other than 200 means. Its body is not read: it may echo ids. */
function problemOf({ status, retryAfter, vendorNow }: WritebackAnswer, now: Instant): Problem {
  const wait = retryAfterMs(retryAfter, vendorNow ?? now);
  return { code: codeOf(status), httpStatus: status, ...(wait === undefined ? {} : { retryAfterMs: wait }) };
}

function codeOf(status: number): ProblemCode {
  if (status === 401 || status === 403) return 'source-unauthorized';
  // The proxy's own login; the vendor was not asked.
  if (status === 407) return 'source-unreachable';
  if (status === 408) return 'source-timeout';
  if (status === 413) return 'source-too-large';
  if (status === 429) return 'source-throttled';
  if (status >= 300 && status < 400) return 'source-redirect';
  if (status >= 500) return 'source-server-error';
  return status >= 400 ? 'source-refused' : 'source-unexpected-answer';
}
