import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const linesKept = 20;
const longestStartMs = 60_000;
/** The service itself takes 20 s at most for what is on its way. */
const longestEndMs = 30_000;

/** The real program, in a process of its own. */
export interface Service {
  /** Resolves when it answers; rejects when it ended instead, with what it said last. */
  readonly ready: (url: string) => Promise<void>;
  /** Ends it in order. Gives its exit code; null: it had to be killed. */
  readonly stop: () => Promise<number | null>;
}

export function startService(configFile: string): Service {
  // In a group of its own, so that Ctrl-C reaches it once, and from here.
  const child = spawn(process.execPath, ['src/main.ts', 'serve', '--config', configFile], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lastLines = tail(child);
  const ended = once(child, 'exit');
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  return {
    async ready(url) {
      const started = performance.now();
      for (;;) {
        if (performance.now() - started > longestStartMs)
          throw new Error(`The service does not start:\n${lastLines()}`);
        if (child.exitCode !== null || child.signalCode !== null) {
          throw new Error(`The service ended before it was ready:\n${lastLines()}`);
        }
        const answer = await fetch(`${url}/readyz`).catch(() => undefined);
        if (answer?.ok === true) return;
        await sleep(100);
      }
    },
    async stop() {
      child.kill('SIGTERM');
      await Promise.race([ended, sleep(longestEndMs, undefined, { ref: false })]);
      kill();
      await ended;
      process.off('exit', kill);
      return child.exitCode;
    },
  };
}

/** What it printed last. */
function tail({ stdout, stderr }: ChildProcess): () => string {
  const lines: string[] = [];
  for (const stream of [stdout, stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      lines.push(...chunk.split('\n').filter((line) => line !== ''));
      lines.splice(0, Math.max(0, lines.length - linesKept));
    });
  }
  return () => lines.join('\n');
}

/** The hash of a password, as its user would make it. */
export async function hashOf(password: string): Promise<string> {
  const child = spawn(process.execPath, ['src/main.ts', 'hash-password'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(password);
  const hash = (await text(child.stdout)).trim();
  if (hash === '') throw new Error('The password could not be hashed.');
  return hash;
}
