import { isGroup, readConfigFile, type Settings, type Wanted } from './config-file.ts';
import {
  configSchema,
  translateSchema,
  type Config,
  type ServiceSettings,
  type TranslateConfig,
  type TranslateSettings,
} from './config.ts';
import { checkSettings } from './check-settings.ts';
import { finishedConfig, finishedTranslateConfig } from './finish-config.ts';
import { configFiles } from './file-text.ts';
import type { Secret } from './secret.ts';
import { declaredSettings } from './setting.ts';
import { misspelt, mistakesOf, pathText, type Mistake } from './setting-mistakes.ts';

export interface LoadConfigOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Read when no file is named; takes everything from the environment. */
  readonly defaultFile: string;
  readonly file?: string;
  readonly now: () => number;
}

export interface ConfigProblem {
  readonly file: string;
  readonly line?: number;
  /** As in the file: `sources[0].url`. */
  readonly path: string;
  /** What is wrong, and an example of what would be right. Never a secret. */
  readonly message: string;
}

export type LoadedConfig<Loaded> =
  | { readonly kind: 'loaded'; readonly config: Loaded; readonly warnings: readonly string[] }
  /** Every problem at once. */
  | { readonly kind: 'invalid'; readonly problems: readonly ConfigProblem[] };

/** Reads, expands and checks a configuration. Nothing of it is used when one thing is wrong. */
export function loadConfig(options: LoadConfigOptions): LoadedConfig<Config> {
  const loading = begin(options, () => 'needed');
  const unknown = new Set(loading.file.problems.map(({ path }) => path));
  const checked = checkSettings(loading.file.settings, loading.files, unknown);
  const problems = loading.problems(checked.kind === 'wrong' ? checked.mistakes : []);
  if (checked.kind === 'wrong' || problems.length > 0) return { kind: 'invalid', problems };
  follow(checked.settings, loading.file.rereads);
  const { config, warnings } = finishedConfig(checked.settings, loading.files, options.now());
  const open = loading.files
    .open()
    .map((path) => `${path} holds a secret and may be read by every user of this machine: chmod 600.`);
  return { kind: 'loaded', config, warnings: [...open, ...warnings] };
}

/** The settings that a translation needs; whatever else the file holds is neither read nor needed. */
export function loadTranslateConfig(options: LoadConfigOptions): LoadedConfig<TranslateConfig> {
  const loading = begin(options, neededToTranslate);
  const parsed = translateSchema.safeParse(loading.file.settings);
  const mistakes = parsed.success ? [] : mistakesOf(parsed.error, translateSchema);
  const problems = loading.problems([...mistakes, ...misspeltToTranslate(loading.file.settings)]);
  if (!parsed.success || problems.length > 0) return { kind: 'invalid', problems };
  return { kind: 'loaded', config: finishedTranslateConfig(parsed.data), warnings: [] };
}

function neededToTranslate(path: string): Wanted {
  if (/^(?:mapping|patient)(?:\.|$)/.test(path)) return 'needed';
  return /^(?:sources\[\d+\]\.(?:name|console|patient)|destination\.dialect)\b/.test(path) ? 'welcome' : 'no';
}

function misspeltToTranslate(settings: Settings): readonly Mistake[] {
  const declared = declaredSettings(configSchema).map(({ path }) => path);
  const { sources, destination } = membersOf(settings);
  return [
    ...misspelt(Object.keys(membersOf(settings)), [], Object.keys(translateSchema.shape), declared),
    ...misspelt(Object.keys(membersOf(destination)), ['destination'], ['dialect'], declared),
    ...(Array.isArray(sources) ? sources : []).flatMap((source, index) =>
      misspelt(Object.keys(membersOf(source)), ['sources', index], ['name', 'console', 'patient'], declared),
    ),
  ];
}

const membersOf = (settings: Settings | undefined): { readonly [name: string]: Settings } =>
  isGroup(settings) ? settings : {};

function begin({ env, defaultFile, file: path = defaultFile }: LoadConfigOptions, wanted: (path: string) => Wanted) {
  const files = configFiles();
  const file = readConfigFile(path, env, files, wanted);
  return {
    files,
    file,
    /** What the file itself told first; a setting is told of once. */
    problems(mistakes: readonly Mistake[]): readonly ConfigProblem[] {
      // Of a file that cannot be read, nothing is known.
      if (file.problems.some((problem) => problem.path === '-')) return file.problems;
      const told = new Set(file.problems.map((problem) => problem.path));
      const more = mistakes
        .map((mistake): ConfigProblem => {
          const line = file.lineOf(mistake.path);
          const variables = file.variablesOf(mistake.path);
          const from = variables.length === 0 ? '' : ` (from ${variables.join(', ')})`;
          const message = `${mistake.message}${from}`;
          return { file: path, path: pathText(mistake.path) || '-', message, ...(line === undefined ? {} : { line }) };
        })
        .filter((problem) => !told.has(problem.path));
      return [...file.problems, ...more].toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
    },
  };
}

/** Secrets that came out of files are read again whenever they are asked for. */
function follow(
  settings: ServiceSettings | TranslateSettings,
  rereads: readonly { readonly path: readonly (string | number)[]; readonly reread: () => string | undefined }[],
): void {
  for (const { path, reread } of rereads) {
    const found = path.reduce<unknown>((value, key) => Object(value)[key], settings);
    if (isSecret(found)) found.follow(reread);
  }
}

const isSecret = (value: unknown): value is Secret => typeof value === 'object' && value !== null && 'reveal' in value;
