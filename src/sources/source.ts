import type { Problem } from '../exchange/problem.ts';
import type { Reading } from '../exchange/record.ts';
import type { Instant, TimeWindow } from '../exchange/window.ts';

/** How one window was read. Only `complete` may move coverage. */
export type ReadOutcome =
  | {
      readonly kind: 'complete';
      readonly rows: number;
      readonly bytes: number;
      /** The vendor's clock (`Date` header), when it told it. */
      readonly vendorNow?: Instant;
    }
  | {
      readonly kind: 'failed';
      readonly problem: Problem;
      /** Rows handed over before it broke off: harmless, they are read again. */
      readonly rows: number;
    };

/** Takes one batch of an answer. `vendorNow`: the vendor's clock when it began to answer, where it told it. */
export type TakeReadings = (readings: readonly Reading[], vendorNow?: Instant) => Promise<void>;

/** A vendor that answers for ranges of time. One kind per folder beside this file; `registry.ts` lists them. */
export interface Source {
  /** As configured: appears in logs, status and the ledger. */
  readonly name: string;
  /** The vendor refuses wider windows. */
  readonly longestWindowMs: number;
  /**
   * One request for one window, widened by nobody: what is asked is what is sent. Rows are handed over in batches
   * while they stream in; `take` is awaited, which holds the sender back. Never throws for what the vendor or the
   * network does; what `take` throws passes through. Aborting `signal` gives `failed` with `source-timeout`. Of the first
   * and the last minute only messages with an id need be given: ask one minute more on both sides.
   * @param share of the requests of an hour: none is made once so much of them is used; 1 where it is left out
   */
  read(window: TimeWindow, take: TakeReadings, signal: AbortSignal, share?: number): Promise<ReadOutcome>;
}
