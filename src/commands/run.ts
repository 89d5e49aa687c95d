import type { RunReport } from '../exchange/reports.ts';
import { isProblemCode, problemSentence } from '../exchange/problem.ts';
import type { TimeWindow } from '../exchange/window.ts';
import { openService, type Service } from '../service.ts';
import { readArguments } from './arguments.ts';
import { exit, Misuse, printJson, printLine, type Command, type CommandIo, type ExitCode } from './command.ts';
import { openConfig } from './open-config.ts';

export const run: Command = {
  name: 'run',
  usage: 'run [--source NAME] [--config FILE] [--json]',
  summary: 'Reads what is due, delivers it, prints the run report.',
  async run(args, io) {
    const { values } = readArguments(args, run.usage, {
      config: { type: 'string' },
      source: { type: 'string' },
      json: { type: 'boolean' },
    });
    return runOnce(io, values, undefined);
  },
};

/** One run in a service of its own, which must be alone with the ledger; SIGTERM ends it in order. */
export async function runOnce(
  io: CommandIo,
  options: { readonly config?: string; readonly source?: string; readonly json?: boolean },
  range: TimeWindow | undefined,
): Promise<ExitCode> {
  const config = openConfig(io, options.config);
  const service = await openService(config, { ...io, access: 'owner', log: 'stderr' });
  try {
    await service.checkDestination();
    const report = await finishedRun(service, io, options.source, range);
    if (options.json === true) printJson(io.stdout, report);
    else printRun(io, report);
    return exitOf(report);
  } finally {
    await service.stop();
  }
}

async function finishedRun(
  service: Service,
  io: CommandIo,
  source: string | undefined,
  range: TimeWindow | undefined,
): Promise<RunReport> {
  service.delivery.start();
  const started = await service.runs.start({
    trigger: 'command',
    ...(source === undefined ? {} : { source }),
    ...(range === undefined ? {} : { range }),
  });
  if (started.kind === 'unknown-source') {
    throw new Misuse(`There is no source "${source}". Configured: ${started.known.join(', ')}.`);
  }
  if (started.kind !== 'started') throw new Error(`a run could not start: ${started.kind}`);
  void io.stopped.then(() => service.stop());
  return Promise.race([started.finished, service.delivery.broken]);
}

function exitOf(report: RunReport): ExitCode {
  if (report.state === 'failed') return exit.failed;
  const { pending, waiting, rejected } = report.delivery;
  const unreadable = report.sources.reduce((sum, source) => sum + source.unreadable, 0);
  return pending + waiting + rejected + unreadable === 0 ? exit.done : exit.incomplete;
}

function printRun(io: CommandIo, report: RunReport): void {
  printLine(io.stdout, `run ${report.id}: ${report.state}`);
  for (const source of report.sources) {
    const { name, windows, read, new: added, changed, unchanged, unreadable } = source;
    printLine(
      io.stdout,
      `  ${name}: ${windows} windows, ${read} rows read; messages: ${added} new, ${changed} changed, ${unchanged} unchanged; ${unreadable} unreadable rows`,
    );
    printProblems(io, source.problems);
  }
  const { delivered, pending, waiting, rejected, skipped, problems, counts } = report.delivery;
  printLine(
    io.stdout,
    `  EHR: ${delivered} delivered, ${pending} pending, ${waiting} waiting, ${rejected} rejected, ${skipped} kept out of the chart`,
  );
  printProblems(io, problems);
  for (const [name, count] of Object.entries(counts))
    printLine(io.stdout, `    ${count} x ${name} (counted by the mapping)`);
}

function printProblems(io: CommandIo, problems: RunReport['delivery']['problems']): void {
  for (const [code, count] of Object.entries(problems)) {
    if (isProblemCode(code)) printLine(io.stdout, `    ${count} x ${code}: ${problemSentence({ code })}`);
  }
}
