import { readArguments, readPastRange } from './arguments.ts';
import { Misuse, type Command } from './command.ts';
import { readPast } from './read-past.ts';

const orders = ['newest-first', 'oldest-first'] as const;

export const backfill: Command = {
  name: 'backfill',
  usage: 'backfill --from T --to T [--source NAME] [--order newest-first|oldest-first] [--config FILE] [--json]',
  summary: 'Reads a past range and delivers what is new or changed in it; started again, it goes on where it was.',
  async run(args, io) {
    const { values } = readArguments(args, backfill.usage, {
      config: { type: 'string' },
      source: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
      order: { type: 'string', default: orders[0] },
      json: { type: 'boolean' },
    });
    const { source } = values;
    const order = orders.find((each) => each === values.order);
    if (order === undefined) throw new Misuse(`--order "${values.order}" is none. Give one of ${orders.join(', ')}.`);
    const range = readPastRange(values.from, values.to, io.now());
    return readPast(io, values, { range, order, resend: false, ...(source === undefined ? {} : { source }) });
  },
};
