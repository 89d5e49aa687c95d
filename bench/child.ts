import { spawn } from 'node:child_process';

export interface Child {
  /** The first line that it printed. */
  readonly line: string;
  stop(): void;
}

/** Starts a program of ours that prints one line when it is ready. */
export function startChild(args: readonly string[]): Promise<Child> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}`)));
    child.stdout.setEncoding('utf8').once('data', (text: string) => {
      resolve({ line: text.split('\n')[0] ?? '', stop: () => void child.kill('SIGTERM') });
    });
  });
}
