import { fileURLToPath } from 'node:url';
import type { Config, TranslateConfig } from '../config/config.ts';
import { loadConfig, loadTranslateConfig, type LoadedConfig } from '../config/load-config.ts';
import { Misuse, printLine, type CommandIo } from './command.ts';

const defaultFile = fileURLToPath(new URL('../../config/default.yaml', import.meta.url));

/** The configuration of `--config`, of CONFIG_FILE, or of the environment alone; every problem at once as a `Misuse`. */
export const openConfig = (io: CommandIo, file: string | undefined): Config =>
  usable(loadConfig(optionsFor(io, file)), io);

/** The part of it that a translation needs; without any, everything has its default. */
export const openTranslateConfig = (io: CommandIo, file: string | undefined): TranslateConfig =>
  usable(loadTranslateConfig(optionsFor(io, file)), io);

function optionsFor({ env, now }: CommandIo, file: string | undefined) {
  // Most likely an unset variable of the shell: whoever names a file does not mean the environment alone.
  if (file === '') throw new Misuse('--config is empty. Name a file, or leave the option out.');
  const named = file ?? env['CONFIG_FILE'] ?? '';
  return { env, defaultFile, now, ...(named === '' ? {} : { file: named }) };
}

function usable<Loaded>(loaded: LoadedConfig<Loaded>, io: CommandIo): Loaded {
  if (loaded.kind === 'invalid') {
    const lines = loaded.problems.map(
      ({ file, line, path, message }) => `  ${file}${line === undefined ? '' : `:${line}`} ${path}: ${message}`,
    );
    throw new Misuse(`The configuration is not usable. Nothing was started.\n${lines.join('\n')}`);
  }
  for (const warning of loaded.warnings) printLine(io.stderr, `Warning: ${warning}`);
  return loaded.config;
}
