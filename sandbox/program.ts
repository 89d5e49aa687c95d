import { parseArgs } from 'node:util';

/** A flag of a sandbox program, which an environment variable may give too. */
export interface Flag {
  readonly name: string;
  readonly variable: string;
  readonly fallback: string;
  readonly summary: string;
}

export interface Program {
  readonly usage: string;
  readonly summary: string;
  readonly flags: Readonly<Record<string, Flag>>;
}

/** What was given for a flag. */
export type Given = (flag: Flag) => string;

export type ReadArguments =
  | { readonly kind: 'given'; readonly given: Given }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'misused'; readonly text: string };

/** Flags win over variables, variables over what stands in the program. */
export function readArguments(program: Program, argv: readonly string[], env: NodeJS.ProcessEnv): ReadArguments {
  const names = Object.values(program.flags).map(({ name }) => [name, { type: 'string' as const }] as const);
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { ...Object.fromEntries(names), help: { type: 'boolean', short: 'h' } },
    });
    const told: Readonly<Record<string, unknown>> = values;
    if (told['help'] === true) return { kind: 'help', text: help(program) };
    return {
      kind: 'given',
      given({ name, variable, fallback }) {
        const value = told[name] ?? env[variable];
        return typeof value === 'string' && value !== '' ? value : fallback;
      },
    };
  } catch (error) {
    return { kind: 'misused', text: `${reasonOf(error)}\n\n${help(program)}` };
  }
}

function help({ usage, summary, flags }: Program): string {
  const lines = Object.values(flags).map(
    ({ name, variable, fallback, summary: what }) =>
      `  --${name.padEnd(16)} ${what} (${variable}${fallback === '' ? '' : `; ${fallback}`})`,
  );
  return [`Usage: ${usage}`, '', summary, '', ...lines, `  --${'help'.padEnd(16)} This text`].join('\n');
}

/** A whole number, or the sentence that says why not. */
export function readNumber(text: string, what: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Misuse(`${what} has to be a whole number, and is not.`);
  return Number(text);
}

/** What a person can put right. */
export class Misuse extends Error {
  override name = 'Misuse';
}

interface Closable {
  close(): Promise<void>;
}

/** Starts a program and ends it on SIGTERM or SIGINT, with exit code 0; 2 when it was called wrongly. */
export async function runProgram(program: Program, start: (given: Given) => Promise<Closable>): Promise<void> {
  const read = readArguments(program, process.argv.slice(2), process.env);
  if (read.kind !== 'given') {
    (read.kind === 'help' ? process.stdout : process.stderr).write(`${read.text}\n`);
    process.exitCode = read.kind === 'help' ? 0 : 2;
    return;
  }
  // Before anybody is told that it runs.
  const signal = stopped();
  try {
    const running = await start(read.given);
    await signal;
    await running.close();
  } catch (error) {
    process.stderr.write(`${reasonOf(error)}\n`);
    process.exitCode = error instanceof Misuse ? 2 : 1;
  }
}

/**
 * Resolves at the first SIGTERM or SIGINT; a later one ends the process at once. npm passes Ctrl-C on to a program that
 * has had it from the terminal already: what comes within a second is the same one.
 */
export function stopped(): Promise<void> {
  return new Promise((resolve) => {
    let first: number | undefined;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        first ??= performance.now();
        if (performance.now() - first > 1000) process.exit(1);
        resolve();
      });
    }
  });
}

export function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return 'The port is taken by another program. Give another one with --port.';
  }
  return error instanceof Error ? error.message : String(error);
}
