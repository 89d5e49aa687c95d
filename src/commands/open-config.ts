import { fileURLToPath } from 'node:url';
import { loadConfig, type Config, type ConfigNeeds } from '../config/load-config.ts';
import { Misuse, printLine, type CommandIo } from './command.ts';

const defaultFile = fileURLToPath(new URL('../../config/default.yaml', import.meta.url));

/** The configuration of `--config`, of CONFIG_FILE, or of the environment alone; every problem at once as a `Misuse`. */
export function openConfig(io: CommandIo, file: string | undefined, needs: ConfigNeeds): Config {
  const named = file ?? io.env['CONFIG_FILE'];
  const loaded = loadConfig({
    env: io.env,
    defaultFile,
    needs,
    now: io.now,
    ...(named === undefined || named === '' ? {} : { file: named }),
  });
  if (loaded.kind === 'invalid') {
    const lines = loaded.problems.map(
      ({ file: where, line, path, message }) => `  ${where}${line === undefined ? '' : `:${line}`} ${path}: ${message}`,
    );
    throw new Misuse(`The configuration is not usable. Nothing was started.\n${lines.join('\n')}`);
  }
  for (const warning of loaded.warnings) printLine(io.stderr, `Warning: ${warning}`);
  return loaded.config;
}
