import { selfCheck, type CheckLine } from '../self-check.ts';
import { readArguments } from './arguments.ts';
import { exit, printJson, printLine, type Command } from './command.ts';
import { openConfig } from './open-config.ts';

export const check: Command = {
  name: 'check',
  usage: 'check [--config FILE] [--json]',
  summary: 'Tries configuration, mapping, ledger, vendor login (one request) and EHR; one line each, and what to do.',
  async run(args, io) {
    const { values } = readArguments(args, check.usage, { config: { type: 'string' }, json: { type: 'boolean' } });
    const config = openConfig(io, values.config);
    const lines: CheckLine[] = [{ part: 'configuration', good: true, says: 'complete' }];
    for await (const line of selfCheck(config, io.now)) {
      lines.push(line);
      if (values.json !== true) printLine(io.stdout, show(line));
    }
    if (values.json === true) printJson(io.stdout, lines);
    return lines.every(({ good }) => good) ? exit.done : exit.failed;
  },
};

const show = ({ part, good, says }: CheckLine): string => `${good ? 'good' : 'FAIL'}  ${part}: ${says}`;
