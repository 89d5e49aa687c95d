import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What was printed so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves with the first line of standard output that has the event. */
  event(name: string): Promise<Readonly<Record<string, unknown>>>;
  /** The most memory that it held at once, in bytes (Linux). */
  peakMemory(): number;
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Another entry than the program's own. */
  readonly entry?: readonly string[];
}

/** Starts the real program in a process of its own, with nothing of this process's environment but PATH. */
export function startProgram(args: readonly string[], options: ProgramOptions = {}): Running {
  const { env = {}, stdin, entry = ['src/main.ts'] } = options;
  const child = spawn(process.execPath, [...entry, ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'], TZ: 'Pacific/Auckland', ...env },
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(stdin);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const find = (name: string) => eventsIn(stdout).find(({ event }) => event === name);
  return {
    child,
    ended,
    stdout: () => stdout,
    stderr: () => stderr,
    event: (name) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = find(name);
          if (found !== undefined) resolve(found);
        };
        child.stdout?.on('data', look);
        look();
        void ended.then(({ code, stderr: told }) => {
          reject(new Error(`ended with ${code} before ${name}: ${told}`));
        });
      }),
    // A process that is ending has given its memory back already.
    peakMemory: () =>
      1024 * Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0),
  };
}

export const runProgram = (args: readonly string[], options?: ProgramOptions): Promise<Ended> =>
  startProgram(args, options).ended;

/** The audit log's lines in an output. */
export function eventsIn(output: string): readonly Readonly<Record<string, unknown>>[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{"time"'))
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}
