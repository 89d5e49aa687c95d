import type { Readable, Writable } from 'node:stream';

/** What a command may touch of the process. */
export interface CommandIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly now: () => number;
  /** Resolves at the first SIGTERM or SIGINT. */
  readonly stopped: Promise<'SIGTERM' | 'SIGINT'>;
  /** Told of each moment at which the process may die; only tests listen, to die there. */
  readonly reached?: (point: string) => void;
}

/** Exit codes, the same for every command. */
export const exit = {
  done: 0,
  failed: 1,
  /** Bad configuration or usage; nothing was started. */
  misused: 2,
  /** Done, but some records wait or were rejected. */
  incomplete: 3,
  /** Another instance holds the ledger. */
  taken: 4,
} as const;

export type ExitCode = (typeof exit)[keyof typeof exit];

export interface Command {
  readonly name: string;
  /** How it is called, after the program's name. */
  readonly usage: string;
  /** One sentence for the help. */
  readonly summary: string;
  run(args: readonly string[], io: CommandIo): Promise<ExitCode>;
}

/** The command line or the configuration is wrong: told to the user as it stands, exit code 2, no stack. */
export class Misuse extends Error {
  override name = 'Misuse';
}

export function printLine(stream: Writable, text: string): void {
  stream.write(`${text}\n`);
}

export function printJson(stream: Writable, value: unknown): void {
  printLine(stream, JSON.stringify(value, null, 2));
}
