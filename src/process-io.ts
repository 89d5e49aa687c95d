import { exit, type CommandIo } from './commands/command.ts';

/** This process, as commands see it. The first SIGTERM or SIGINT asks for an orderly end; the second ends at once. */
export function processIo(): CommandIo {
  // Whoever read our answer has gone.
  process.stdout.on('error', () => process.exit(exit.failed));
  return {
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    now: Date.now,
    stopped: new Promise((resolve) => {
      let count = 0;
      for (const signal of ['SIGTERM', 'SIGINT'] as const) {
        process.on(signal, () => {
          count += 1;
          // The ledger knows what was under way.
          if (count > 1) process.exit(exit.failed);
          resolve(signal);
        });
      }
    }),
  };
}
