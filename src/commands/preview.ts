import type { Communication } from 'fhir/r4.js';
import type { Config, SourceConfig } from '../config/config.ts';
import { namedByUrl } from '../exchange/difference.ts';
import { problemKind, problemSentence } from '../exchange/problem.ts';
import { dayMs } from '../exchange/window.ts';
import { makePreview } from '../previewer.ts';
import { ehrFailure, type PreviewedMessage, type PreviewReport } from '../sync/preview.ts';
import { readArguments, readRange } from './arguments.ts';
import { exit, Misuse, printJson, printLine, type Command, type CommandIo, type ExitCode } from './command.ts';
import { openConfig } from './open-config.ts';
import { plain, shown } from './shown.ts';

const shownByDefault = 20;

export const preview: Command = {
  name: 'preview',
  usage: 'preview [--source NAME] [--from T --to T] [--limit N] [--config FILE] [--json]',
  summary: 'Reads a window (the last hour), and shows what would be created or changed at the EHR. Writes nothing.',
  async run(args, io) {
    const { values } = readArguments(args, preview.usage, {
      config: { type: 'string' },
      source: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
      limit: { type: 'string' },
      json: { type: 'boolean' },
    });
    const limit = limitOf(values.limit);
    const isRange = values.from !== undefined || values.to !== undefined;
    const range = isRange ? { range: readRange(values.from, values.to, io.now()) } : {};
    const config = openConfig(io, values.config);
    const source = sourceOf(config, values.source);
    const stopped = new AbortController();
    void io.stopped.then(() => stopped.abort());
    const made = await makePreview(config, { source, limit, ...range }, { now: io.now, signal: stopped.signal });
    switch (made.kind) {
      case 'too-wide':
        throw new Misuse(
          `From --from to --to is more than Dialog Health answers for at once. Ask for at most ${made.longestWindowMs / dayMs} days.`,
        );
      case 'not-read':
        printLine(io.stderr, `${source.name}: ${made.problem.code}: ${problemSentence(made.problem)}`);
        return exit.failed;
      case 'report':
        if (values.json === true) printJson(io.stdout, made.report);
        else printReport(io, made.report);
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
  const { unknown, rejected, notValid, unreadable } = report.summary;
  return unknown + rejected + notValid + unreadable === 0 ? exit.done : exit.incomplete;
}

function printReport({ stdout }: CommandIo, report: PreviewReport): void {
  const { source, from, to, rows, ehr, dialect, messages, unreadable } = report;
  printLine(stdout, `${source}, ${from} to ${to}: ${numbered(rows, 'row')} read`);
  if (ehr.kind === 'ready') printLine(stdout, `EHR: would be written by ${ehr.write}; ${ehr.why}`);
  printLine(stdout, `Dialect: ${dialect.name}. ${dialect.why}`);
  for (const message of messages) {
    printLine(stdout, '');
    for (const line of linesOf(message)) printLine(stdout, plain(line));
  }
  printLine(stdout, '');
  for (const { position, problem } of unreadable.slice(0, shownByDefault)) {
    printLine(stdout, `row ${position + 1}: ${problem.code}: ${problemSentence(problem)}`);
  }
  printLine(stdout, summaryLine(report));
}

/** State, message and where it is; below it what would be written, or what differs: there now -> then. */
function linesOf(message: PreviewedMessage): readonly string[] {
  const head = `${message.state}  ${message.direction} ${message.key}`;
  switch (message.state) {
    case 'create':
      return [head, ...elementsOf(message.resource), ...remarksOn(message)];
    case 'update':
      return [
        `${head}  ${whereOf(message)}`,
        ...message.differences.map(({ element, ours, theirs }) => `    ${element}: ${shown(theirs)} -> ${shown(ours)}`),
        ...remarksOn(message),
      ];
    case 'unchanged':
      return [`${head}  ${whereOf(message)}`, ...remarksOn(message)];
    case 'unknown':
      return [`${head}  ${told(message)}`, ...elementsOf(message.resource), ...remarksOn(message)];
    case 'skipped':
    case 'rejected':
      return [`${head}  ${told(message)}`];
  }
}

/** What concerns the whole EHR is told once, at the end. */
const told = ({ problem }: Extract<PreviewedMessage, { problem: unknown }>): string =>
  problemKind(problem.code).scope === 'destination' ? problem.code : `${problem.code}: ${problemSentence(problem)}`;

const whereOf = ({ reference, version }: Extract<PreviewedMessage, { reference: string }>): string =>
  version === undefined ? reference : `${reference} version ${version}`;

/** One line for each element, and for each extension: by the name that a difference has too. */
function elementsOf(resource: Communication): readonly string[] {
  const { resourceType: _, id: __, extension = [], ...elements } = resource;
  return [
    ...extension.map(({ url, ...value }) => [`extension${namedByUrl(url)}`, value] as const),
    ...Object.entries(elements),
  ].map(([name, value]) => `    ${name}: ${shown(value)}`);
}

const remarksOn = ({ findings, counts }: Extract<PreviewedMessage, { findings: unknown }>): readonly string[] => [
  ...findings.map((finding) => `    not valid: ${finding}`),
  ...counts.map((count) => `    counted: ${count}`),
];

function summaryLine({ messages, more, summary }: PreviewReport): string {
  const { create, update, unchanged, unknown, skipped, rejected, notValid, unreadable } = summary;
  const all = messages.length + more;
  const of =
    more === 0
      ? numbered(all, 'message')
      : `${messages.length} of ${numbered(all, 'message')} (all with --limit ${all})`;
  const cannotTell = unknown === 0 ? '' : `, ${unknown} cannot be told`;
  const rows = unreadable === 0 ? '' : `; ${numbered(unreadable, 'row')} cannot be read`;
  return `${of}: ${create} would be created, ${update} updated, ${unchanged} unchanged${cannotTell}, ${skipped} skipped, ${rejected} rejected; ${notValid} not valid${rows}`;
}

const numbered = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
