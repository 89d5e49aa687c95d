import type { StatusReport } from '../exchange/reports.ts';
import { openService } from '../service.ts';
import { readArguments } from './arguments.ts';
import { exit, printJson, printLine, type Command, type CommandIo } from './command.ts';
import { openConfig } from './open-config.ts';

export const status: Command = {
  name: 'status',
  usage: 'status [--config FILE] [--json]',
  summary: 'What the ledger knows: how far was read, what is pending, waiting, rejected. Works beside a running serve.',
  async run(args, io) {
    const { values } = readArguments(args, status.usage, { config: { type: 'string' }, json: { type: 'boolean' } });
    const config = openConfig(io, values.config);
    const service = await openService(config, { now: io.now, access: 'reader', log: 'stderr' });
    try {
      const report = await service.operations.status();
      if (values.json === true) printJson(io.stdout, report);
      else printStatus(io, report);
      return exit.done;
    } finally {
      await service.stop();
    }
  },
};

function printStatus({ stdout }: CommandIo, report: StatusReport): void {
  for (const { name, coveredUntil, lagSeconds, lastRun, budget } of report.sources) {
    const covered = coveredUntil === null ? 'nothing read yet' : `read until ${coveredUntil} (${lagSeconds} s ago)`;
    const last = lastRun === null ? 'no run yet' : `last run ${lastRun.state} ${lastRun.finishedAt ?? ''}`.trim();
    printLine(
      stdout,
      `${name}: ${covered}; ${last}; ${budget.usedLastHour} of ${budget.requestsPerHour} requests this hour`,
    );
  }
  for (const { name, pending, delivering, waiting, delivered, skipped, rejected } of report.destinations) {
    printLine(
      stdout,
      `${name}: ${delivered} delivered, ${pending} pending, ${delivering} on their way, ${waiting} waiting, ${rejected} rejected, ${skipped} kept out of the chart`,
    );
  }
}
