import type { RecordKey } from '../exchange/record-key.ts';
import type { TimeWindow } from '../exchange/window.ts';
import type { Service } from '../service.ts';
import { resendOf } from '../sync/resend.ts';
import type { StartRun } from '../sync/sync-run.ts';
import { readArguments, readPastRange, readRange } from './arguments.ts';
import { asker } from './asker.ts';
import { exit, Misuse, printLine, type Command, type CommandIo, type ExitCode } from './command.ts';
import { readPast } from './read-past.ts';
import { exitOf, runOnce } from './run.ts';

export const resend: Command = {
  name: 'resend',
  usage: 'resend (--from T --to T [--source NAME] | --key K) [--config FILE] [--json]',
  summary: 'Reads a range, or one message, again and sends all of it again: after a restored EHR, a changed mapping.',
  async run(args, io) {
    const { values } = readArguments(args, resend.usage, {
      config: { type: 'string' },
      source: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
      key: { type: 'string' },
      json: { type: 'boolean' },
    });
    const { key, source, from, to } = values;
    if (key === undefined) {
      if (from === undefined && to === undefined)
        throw new Misuse(
          '--from is missing, and so is --key. Give a range with --from and --to, or one message by --key.',
        );
      const range = readPastRange(from, to, io.now());
      return readPast(io, values, {
        range,
        order: 'newest-first',
        resend: true,
        ...(source === undefined ? {} : { source }),
      });
    }
    if (source !== undefined) throw new Misuse('--key names one message, whose source is known. Leave --source out.');
    const isRange = from !== undefined || to !== undefined;
    const range = isRange ? readRange(from, to, io.now()) : undefined;
    return resendOne(io, values, key, range);
  },
};

async function resendOne(
  io: CommandIo,
  options: { readonly config?: string; readonly json?: boolean },
  key: RecordKey,
  range: TimeWindow | undefined,
): Promise<ExitCode> {
  const report = await runOnce(io, options, (service) => requestOf(service, key, range));
  const [source] = report.sources;
  if (report.state === 'done' && source !== undefined && source.resent + source.changed === 0) {
    printLine(io.stderr, `${key} was not sent again: Dialog Health did not show it there, or somebody dismissed it.`);
    return exit.failed;
  }
  return exitOf(report);
}

async function requestOf(
  { ledger }: Service,
  key: RecordKey,
  within: TimeWindow | undefined,
): Promise<Omit<StartRun, 'trigger'>> {
  const found = await resendOf(ledger.messages, key, within);
  switch (found.kind) {
    case 'found':
      return { source: found.source, range: found.range, resend: key, ...asker };
    case 'unknown-record':
      throw new Misuse(`No message has the key ${key}. GET /records lists them.`);
    case 'no-time':
      throw new Misuse(`It is not known when ${key} was sent. Give --from and --to as well.`);
  }
}
