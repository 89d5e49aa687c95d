import type { BundleType } from '../capabilities.ts';
import { bundleBytes, type BundleLimits, type Write } from './bundle.ts';

/** After this many refused transactions in a row, so many Bundles go as batch before a transaction is tried again. */
const longestDetour = 63;

/** After this many server errors in a row one message may be what the server fails on. */
const suspicious = 3;

/**
 * What the answers of the EHR taught about Bundles, beyond what it says of itself. Kept until it is asked what it
 * offers again.
 */
export interface BundleExperience {
  /** The type for the next Bundle. */
  next(): BundleType;
  limits(): BundleLimits;
  /** Whether a transaction refused for its content may go again as a batch. */
  readonly batchWorks: () => boolean;
  /** A transaction went through, or was refused for its content. */
  transaction(taken: boolean): void;
  /** The EHR failed on a request (500), or carried one out. */
  serverFailed(): void;
  served(): void;
  /** Whether to look for one message that it fails on, instead of waiting for it to recover. */
  suspectsOne(): boolean;
  /** These went in halves since they were too large together. */
  halved(by: 'bytes' | 'entries', halves: readonly (readonly Write[])[]): void;
  /** The EHR takes no Bundle of this type after all. */
  notOffered(type: BundleType): void;
}

export function bundleExperience(
  offered: { readonly bundle: BundleType; readonly batchWorks: boolean },
  configured: BundleLimits,
): BundleExperience {
  let type = offered.bundle;
  let batchWorks = offered.batchWorks;
  let limits = configured;
  let refusedInARow = 0;
  let failuresInARow = 0;
  /** Bundles that still go as batch: a transaction of which one is refused costs twice. */
  let detour = 0;

  return {
    next() {
      if (type !== 'transaction' || detour === 0 || !batchWorks) return type;
      detour -= 1;
      return 'batch';
    },
    limits: () => (type === 'none' ? { ...limits, maxEntries: 1 } : limits),
    batchWorks: () => batchWorks,
    transaction(taken) {
      refusedInARow = taken ? 0 : refusedInARow + 1;
      detour = taken ? 0 : Math.min(2 ** refusedInARow - 1, longestDetour);
    },
    serverFailed: () => void (failuresInARow += 1),
    served: () => void (failuresInARow = 0),
    suspectsOne: () => failuresInARow >= suspicious,
    halved(by, halves) {
      const most = (size: (half: readonly Write[]) => number): number => Math.max(...halves.map(size));
      limits =
        by === 'entries'
          ? {
              ...limits,
              maxEntries: Math.min(
                limits.maxEntries,
                most(({ length }) => length),
              ),
            }
          : { ...limits, maxBytes: Math.min(limits.maxBytes, most(bundleBytes)) };
    },
    notOffered(refused) {
      if (refused === 'batch') batchWorks = false;
      if (refused === 'transaction') type = batchWorks ? 'batch' : 'none';
      else if (type === refused) type = 'none';
    },
  };
}
