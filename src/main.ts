#!/usr/bin/env node
import { backfill } from './commands/backfill.ts';
import { check } from './commands/check.ts';
import { exit, Misuse, printLine, type Command, type CommandIo, type ExitCode } from './commands/command.ts';
import { generateKeyCommand } from './commands/generate-key.ts';
import { hashPasswordCommand } from './commands/hash-password.ts';
import { rejected } from './commands/rejected.ts';
import { run } from './commands/run.ts';
import { serve } from './commands/serve.ts';
import { status } from './commands/status.ts';
import { translate } from './commands/translate.ts';
import { LedgerRefused } from './ledger/ledger.ts';
import { version } from './version.ts';

const commands: readonly Command[] = [
  serve,
  run,
  backfill,
  check,
  translate,
  status,
  rejected,
  hashPasswordCommand,
  generateKeyCommand,
];

/** Arguments in, one command called, exit code out. */
async function main(argv: readonly string[], io: CommandIo): Promise<ExitCode> {
  const [first = 'serve', ...rest] = argv;
  if (first === '--version' || first === '-v') {
    printLine(io.stdout, version);
    return exit.done;
  }
  if (first === '--help' || first === '-h' || first === 'help') {
    printLine(io.stdout, help());
    return exit.done;
  }
  // `serve` is the default: its options may stand alone.
  const [name, args] = first.startsWith('-') ? ['serve', argv] : [first, rest];
  const command = commands.find((each) => each.name === name);
  if (command === undefined) throw new Misuse(`There is no command "${name}".\n\n${help()}`);
  if (args.includes('--help') || args.includes('-h')) {
    printLine(io.stdout, `dialog-health-fhir ${command.usage}\n\n${command.summary}`);
    return exit.done;
  }
  return command.run(args, io);
}

function help(): string {
  const width = Math.max(...commands.map(({ usage }) => usage.length));
  return [
    'dialog-health-fhir writes Dialog Health SMS message results to an EHR as FHIR R4 Communications.',
    '',
    'Usage: dialog-health-fhir [command] [--config FILE]',
    '',
    ...commands.map(({ usage, summary }) => `  ${usage.padEnd(width)}  ${summary}`),
    '',
    'Exit codes: 0 done; 1 failed; 2 bad configuration or usage; 3 done, but some records wait or were rejected;',
    '4 another instance holds the ledger. Settings: see README.md.',
  ].join('\n');
}

/** What a person can act on is told in a sentence; anything else by its kind, since messages may quote data. */
function told(error: unknown, stderr: CommandIo['stderr']): ExitCode {
  if (error instanceof Misuse) {
    printLine(stderr, error.message);
    return exit.misused;
  }
  if (error instanceof LedgerRefused) {
    printLine(stderr, error.message);
    return error.reason === 'held-by-another' ? exit.taken : exit.misused;
  }
  if (error instanceof Error && error.name === 'LeaseLost') {
    printLine(stderr, 'Another instance has taken over the ledger. This one has stopped.');
    return exit.taken;
  }
  const name = error instanceof Error ? error.name : typeof error;
  const code = error instanceof Error && 'code' in error ? ` ${String(error.code)}` : '';
  printLine(stderr, `Unexpected failure (${name}${code}). Nothing that was recorded is lost. Run it again; see the log.`);
  return exit.failed;
}

const stopped = new Promise<'SIGTERM' | 'SIGINT'>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // The first asks for an orderly end, the second ends at once: the ledger knows what was under way.
    let count = 0;
    process.on(signal, () => {
      count += 1;
      if (count > 1) process.exit(exit.failed);
      resolve(signal);
    });
  }
});

const io: CommandIo = {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  now: Date.now,
  stopped,
};
process.stdout.on('error', () => process.exit(exit.failed));
// Not process.exit(): what was written to a pipe must arrive.
process.exitCode = await main(process.argv.slice(2), io).catch((error: unknown) => told(error, io.stderr));
