import type { BackfillView, SourceStatus, StatusReport } from '../exchange/reports.ts';
import { openService } from '../service.ts';
import { sweepTiers } from '../sync/tiers.ts';
import { readArguments } from './arguments.ts';
import { forecastText } from './backfill-progress.ts';
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
  for (const source of report.sources) for (const line of sourceLines(source)) printLine(stdout, line);
  for (const destination of report.destinations) {
    const { name, pending, delivering, waiting, delivered, skipped, rejected, oldestWaitingSeconds } = destination;
    const oldest = oldestWaitingSeconds === null ? '' : ` (the oldest for ${oldestWaitingSeconds} s)`;
    printLine(
      stdout,
      `${name}: ${delivered} delivered, ${pending} pending, ${delivering} on their way, ${waiting} waiting${oldest}, ${rejected} rejected, ${skipped} kept out of the chart`,
    );
  }
}

function sourceLines(source: SourceStatus): readonly string[] {
  const { name, coveredUntil, lagSeconds, lastRun, unread, sweeps, backfills } = source;
  const covered = coveredUntil === null ? 'nothing read yet' : `read until ${coveredUntil} (${lagSeconds} s ago)`;
  const last = lastRun === null ? 'no run yet' : `last run ${lastRun.state} ${lastRun.finishedAt ?? ''}`.trim();
  const swept = sweepTiers
    .filter((tier) => sweeps[tier].doneUntil !== null)
    .map((tier) => `${tier} until ${sweeps[tier].doneUntil}`);
  return [
    `${name}: ${covered}; ${last}; ${budgetText(source)}`,
    ...(swept.length === 0 ? [] : [`  read again: ${swept.join(', ')}`]),
    ...(unread.queued === 0 ? [] : [`  ${unread.queued} windows are still to be read in parts`]),
    ...(unread.stuck === 0 ? [] : [`  ${unread.stuck} windows are stuck, see "windows --stuck":`]),
    ...unread.stuckRanges.map(({ from, to, tier, code }) => `    ${from} to ${to} (${tier}): ${code}`),
    ...backfills.map(backfillLine),
  ];
}

function budgetText({ budget: { requestsPerHour, learned, usedLastHour } }: SourceStatus): string {
  const less = learned < requestsPerHour ? ` (the vendor allows ${learned} at present)` : '';
  return `${usedLastHour} of ${requestsPerHour} requests this hour${less}`;
}

function backfillLine({ id, from, to, state, percent, forecast }: BackfillView): string {
  const left = forecast === null ? '' : `; left: ${forecastText(forecast)}`;
  return `  backfill ${id}, ${from} to ${to}: ${state}, ${percent} %${left}`;
}
