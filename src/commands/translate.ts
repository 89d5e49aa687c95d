import { createReadStream } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { problemSentence } from '../exchange/problem.ts';
import { makeTranslator } from '../translator.ts';
import { readArguments } from './arguments.ts';
import { exit, Misuse, printJson, printLine, type Command, type CommandIo } from './command.ts';
import { openTranslateConfig } from './open-config.ts';

export const translate: Command = {
  name: 'translate',
  usage: 'translate [FILE] [--config FILE]',
  summary:
    'A vendor answer from FILE or standard input in, a FHIR Bundle out. No ledger, no network, no configuration needed.',
  async run(args, io) {
    const { values, positionals } = readArguments(args, translate.usage, { config: { type: 'string' } }, 1);
    const config = openTranslateConfig(io, values.config);
    const answer = await makeTranslator(config)(await answerFrom(io, positionals[0]));
    if (answer.kind === 'not-an-answer') {
      printLine(io.stderr, `${answer.problem.code}: ${problemSentence(answer.problem)}`);
      return exit.failed;
    }
    const { bundle, unreadable, left } = answer.translation;
    printJson(io.stdout, bundle);
    for (const { position, problem } of unreadable) {
      printLine(io.stderr, `row ${position + 1}: ${problem.code}: ${problemSentence(problem)}`);
    }
    for (const { key, state, problem } of left) {
      printLine(io.stderr, `message ${key}: ${state}: ${problem.code}: ${problemSentence(problem)}`);
    }
    const rejected = left.some(({ state }) => state === 'rejected');
    return unreadable.length > 0 || rejected ? exit.incomplete : exit.done;
  },
};

async function answerFrom(io: CommandIo, file: string | undefined): Promise<AsyncIterable<Buffer>> {
  if (file === undefined || file === '-') return io.stdin as AsyncIterable<Buffer>;
  try {
    await access(file, constants.R_OK);
    if ((await stat(file)).isFile()) return createReadStream(file);
  } catch {
    // Told below, the same for what is missing and what is no file.
  }
  throw new Misuse(`${file} cannot be read. Give a file with a vendor answer, or none to read standard input.`);
}
