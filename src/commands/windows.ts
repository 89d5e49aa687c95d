import { problemSentence } from '../exchange/problem.ts';
import type { PieceView, WindowView } from '../exchange/reports.ts';
import type { WindowPage } from '../http/operations.ts';
import { openService } from '../service.ts';
import { readArguments, readInstant } from './arguments.ts';
import { aligned } from './columns.ts';
import { exit, Misuse, printJson, printLine, type Command, type CommandIo } from './command.ts';
import { openConfig } from './open-config.ts';
import { sourcesOf } from './sources-of.ts';

const shownByDefault = 50;

export const windows: Command = {
  name: 'windows',
  usage: 'windows [--source NAME] [--from T --to T] [--stuck] [--limit N] [--config FILE] [--json]',
  summary: 'What was read when, and what could not be read: queued, stuck, or given up. Works beside a running serve.',
  async run(args, io) {
    const { values } = readArguments(args, windows.usage, {
      config: { type: 'string' },
      source: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
      stuck: { type: 'boolean' },
      limit: { type: 'string' },
      json: { type: 'boolean' },
    });
    const { source, from, to } = values;
    const filter = {
      ...(source === undefined ? {} : { source }),
      ...(from === undefined ? {} : { from: readInstant('--from', from) }),
      ...(to === undefined ? {} : { to: readInstant('--to', to) }),
    };
    if (filter.from !== undefined && filter.to !== undefined && filter.from >= filter.to) {
      throw new Misuse('--from must be before --to.');
    }
    const limit = limitOf(values.limit);
    const config = openConfig(io, values.config);
    sourcesOf(config, source);
    const service = await openService(config, { now: io.now, access: 'reader', log: 'stderr' });
    try {
      const page = await service.operations.windows(filter, { limit });
      const shown = values.stuck === true ? onlyStuck(page) : page;
      if (values.json === true) printJson(io.stdout, shown);
      else print(io, shown, values.stuck === true);
      return exit.done;
    } finally {
      await service.stop();
    }
  },
};

const onlyStuck = ({ unread }: WindowPage): WindowPage => ({
  items: [],
  next: null,
  unread: unread.filter(({ state }) => state === 'stuck'),
});

function limitOf(text: string | undefined): number {
  if (text === undefined) return shownByDefault;
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new Misuse(`--limit "${text}" is no number of windows. Give one such as ${shownByDefault}.`);
  }
  return Number(text);
}

function print({ stdout }: CommandIo, { items, next, unread }: WindowPage, stuckOnly: boolean): void {
  for (const line of aligned(unread.map(unreadRow))) printLine(stdout, line);
  for (const line of aligned(items.map(windowRow))) printLine(stdout, line);
  if (next !== null) printLine(stdout, 'There are older ones: give --from and --to, or a larger --limit.');
  const stuck = unread.filter(({ state }) => state === 'stuck').length;
  if (stuck > 0) {
    printLine(
      stdout,
      `${stuck} stuck: they are tried again, but for those of a backfill that has ended: begin its range anew. What will never be read is given up with accept-gap.`,
    );
  } else if (stuckOnly) printLine(stdout, 'Nothing is stuck.');
}

function unreadRow(piece: PieceView): readonly string[] {
  const { state, source, from, to, tier, failures, code, acceptedBy, acceptedAt } = piece;
  const why =
    state === 'accepted' ? `given up by ${acceptedBy} at ${acceptedAt}` : `${code}: ${problemSentence({ code })}`;
  return [state, source, from, to, tier, failures === 1 ? 'failed once' : `failed ${failures} times`, why];
}

const windowRow = ({ state, source, from, to, readAt, rows, code }: WindowView): readonly string[] => [
  state,
  source,
  from,
  to,
  `read at ${readAt}`,
  `${rows} rows`,
  code ?? '',
];
