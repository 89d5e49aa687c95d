import type { Problem } from '../exchange/problem.ts';
import { minuteMs, type Instant } from '../exchange/window.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { backOffMs, type Random } from './retry-policy.ts';

/** How long a source without a job sleeps when nobody wakes it: a command beside the service may have begun one. */
const idleMs = minuteMs;

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
  | { readonly kind: 'read' }
  /** Nothing is due: no job, or only pieces that wait. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'failed'; readonly problem: Problem };

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
  async function step(
    source: string,
    failures: number,
  ): Promise<{ readonly waitMs: number; readonly failed: boolean }> {
    const held = heldUntil(source);
    if (held !== undefined && held > now()) return { waitMs: Math.min(idleMs, held - now()), failed: false };
    const { backfill } = await ledger.coverage.state(source);
    if (backfill === undefined) return { waitMs: idleMs, failed: false };
    const done = await readOne(source, stopping.signal);
    if (done.kind === 'read') return { waitMs: 0, failed: false };
    if (done.kind === 'nothing') return { waitMs: idleMs, failed: false };
    return { waitMs: backOffMs(failures + 1, random, done.problem.retryAfterMs), failed: true };
  }

  async function keepReading(source: string): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      const awake = alarm.signal;
      const { waitMs, failed } = await step(source, failures);
      failures = failed ? failures + 1 : 0;
      if (waitMs > 0) await sleep(waitMs, AbortSignal.any([awake, stopping.signal]));
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
