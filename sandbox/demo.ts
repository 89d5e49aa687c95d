import { parseArgs } from 'node:util';
import { setUp } from './demo/stage.ts';
import { tellStory, type Teller } from './demo/story.ts';
import { reasonOf, stopped } from './program.ts';

const help = `Usage: npm run demo [-- --once]

Starts a Dialog Health simulator, a sandbox EHR and the service itself, shows a week of invented messages on their
way, and one that changes. Then everything goes on until Ctrl-C. Nothing is left behind.

  --once                 end after the showing: exit code 0 when all went as told, else 1
  --seed N               other persons and messages (1)
  --messages-per-day N   how many (400)`;

const options = {
  once: { type: 'boolean', default: false },
  seed: { type: 'string', default: '1' },
  'messages-per-day': { type: 'string', default: '400' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

process.exitCode = await demo(process.argv.slice(2));

async function demo(argv: readonly string[]): Promise<number> {
  const read = readOptions(argv);
  if (read === undefined) {
    process.stderr.write(`${help}\n`);
    return 2;
  }
  if (read.help) {
    process.stdout.write(`${help}\n`);
    return 0;
  }
  const signal = stopped();
  try {
    return await show(read, signal);
  } catch (error) {
    process.stderr.write(`${reasonOf(error)}\n`);
    return 1;
  }
}

interface DemoOptions {
  readonly once: boolean;
  readonly help: boolean;
  readonly seed: number;
  readonly messagesPerDay: number;
}

function readOptions(argv: readonly string[]): DemoOptions | undefined {
  try {
    const { values } = parseArgs({ args: [...argv], options });
    const { once, help: asked, seed, 'messages-per-day': perDay } = values;
    if (!/^\d{1,6}$/.test(seed) || !/^[1-9]\d{0,5}$/.test(perDay)) return undefined;
    return { once, help: asked, seed: Number(seed), messagesPerDay: Number(perDay) };
  } catch {
    return undefined;
  }
}

async function show({ once, seed, messagesPerDay }: DemoOptions, signal: Promise<void>): Promise<number> {
  const tell = terminal();
  const stage = await setUp({ seed, messagesPerDay, persons: 120 });
  let mistakes: readonly string[] | undefined;
  let exitCode: number | null;
  try {
    mistakes = await Promise.race([tellStory(stage, tell), signal.then(() => undefined)]);
    for (const mistake of mistakes ?? []) tell.line(`Not as it should be: ${mistake}`);
    if (mistakes !== undefined && !once) {
      tell.line('All three go on; new messages come in every few minutes. Ctrl-C ends them.');
      await signal;
    }
  } finally {
    // A story that was interrupted has nothing more to say.
    tell.silence();
    exitCode = await stage.close();
  }
  if (exitCode !== 0) process.stderr.write(`The service ended with exit code ${exitCode ?? 'none'}.\n`);
  process.stdout.write('Ended. Nothing is left behind.\n');
  const asTold = mistakes === undefined ? !once : mistakes.length === 0;
  return asTold && exitCode === 0 ? 0 : 1;
}

interface Terminal extends Teller {
  /** What is told from now on is not shown. */
  readonly silence: () => void;
}

/** Progress is for a terminal alone: in a file it would be noise. */
function terminal(): Terminal {
  const { stdout } = process;
  let width = 0;
  let silent = false;
  const clear = (): void => {
    if (width > 0) stdout.write(`\r${' '.repeat(width)}\r`);
    width = 0;
  };
  return {
    line(text = '') {
      if (silent) return;
      clear();
      stdout.write(`${text}\n`);
    },
    progress(text) {
      if (silent || !stdout.isTTY) return;
      clear();
      stdout.write(text);
      width = text.length;
    },
    silence() {
      clear();
      silent = true;
    },
  };
}
