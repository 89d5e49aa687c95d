import { isoInstant, type TimeWindow } from '../exchange/window.ts';
import { openService, type Service } from '../service.ts';
import { readArguments, readInstant } from './arguments.ts';
import { osUser } from './asker.ts';
import { exit, Misuse, printLine, type Command, type CommandIo, type ExitCode } from './command.ts';
import { openConfig } from './open-config.ts';
import { sourcesOf } from './sources-of.ts';

export const acceptGap: Command = {
  name: 'accept-gap',
  usage: 'accept-gap --source NAME --from T --to T [--by NAME] [--config FILE]',
  summary: 'Gives up what is stuck within the range: it holds the coverage back no more. Works beside a running serve.',
  async run(args, io) {
    const { values } = readArguments(args, acceptGap.usage, {
      config: { type: 'string' },
      source: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
      by: { type: 'string' },
    });
    const { source, by = osUser() } = values;
    if (source === undefined)
      throw new Misuse('--source is missing. Name the source that is stuck (see windows --stuck).');
    const range = { from: readInstant('--from', values.from), to: readInstant('--to', values.to) };
    if (range.from >= range.to) throw new Misuse('--from must be before --to.');
    // It stands in the log.
    if (!/^[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,63}$/u.test(by))
      throw new Misuse('--by is no name of a user. Give letters, digits, blanks and . _ @ -, 64 at most.');
    const config = openConfig(io, values.config);
    sourcesOf(config, source);
    const service = await openService(config, { now: io.now, access: 'visitor', log: 'stderr' });
    try {
      return await giveUp(service, io, source, range, by);
    } finally {
      await service.stop();
    }
  },
};

async function giveUp(
  { ledger, audit }: Service,
  { now, stdout, stderr }: CommandIo,
  source: string,
  range: TimeWindow,
  by: string,
): Promise<ExitCode> {
  const given = await ledger.coverage.acceptGap(source, range, by, now());
  for (const { from, to } of given) {
    audit({ event: 'gap_accepted', source, from: isoInstant(from), to: isoInstant(to), user: by });
    printLine(stdout, `${source}: given up ${isoInstant(from)} to ${isoInstant(to)}`);
  }
  if (given.length > 0) return exit.done;
  const stuck = (await ledger.coverage.pieces(source)).filter(({ state }) => state === 'stuck');
  printLine(stderr, `Nothing of ${source} is stuck within ${isoInstant(range.from)} to ${isoInstant(range.to)}.`);
  if (stuck.length === 0) printLine(stderr, `Nothing of ${source} is stuck at all.`);
  else printLine(stderr, 'A window is given up as a whole. Give a range that holds one of these:');
  for (const { from, to } of stuck.slice(0, listed)) printLine(stderr, `  ${from} to ${to}`);
  if (stuck.length > listed) printLine(stderr, `  and ${stuck.length - listed} more: see windows --stuck.`);
  return exit.failed;
}

const listed = 10;
