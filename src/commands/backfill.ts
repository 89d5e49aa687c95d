import { readArguments, readInstant } from './arguments.ts';
import { Misuse, type Command } from './command.ts';
import { runOnce } from './run.ts';

export const backfill: Command = {
  name: 'backfill',
  usage: 'backfill --from T --to T [--source NAME] [--config FILE] [--json]',
  summary: 'Reads a past range again and delivers what is new or changed in it.',
  async run(args, io) {
    const { values } = readArguments(args, backfill.usage, {
      config: { type: 'string' },
      source: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
      json: { type: 'boolean' },
    });
    const range = { from: readInstant('--from', values.from), to: readInstant('--to', values.to) };
    if (range.from >= range.to) throw new Misuse('--from must be before --to.');
    if (range.from >= io.now()) throw new Misuse('--from is in the future. Nothing can be read there yet.');
    return runOnce(io, values, range);
  },
};
