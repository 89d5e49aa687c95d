import type { Problem, ProblemCode } from '../exchange/problem.ts';
import type { SourceRunReport } from '../exchange/reports.ts';
import { minuteMs, type Instant } from '../exchange/window.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { backOffMs, type Random } from './retry-policy.ts';

/** How long a source without a job sleeps when nobody wakes it: a command beside the service may have begun one. */
export const idleMs = minuteMs;

/** A week is cut down to a minute in fourteen steps. */
const cutsInARow = 20;
const cutCodes: readonly ProblemCode[] = ['source-too-large', 'source-capped'];

export interface BackfillParts {
  readonly ledger: Pick<Ledger, 'coverage'>;
  readonly sources: readonly string[];
  /** Reads one window of the job that is due, in its turn; what was read, or why not. */
  readonly readOne: (source: string, signal: AbortSignal) => Promise<BackfillStep>;
  /** Whether the source may be read at all now; else until when it may not. */
  readonly heldUntil: (source: string) => Instant | undefined;
  readonly now: () => Instant;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly random: Random;
}

export type BackfillStep =
  | { readonly kind: 'read'; readonly report: SourceRunReport }
  /** Nothing is due: no job, or only pieces that wait; or the source may not be read now. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'failed'; readonly report: SourceRunReport; readonly problem: Problem };

/** What has gone wrong in a row. */
export interface Trouble {
  readonly failures: number;
  /** Windows that are left to their halves: nobody is in trouble. */
  readonly cuts: number;
}

export const noTrouble: Trouble = { failures: 0, cuts: 0 };

/** How long to wait after a step, and the trouble there is by then. Pure. */
export function afterStep(
  step: BackfillStep,
  { failures, cuts }: Trouble,
  random: Random,
): { readonly waitMs: number; readonly trouble: Trouble } {
  switch (step.kind) {
    case 'read':
      return { waitMs: 0, trouble: noTrouble };
    case 'nothing':
      return { waitMs: idleMs, trouble: noTrouble };
    case 'failed': {
      const { code, retryAfterMs } = step.problem;
      // Nobody was asked.
      if ((code === 'budget-exhausted' || code === 'backlog-full') && retryAfterMs !== undefined)
        return { waitMs: retryAfterMs, trouble: { failures, cuts } };
      if (cutCodes.includes(code) && cuts < cutsInARow) return { waitMs: 0, trouble: { failures, cuts: cuts + 1 } };
      const waitMs = backOffMs(failures + 1, random, retryAfterMs);
      return { waitMs, trouble: { failures: failures + 1, cuts } };
    }
  }
}

/** Reads past ranges, window by window, whenever nothing more urgent reads the source. */
export interface BackfillLoop {
  start(): void;
  /** A job was begun or resumed. */
  wake(): void;
  stop(): Promise<void>;
  /** Rejects when something failed that the loop cannot mend; never resolves. */
  readonly broken: Promise<never>;
}

export function makeBackfillLoop(parts: BackfillParts): BackfillLoop {
  const { ledger, sources, readOne, heldUntil, now, sleep, random } = parts;
  const stopping = new AbortController();
  let alarm = new AbortController();
  let loops: Promise<unknown> = Promise.resolve();
  let reportBroken: (error: unknown) => void = () => {};
  const broken = new Promise<never>((_, reject) => {
    reportBroken = reject;
  });
  broken.catch(() => {});

  /** How long to wait before the next window. */
  async function step(source: string, trouble: Trouble): Promise<ReturnType<typeof afterStep>> {
    const held = heldUntil(source);
    if (held !== undefined && held > now()) return { waitMs: Math.min(idleMs, held - now()), trouble };
    const { backfill } = await ledger.coverage.state(source);
    if (backfill === undefined) return { waitMs: idleMs, trouble: noTrouble };
    return afterStep(await readOne(source, stopping.signal), trouble, random);
  }

  async function keepReading(source: string): Promise<void> {
    let trouble = noTrouble;
    while (!stopping.signal.aborted) {
      const awake = alarm.signal;
      const next = await step(source, trouble);
      trouble = next.trouble;
      if (next.waitMs > 0) await sleep(next.waitMs, AbortSignal.any([awake, stopping.signal]));
    }
  }

  return {
    start() {
      loops = Promise.all(sources.map((source) => keepReading(source))).catch(reportBroken);
    },
    wake() {
      alarm.abort();
      alarm = new AbortController();
    },
    async stop() {
      stopping.abort();
      await loops;
    },
    broken,
  };
}
