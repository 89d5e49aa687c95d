import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { unreadableRow, type Explanation } from '../exchange/explanation.ts';
import { problemSentence } from '../exchange/problem.ts';
import type { Translation } from '../exchange/reports.ts';
import { makeTranslator } from '../translator.ts';
import { readArguments } from './arguments.ts';
import { exit, Misuse, printJson, printLine, type Command, type CommandIo } from './command.ts';
import { explanationLines } from './explanation-lines.ts';
import { openTranslateConfig } from './open-config.ts';

export const translate: Command = {
  name: 'translate',
  usage: 'translate [FILE] [--config FILE] [--explain] [--json]',
  summary:
    'A vendor answer (or one row of it) from FILE or standard input in, a FHIR Bundle out. No ledger, no network, no configuration needed. With --explain: what made each element.',
  async run(args, io) {
    const { values, positionals } = readArguments(
      args,
      translate.usage,
      { config: { type: 'string' }, explain: { type: 'boolean' }, json: { type: 'boolean' } },
      1,
    );
    const config = openTranslateConfig(io, values.config);
    const answer = await makeTranslator(config)(rowAsList(await answerFrom(io, positionals[0])));
    if (answer.kind === 'not-an-answer') {
      printLine(io.stderr, `${answer.problem.code}: ${problemSentence(answer.problem)}`);
      return exit.failed;
    }
    const { translation, explanations } = answer;
    const { bundle, unreadable, left } = translation;
    if (values.explain !== true) printJson(io.stdout, bundle);
    else if (values.json === true) await printPieces(io, explainedJson(translation, explanations()));
    else await printPieces(io, explainedText(explanations()));
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

function* explainedText(explanations: Iterable<Explanation>): Iterable<string> {
  for (const explanation of explanations) yield `${explanationLines(explanation, { values: true }).join('\n')}\n\n`;
}

/** An `ExplainedTranslation` as JSON, each explanation on a line of its own. */
function* explainedJson({ bundle, unreadable }: Translation, explanations: Iterable<Explanation>): Iterable<string> {
  yield `{"bundle": ${JSON.stringify(bundle, null, 2)},\n`;
  yield `"unreadable": ${JSON.stringify(unreadable.map(unreadableRow), null, 2)},\n"explanations": [`;
  let before = '\n';
  for (const explanation of explanations) {
    yield `${before}${JSON.stringify(explanation)}`;
    before = ',\n';
  }
  yield '\n]}\n';
}

/** As the reader takes them: all together are many times as large as the answer. */
async function printPieces({ stdout }: CommandIo, pieces: Iterable<string>): Promise<void> {
  for (const piece of pieces) {
    if (!stdout.write(piece)) await once(stdout, 'drain');
  }
}

/** Longer than a row ever is. */
const longestRow = 64 * 1024;

/** One row alone, as `row.json` of an example has it, is an answer of one; anything else goes on as it comes. */
async function* rowAsList(chunks: AsyncIterable<Buffer>): AsyncIterable<Uint8Array> {
  const held: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    if (length > longestRow) {
      yield chunk;
      continue;
    }
    held.push(chunk);
    length += chunk.length;
    if (length > longestRow) yield Buffer.concat(held);
  }
  if (length > longestRow) return;
  const whole = Buffer.concat(held);
  yield isRow(whole.toString()) ? Buffer.concat([Buffer.from('['), whole, Buffer.from(']')]) : whole;
}

function isRow(text: string): boolean {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null && 'outgoingMessageId' in json;
  } catch {
    return false;
  }
}

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
