import type { Config, SourceConfig } from '../config/config.ts';
import { Misuse } from './command.ts';

/** The source that `--source` names, or all of them; a `Misuse` that lists the names where there is none. */
export function sourcesOf({ sources }: Pick<Config, 'sources'>, name: string | undefined): readonly SourceConfig[] {
  const found = name === undefined ? sources : sources.filter((each) => each.name === name);
  if (found.length > 0) return found;
  throw new Misuse(`There is no source "${name}". Configured: ${sources.map((each) => each.name).join(', ')}.`);
}
