import type { Settlement } from '../exchange/delivery.ts';
import type { RecordKey } from '../exchange/record-key.ts';

export interface SettleTogetherOptions {
  /** In one transaction. Gives the keys that were lost. */
  readonly settle: (settlements: readonly Settlement[]) => Promise<readonly RecordKey[]>;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** What became of a message is written down after this at the latest; 0: at once. */
  readonly withinMs: number;
  /** So many are written at once. */
  readonly most: number;
}

/** Writes down what became of several Bundles in one transaction: each waits for the disk. */
export interface SettleTogether {
  /** @param written called with the keys that were lost, once it is on the disk */
  add(settlements: readonly Settlement[], written: (lost: ReadonlySet<RecordKey>) => void): void;
  /** Nothing more can be written down. */
  hasFailed(): boolean;
  /** Resolves once all is written; throws what failed since it was asked last. */
  done(): Promise<void>;
}

interface Group {
  readonly settlements: readonly Settlement[];
  readonly written: (lost: ReadonlySet<RecordKey>) => void;
}

export function settleTogether({ settle, sleep, withinMs, most }: SettleTogetherOptions): SettleTogether {
  let waiting: Group[] = [];
  let writing: Promise<void> = Promise.resolve();
  let failed: { readonly error: unknown } | undefined;

  async function writeAll(groups: readonly Group[]): Promise<void> {
    const lost = new Set(await settle(groups.flatMap(({ settlements }) => settlements)));
    for (const { written } of groups) written(lost);
  }

  function write(): void {
    const groups = waiting;
    waiting = [];
    if (groups.length === 0) return;
    writing = writing
      .then(() => writeAll(groups))
      .catch((error: unknown) => {
        failed ??= { error };
      });
  }

  return {
    add(settlements, written) {
      waiting.push({ settlements, written });
      const count = waiting.reduce((sum, group) => sum + group.settlements.length, 0);
      if (withinMs === 0 || count >= most) write();
      else if (waiting.length === 1) void sleep(withinMs, new AbortController().signal).then(write);
    },
    hasFailed: () => failed !== undefined,
    async done() {
      write();
      await writing;
      const failure = failed;
      failed = undefined;
      if (failure !== undefined) throw failure.error;
    },
  };
}
