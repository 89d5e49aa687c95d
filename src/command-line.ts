import { acceptGap } from './commands/accept-gap.ts';
import { artefactsCommand } from './commands/artefacts.ts';
import { backfill } from './commands/backfill.ts';
import { check } from './commands/check.ts';
import { exit, Misuse, printLine, type Command, type CommandIo, type ExitCode } from './commands/command.ts';
import { generateKeyCommand } from './commands/generate-key.ts';
import { hashPasswordCommand } from './commands/hash-password.ts';
import { jwksCommand } from './commands/jwks.ts';
import { preview } from './commands/preview.ts';
import { reconcile } from './commands/reconcile.ts';
import { rejected } from './commands/rejected.ts';
import { resend } from './commands/resend.ts';
import { run } from './commands/run.ts';
import { serve } from './commands/serve.ts';
import { status } from './commands/status.ts';
import { translate } from './commands/translate.ts';
import { windows } from './commands/windows.ts';
import { LedgerRefused } from './ledger/ledger.ts';
import { Refused } from './refused.ts';
import { version } from './version.ts';

const commands: readonly Command[] = [
  serve,
  run,
  backfill,
  resend,
  check,
  translate,
  artefactsCommand,
  preview,
  status,
  windows,
  acceptGap,
  rejected,
  reconcile,
  hashPasswordCommand,
  generateKeyCommand,
  jwksCommand,
];

/** Arguments in, one command called, exit code out. Never throws: what fails is told on standard error. */
export const commandLine = (argv: readonly string[], io: CommandIo): Promise<ExitCode> =>
  carryOut(argv, io).catch((error: unknown) => told(error, io.stderr));

async function carryOut(argv: readonly string[], io: CommandIo): Promise<ExitCode> {
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
  return [
    'dialog-health-fhir writes Dialog Health SMS message results to an EHR as FHIR R4 Communications.',
    '',
    'Usage: dialog-health-fhir [command] [--config FILE]',
    '',
    ...commands.flatMap(({ usage, summary }) => [`  ${usage}`, `      ${summary}`]),
    '',
    'Exit codes: 0 done; 1 failed; 2 bad configuration or usage; 3 done, but some records wait or were rejected,',
    'or the sides differ; 4 another instance holds the ledger. Settings: see README.md.',
  ].join('\n');
}

/** What a person can act on is told in a sentence; anything else by its kind, since messages may quote data. */
function told(error: unknown, stderr: CommandIo['stderr']): ExitCode {
  if (error instanceof Misuse || error instanceof Refused) {
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
  printLine(
    stderr,
    `Unexpected failure (${name}${code}). Nothing that was recorded is lost. Run it again; see the log.`,
  );
  return exit.failed;
}
