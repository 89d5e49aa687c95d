import { parseArgs, type ParseArgsConfig } from 'node:util';
import { instantOf } from '../exchange/instant.ts';
import type { TimeWindow } from '../exchange/window.ts';
import { pastRange } from '../sync/backfill-jobs.ts';
import { Misuse } from './command.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/** The command's options; an unknown one, or one without its value, is a `Misuse` that says how it is called. */
export function readArguments<const T extends Options>(
  args: readonly string[],
  usage: string,
  options: T,
  positionals = 0,
) {
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: positionals > 0, strict: true });
    if (parsed.positionals.length > positionals)
      throw new Error(`Unexpected argument '${parsed.positionals[positionals]}'.`);
    return parsed;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split(/\.\s/)[0] : String(error);
    throw new Misuse(`${reason}.\nUsage: dialog-health-fhir ${usage}`.replace('..', '.'));
  }
}

/** An instant given on the command line: ISO 8601 with a zone, or a date (midnight UTC). */
export function readInstant(option: string, text: string | undefined): number {
  if (text === undefined) throw new Misuse(`${option} is missing. Give an instant such as 2026-03-01T00:00:00Z.`);
  const at = instantOf(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
  if (at === undefined)
    throw new Misuse(`${option} "${text}" is not an instant. Give one such as 2026-03-01T00:00:00Z.`);
  return at;
}

/** The range of `--from` and `--to`, which must have begun. */
export function readRange(fromText: string | undefined, toText: string | undefined, now: number): TimeWindow {
  const range = { from: readInstant('--from', fromText), to: readInstant('--to', toText) };
  if (range.from >= range.to) throw new Misuse('--from must be before --to.');
  if (range.from >= now) throw new Misuse('--from is in the future. Nothing can be read there yet.');
  return range;
}

/** The same, for a range that is over. */
export function readPastRange(fromText: string | undefined, toText: string | undefined, now: number): TimeWindow {
  const range = readRange(fromText, toText, now);
  if (pastRange(range, now) === 'future') throw new Misuse('--to is in the future. Nothing can be read there yet.');
  return range;
}
