import type { Config, SourceConfig } from '../config/config.ts';
import { problemSentence } from '../exchange/problem.ts';
import { dayMs } from '../exchange/window.ts';
import { makePreview } from '../previewer.ts';
import { ehrFailure, type PreviewReport } from '../sync/preview.ts';
import { readArguments, readRange } from './arguments.ts';
import { exit, Misuse, printJson, printLine, type Command, type CommandIo, type ExitCode } from './command.ts';
import { openConfig } from './open-config.ts';
import { previewLines } from './preview-lines.ts';

const shownByDefault = 20;

export const preview: Command = {
  name: 'preview',
  usage: 'preview [--source NAME] [--from T --to T] [--limit N] [--explain] [--config FILE] [--json]',
  summary: 'Reads a window (the last hour), and shows what would be created or changed at the EHR. Writes nothing.',
  async run(args, io) {
    const { values } = readArguments(args, preview.usage, {
      config: { type: 'string' },
      source: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
      limit: { type: 'string' },
      explain: { type: 'boolean' },
      json: { type: 'boolean' },
    });
    const limit = limitOf(values.limit);
    const isRange = values.from !== undefined || values.to !== undefined;
    const range = isRange ? { range: readRange(values.from, values.to, io.now()) } : {};
    const config = openConfig(io, values.config);
    const source = sourceOf(config, values.source);
    const stopped = new AbortController();
    void io.stopped.then(() => stopped.abort());
    const made = await makePreview(
      config,
      { source, limit, explain: values.explain === true, ...range },
      { now: io.now, signal: stopped.signal },
    );
    switch (made.kind) {
      case 'too-wide':
        throw new Misuse(
          `--from and --to are further apart than Dialog Health answers for at once. Ask for at most ${made.longestWindowMs / dayMs} days.`,
        );
      case 'not-read':
        printLine(io.stderr, `${source.name}: ${made.problem.code}: ${problemSentence(made.problem)}`);
        return exit.failed;
      case 'report':
        if (values.json === true) printJson(io.stdout, made.report);
        else for (const line of previewLines(made.report)) printLine(io.stdout, line);
        return exitOf(made.report, io);
    }
  },
};

function limitOf(text: string | undefined): number {
  if (text === undefined) return shownByDefault;
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new Misuse(`--limit "${text}" is no number of messages. Give one such as ${shownByDefault}.`);
  }
  return Number(text);
}

function sourceOf({ sources }: Config, name: string | undefined): SourceConfig {
  const [first] = sources;
  const found = name === undefined ? first : sources.find((each) => each.name === name);
  if (found !== undefined) return found;
  throw new Misuse(`There is no source "${name}". Configured: ${sources.map((each) => each.name).join(', ')}.`);
}

function exitOf(report: PreviewReport, io: CommandIo): ExitCode {
  const problem = ehrFailure(report);
  if (problem !== undefined) {
    const why = report.ehr.kind === 'failed' ? ` ${report.ehr.why}` : '';
    printLine(io.stderr, `EHR: ${problem.code}: ${problemSentence(problem)}${why}`);
    return exit.failed;
  }
  const { unknown, rejected, foreign, notValid, unreadable } = report.summary;
  const untold = report.ehr.kind === 'ready' && report.ehr.cannotBeAsked ? 0 : unknown;
  return untold + rejected + foreign + notValid + unreadable === 0 ? exit.done : exit.incomplete;
}
