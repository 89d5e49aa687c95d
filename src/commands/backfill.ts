import { readArguments, readRange } from './arguments.ts';
import type { Command } from './command.ts';
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
    return runOnce(io, values, readRange(values.from, values.to, io.now()));
  },
};
