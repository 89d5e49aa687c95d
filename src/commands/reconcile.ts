import { reconcile as reconcileSides } from '../reconciler.ts';
import type { ReconcileReport } from '../sync/reconcile/reconcile-report.ts';
import { readArguments, readRange } from './arguments.ts';
import { exit, Misuse, printJson, printLine, type Command, type ExitCode } from './command.ts';
import { openConfig } from './open-config.ts';
import { progressOn } from './reconcile-progress.ts';
import { reportLines } from './reconcile-text.ts';
import { sourcesOf } from './sources-of.ts';

const keysByDefault = 20;

export const reconcile: Command = {
  name: 'reconcile',
  usage: 'reconcile --from T --to T [--source NAME] [--limit N] [--config FILE] [--json]',
  summary: 'Vendor against ledger against EHR, by day: missing, doubled, different, and what to do. Writes nothing.',
  async run(args, io) {
    const { values } = readArguments(args, reconcile.usage, {
      config: { type: 'string' },
      source: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
      limit: { type: 'string' },
      json: { type: 'boolean' },
    });
    const limit = limitOf(values.limit);
    const range = readRange(values.from, values.to, io.now());
    const config = openConfig(io, values.config);
    const sources = sourcesOf(config, values.source);
    const stopped = new AbortController();
    void io.stopped.then(() => stopped.abort());
    const progress = progressOn(io);
    const report = await reconcileSides(
      config,
      { sources, range, limit },
      { now: io.now, signal: stopped.signal, progress: progress.show },
    ).finally(progress.end);
    if (report === undefined) {
      throw new Misuse('Nothing after --from is settled yet (sources[].settleDelay). Ask for an earlier range.');
    }
    if (values.json === true) printJson(io.stdout, report);
    else for (const line of reportLines(report)) printLine(io.stdout, line);
    if (stopped.signal.aborted) printLine(io.stderr, 'Stopped. Days that are not listed were not looked at.');
    return exitOf(report);
  },
};

function limitOf(text: string | undefined): number {
  if (text === undefined) return keysByDefault;
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new Misuse(`--limit "${text}" is no number of keys. Give one such as ${keysByDefault}.`);
  }
  return Number(text);
}

function exitOf({ verdict }: ReconcileReport): ExitCode {
  switch (verdict) {
    case 'agree':
      return exit.done;
    case 'differ':
      return exit.incomplete;
    case 'incomplete':
      return exit.failed;
  }
}
