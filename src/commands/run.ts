import type { RunReport } from '../exchange/reports.ts';
import { openService, type Service } from '../service.ts';
import type { StartRun } from '../sync/sync-run.ts';
import { readArguments } from './arguments.ts';
import { exit, Misuse, printJson, printLine, type Command, type CommandIo, type ExitCode } from './command.ts';
import { openConfig } from './open-config.ts';
import { deliveryLines, sourceLines } from './run-text.ts';

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
    const { source } = values;
    const report = await runOnce(io, values, () => Promise.resolve(source === undefined ? {} : { source }));
    return exitOf(report);
  },
};

/**
 * One run in a service of its own, which must be alone with the ledger; SIGTERM ends it in order. Prints its report.
 * @param asked what the run is to do, once there is a ledger to ask
 */
export async function runOnce(
  io: CommandIo,
  options: { readonly config?: string; readonly json?: boolean },
  asked: (service: Service) => Promise<Omit<StartRun, 'trigger'>>,
): Promise<RunReport> {
  const config = openConfig(io, options.config);
  const service = await openService(config, { ...io, access: 'owner', log: 'stderr' });
  try {
    const request = await asked(service);
    await service.checkDestination();
    const report = await finishedRun(service, io, request);
    if (options.json === true) printJson(io.stdout, report);
    else printRun(io, report);
    return report;
  } finally {
    await service.stop();
  }
}

async function finishedRun(service: Service, io: CommandIo, request: Omit<StartRun, 'trigger'>): Promise<RunReport> {
  service.delivery.start();
  const started = await service.runs.start({ ...request, trigger: 'command' });
  if (started.kind === 'unknown-source') {
    throw new Misuse(`There is no source "${request.source}". Configured: ${started.known.join(', ')}.`);
  }
  if (started.kind !== 'started') throw new Error(`a run could not start: ${started.kind}`);
  void io.stopped.then(() => service.stop());
  return Promise.race([started.finished, service.delivery.broken]);
}

export function exitOf(report: RunReport): ExitCode {
  if (report.state === 'failed') return exit.failed;
  const { pending, waiting, rejected } = report.delivery;
  const unreadable = report.sources.reduce((sum, source) => sum + source.unreadable, 0);
  return pending + waiting + rejected + unreadable === 0 ? exit.done : exit.incomplete;
}

function printRun({ stdout }: CommandIo, report: RunReport): void {
  printLine(stdout, `run ${report.id}: ${report.state}`);
  for (const source of report.sources) for (const line of sourceLines(source)) printLine(stdout, line);
  for (const line of deliveryLines(report.delivery)) printLine(stdout, line);
}
