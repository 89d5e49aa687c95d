import type { Problem, ProblemCode } from '../../exchange/problem.ts';
import type { KeySpace } from '../../exchange/record-key.ts';
import type { Reading, Stage, VendorRow } from '../../exchange/record.ts';
import { dayMs, type Instant, type TimeWindow } from '../../exchange/window.ts';
import type { Dispatcher } from '../../network/dispatcher.ts';
import { networkFailure, type NetworkFailure } from '../../network/network-failure.ts';
import { retryAfterMs } from '../../network/retry-after.ts';
import type { ReadOutcome, Source } from '../source.ts';
import { readAnswer, type AnswerOutcome } from './answer-stream.ts';
import { readMessageResult, type ReadingContext } from './message-result.ts';
import {
  callWriteback,
  type WritebackAnswer,
  type WritebackMethod,
  type WritebackTimestampFormat,
} from './writeback-api.ts';

/** "Note that the time range cannot exceed 1 week" (the vendor's page). */
const longestWindowMs = 7 * dayMs;
/** One transaction of the ledger. */
const batchRows = 500;

export interface DialogHealthOptions {
  readonly name: string;
  readonly url: string;
  readonly console: string;
  readonly username: string;
  readonly password: () => string;
  readonly method: WritebackMethod | 'auto';
  readonly timestampFormat: WritebackTimestampFormat | 'auto';
  readonly maxResponseBytes: number;
  /** For one whole request, its body included. */
  readonly timeoutMs: number;
  readonly dispatcher: Dispatcher;
  readonly keys: KeySpace;
  readonly stageOf: (row: VendorRow) => Stage;
  readonly now: () => Instant;
  /** Asked before every request; a problem means that none may be made now. */
  readonly spend: () => Promise<Problem | undefined>;
}

/** The way of asking: settled by the configuration, or learned from the vendor's first answers and kept. */
interface Way {
  readonly method: WritebackMethod;
  readonly timestampFormat: WritebackTimestampFormat;
}

/** Dialog Health's Message Results Writeback API. */
export function makeDialogHealthSource(options: DialogHealthOptions): Source {
  const context: ReadingContext = { source: options.name, keys: options.keys, stageOf: options.stageOf };
  let learned: Way | undefined;

  async function read(
    window: TimeWindow,
    take: (readings: readonly Reading[]) => Promise<void>,
    signal: AbortSignal,
  ): Promise<ReadOutcome> {
    const open = [...waysToTry(options, learned)];
    let way = open.shift();
    let refusal: ReadOutcome = failed('source-refused');
    while (way !== undefined) {
      const problem = await options.spend();
      if (problem !== undefined) return { kind: 'failed', problem, rows: 0 };
      const tried = await ask(way, window, take, signal);
      if (!('asksFor' in tried)) {
        if (tried.kind === 'complete') learned = way;
        return tried;
      }
      refusal = tried.refusal;
      way = nextWay(open, tried.asksFor, way);
    }
    return refusal;
  }

  /** One request. `asksFor` when the vendor refused the way of asking, not the question. */
  async function ask(
    way: Way,
    window: TimeWindow,
    take: (readings: readonly Reading[]) => Promise<void>,
    signal: AbortSignal,
  ): Promise<ReadOutcome | { readonly asksFor: 'method' | 'timestampFormat'; readonly refusal: ReadOutcome }> {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);
    let taking: unknown;
    try {
      const { url, console, username, dispatcher } = options;
      const call = { url, console, username, password: options.password(), ...way, window, dispatcher };
      const answer = await callWriteback({ ...call, signal: deadline });
      if (answer.status !== 200) {
        answer.discard();
        const refusal: ReadOutcome = { kind: 'failed', problem: problemOf(answer, options.now()), rows: 0 };
        if (answer.status === 405 || answer.status === 501) return { asksFor: 'method', refusal };
        if (answer.status === 400) return { asksFor: 'timestampFormat', refusal };
        return refusal;
      }
      const outcome = await readVendorAnswer(answer.body, options.maxResponseBytes, context, async (readings) => {
        try {
          await take(readings);
        } catch (error) {
          taking = error;
          throw error;
        }
      });
      if (outcome.kind === 'complete') {
        const { vendorNow } = answer;
        return { ...outcome, ...(vendorNow === undefined ? {} : { vendorNow }) };
      }
      answer.discard();
      return failed(outcome.code, outcome.rows);
    } catch (error) {
      // What the ledger throws is not the vendor's failure.
      if (taking !== undefined) throw taking;
      const failure = deadline.aborted ? 'timeout' : networkFailure(error);
      if (failure === undefined) throw error;
      return failed(networkCodes[failure]);
    }
  }

  return { name: options.name, longestWindowMs, read };
}

/** A whole answer, from wherever it comes, as messages and unreadable rows. */
export function readVendorAnswer(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
  context: ReadingContext,
  take: (readings: readonly Reading[]) => Promise<void>,
): Promise<AnswerOutcome> {
  return readAnswer(chunks, {
    maxBytes,
    batchRows,
    take: (rows, position) => take(rows.map((row, index) => readMessageResult(row, position + index, context))),
  });
}

/** Pure: the ways that the settings leave open, what was learned first. */
function waysToTry(
  options: Pick<DialogHealthOptions, 'method' | 'timestampFormat'>,
  learned: Way | undefined,
): readonly Way[] {
  if (learned !== undefined) return [learned, ...waysToTry(options, undefined).filter((way) => !sameWay(way, learned))];
  const methods: readonly WritebackMethod[] = options.method === 'auto' ? ['GET', 'PUT'] : [options.method];
  const formats: readonly WritebackTimestampFormat[] =
    options.timestampFormat === 'auto' ? ['MM/dd/yyyy HH:mm:ss', 'yyyy-MM-dd HH:mm:ss'] : [options.timestampFormat];
  return methods.flatMap((method) => formats.map((timestampFormat) => ({ method, timestampFormat })));
}

/** Pure: the next way that differs in what was refused and keeps the rest; taken out of the open ones. */
function nextWay(open: Way[], asksFor: 'method' | 'timestampFormat', refused: Way): Way | undefined {
  const kept = asksFor === 'method' ? 'timestampFormat' : 'method';
  const index = open.findIndex((way) => way[asksFor] !== refused[asksFor] && way[kept] === refused[kept]);
  return index === -1 ? undefined : open.splice(index, 1)[0];
}

const sameWay = (a: Way, b: Way): boolean => a.method === b.method && a.timestampFormat === b.timestampFormat;

const networkCodes: Readonly<Record<NetworkFailure, ProblemCode>> = {
  unreachable: 'source-unreachable',
  tls: 'source-tls-error',
  timeout: 'source-timeout',
  broken: 'source-incomplete-answer',
};

const failed = (code: ProblemCode, rows = 0): ReadOutcome => ({ kind: 'failed', problem: { code }, rows });

/** Pure: what an answer other than 200 means. Its body is not read: it may echo ids. */
function problemOf({ status, retryAfter }: WritebackAnswer, now: Instant): Problem {
  const wait = retryAfterMs(retryAfter, now);
  return { code: codeOf(status), httpStatus: status, ...(wait === undefined ? {} : { retryAfterMs: wait }) };
}

function codeOf(status: number): ProblemCode {
  if (status === 401 || status === 403) return 'source-unauthorized';
  if (status === 408) return 'source-timeout';
  if (status === 413) return 'source-too-large';
  if (status === 429) return 'source-throttled';
  if (status >= 300 && status < 400) return 'source-redirect';
  if (status >= 500) return 'source-server-error';
  return status >= 400 ? 'source-refused' : 'source-unexpected-answer';
}
