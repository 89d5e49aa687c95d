import type { Instant } from '../../exchange/window.ts';

/** When scheduled runs start. The in-process kind serves one process; another kind can share the work of several. */
export interface WakeUps {
  start(): void;
  /** When the source is due next; undefined when nothing is scheduled. */
  next(source: string): Instant | undefined;
  /** No run starts after this. Runs under way are not its business. */
  stop(): Promise<void>;
}
