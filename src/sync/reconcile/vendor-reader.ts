import type { Problem } from '../../exchange/problem.ts';
import type { Reading } from '../../exchange/record.ts';
import type { Instant, TimeWindow } from '../../exchange/window.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Source } from '../../sources/source.ts';
import { gatherMessages, type Gathering } from '../gathering.ts';
import { budgetShare } from '../tiers.ts';
import { asked, halves } from '../window-plan.ts';
import { inHalves, mostRows } from './reconcile-windows.ts';

export interface VendorReaderParts {
  readonly source: Source;
  readonly budget: Pick<Ledger['budget'], 'throttled'>;
  readonly requestsPerHour: number;
  /** An answer of so many rows is cut off; Infinity where none is. */
  readonly rowCap: number;
  readonly now: () => Instant;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Told before a pause for the budget, or one that the vendor asked for. */
  readonly waits: (until: Instant, problem: Problem) => void;
}

/** What one window gave. The start of the read: what the vendor knew then is in the answer. */
export type WindowAnswer =
  | { readonly kind: 'rows'; readonly window: TimeWindow; readonly readAt: Instant; readonly answer: Gathering }
  | { readonly kind: 'failed'; readonly window: TimeWindow; readonly problem: Problem };

/** Pauses that the vendor asks for are kept this often for one window. */
const mostPauses = 3;
/** Halves that time out too are no smaller trouble. */
const mostTimeouts = 2;
/** So many windows that fail one after the other are the vendor's trouble: it is asked nothing more. */
const mostFailures = 3;
/** Likewise minutes: a bad one spoils its neighbours too, since each is asked for with a minute more on both sides. */
const mostMinutes = 12;

/** Thrown into the stream to end it: more than is kept in memory at once. */
class TooManyRows extends Error {
  override name = 'TooManyRows';
}

/** Reads windows for comparison: one request each, as a backfill may use the hour's requests. */
export class VendorReader {
  readonly #parts: VendorReaderParts;
  #failures = 0;
  #minutes = 0;
  /** Why the vendor is not asked any more. */
  #given: Problem | undefined;

  constructor(parts: VendorReaderParts) {
    this.#parts = parts;
  }

  /** The answers to a window: one, or those to its parts where it is too large. Ascending, without gaps. */
  async *read(window: TimeWindow, signal: AbortSignal): AsyncGenerator<WindowAnswer> {
    const windows = [window];
    let timeouts = 0;
    for (let next = windows.shift(); next !== undefined; next = windows.shift()) {
      const asIs = halves(next) === undefined;
      const answer = await this.#ask(next, asIs ? Infinity : mostRows, signal);
      const parts = this.#isTooLarge(answer) ? halves(next) : undefined;
      if (answer.kind === 'failed' && answer.problem.code === 'source-timeout') timeouts += 1;
      if (parts !== undefined && timeouts <= mostTimeouts && this.#given === undefined && !signal.aborted) {
        windows.unshift(...parts);
        continue;
      }
      this.#note(answer, asIs, signal);
      yield answer.kind === 'too-many'
        ? { kind: 'failed', window: next, problem: { code: 'source-capped' } }
        : { ...answer, window: next };
    }
  }

  #isTooLarge(answer: Asked): boolean {
    return answer.kind === 'too-many' || (answer.kind === 'failed' && inHalves.includes(answer.problem.code));
  }

  /** After a refused login nothing is asked, so that the account is not locked. */
  #note(answer: Asked, isMinute: boolean, signal: AbortSignal): void {
    if (answer.kind === 'rows') [this.#failures, this.#minutes] = [0, 0];
    if (answer.kind !== 'failed' || signal.aborted) return;
    if (isMinute && this.#isTooLarge(answer)) this.#minutes += 1;
    else this.#failures += 1;
    const isEnough = this.#failures >= mostFailures || this.#minutes >= mostMinutes;
    if (isEnough || answer.problem.code === 'source-unauthorized') this.#given ??= answer.problem;
  }

  async #ask(window: TimeWindow, most: number, signal: AbortSignal): Promise<Asked> {
    const { source, now, sleep, waits, budget, requestsPerHour, rowCap } = this.#parts;
    for (let pauses = 0; ;) {
      if (this.#given !== undefined) return { kind: 'failed', problem: this.#given };
      const readAt = now();
      const answer = gatherMessages();
      const outcome = await readUpTo(source, window, most, answer, signal);
      if (outcome === 'too-many') return { kind: 'too-many' };
      if (outcome.kind === 'complete') {
        return outcome.rows >= rowCap ? { kind: 'too-many' } : { kind: 'rows', readAt, answer };
      }
      const { problem } = outcome;
      if (problem.code === 'source-throttled') await budget.throttled(source.name, requestsPerHour, now());
      const isPause = problem.code === 'budget-exhausted' || problem.code === 'source-throttled';
      // The budget frees itself; how often the vendor has to ask is counted.
      if (problem.code === 'source-throttled') pauses += 1;
      if (!isPause || problem.retryAfterMs === undefined || pauses > mostPauses || signal.aborted) {
        return { kind: 'failed', problem };
      }
      waits(now() + problem.retryAfterMs, problem);
      await sleep(problem.retryAfterMs, signal);
    }
  }
}

type Asked =
  | { readonly kind: 'rows'; readonly readAt: Instant; readonly answer: Gathering }
  | { readonly kind: 'too-many' }
  | { readonly kind: 'failed'; readonly problem: Problem };

async function readUpTo(
  source: Source,
  window: TimeWindow,
  most: number,
  answer: Gathering,
  signal: AbortSignal,
): Promise<Awaited<ReturnType<Source['read']>> | 'too-many'> {
  const take = (readings: readonly Reading[]): Promise<void> => {
    if (answer.rows() + readings.length > most) return Promise.reject(new TooManyRows());
    answer.take(readings);
    return Promise.resolve();
  };
  try {
    return await source.read(asked(window), take, signal, budgetShare.backfill);
  } catch (error) {
    if (error instanceof TooManyRows) return 'too-many';
    throw error;
  }
}
