import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Config, TranslateConfig } from '../../src/config/config.ts';
import {
  loadConfig,
  loadTranslateConfig,
  type ConfigProblem,
  type LoadedConfig,
} from '../../src/config/load-config.ts';
import { hashPassword } from '../../src/http/password-hash.ts';

export type Environment = Readonly<Record<string, string>>;

export const now = Date.parse('2026-03-10T12:00:00Z');
export const defaultFile = 'config/default.yaml';

/** The hash of a password that only tests know. */
export const opsHash = await hashPassword('tests only');

/** The least that config/default.yaml needs. */
export const leastEnvironment: Environment = {
  DIALOG_HEALTH_URL: 'https://vendor.example.org/dialoghealth-writeback-api',
  DIALOG_HEALTH_CONSOLE: 'SIDTEST',
  DIALOG_HEALTH_USERNAME: 'hospital-api',
  DIALOG_HEALTH_PASSWORD: 'vendor password',
  FHIR_URL: 'https://ehr.example.org/fhir',
  CANONICAL_BASE: 'https://fhir.hospital.example.org',
};

/** A folder of the test's own, gone when it ends. */
export function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'config-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A file of the test's own, by default as private as a secret should be. */
export function ownFile(content: string, { name = 'file', mode = 0o600 } = {}): string {
  const file = join(ownFolder(), name);
  writeFileSync(file, content, { mode });
  return file;
}

/** `config/default.yaml` with these variables alone. */
export const loadedBy = (env: Environment): LoadedConfig<Config> => loadConfig({ env, defaultFile, now: () => now });

/** A file with this text. */
export const loadedFrom = (yaml: string, env: Environment = {}): LoadedConfig<Config> =>
  loadConfig({ env, defaultFile, file: ownFile(yaml, { name: 'ours.yaml' }), now: () => now });

/** The same, for a translation. */
export const loadedToTranslate = (yaml: string, env: Environment = {}): LoadedConfig<TranslateConfig> =>
  loadTranslateConfig({ env, defaultFile, file: ownFile(yaml, { name: 'ours.yaml' }), now: () => now });

export function configOf<Loaded>(loaded: LoadedConfig<Loaded>): Loaded {
  if (loaded.kind === 'invalid') throw new Error(lines(loaded.problems).join('\n'));
  return loaded.config;
}

export function problemsOf(loaded: LoadedConfig<unknown>): readonly ConfigProblem[] {
  return loaded.kind === 'invalid' ? loaded.problems : [];
}

/** `5 sources[0].url: must be set. …`: each problem as a person reads it, without the file. */
export const toldOf = (loaded: LoadedConfig<unknown>): readonly string[] => lines(problemsOf(loaded));

export const warningsOf = (loaded: LoadedConfig<unknown>): readonly string[] =>
  loaded.kind === 'loaded' ? loaded.warnings : [];

const lines = (problems: readonly ConfigProblem[]): readonly string[] =>
  problems.map(({ line = '-', path, message }) => `${line} ${path}: ${message}`);

interface Sections {
  /** More lines of the only source. */
  readonly source?: string;
  /** All of the sources. */
  readonly sources?: string;
  readonly destination?: string;
  /** More sections. */
  readonly more?: string;
  readonly mapping?: string;
}

/** A configuration that is right but for what is put in. */
export function yamlWith({ source = '', sources, destination, mapping, more = '' }: Sections = {}): string {
  return [
    sources ?? `sources:\n${sourceNamed('main-clinic')}${indented(source, 4)}`,
    destination ?? 'destination: {url: https://ehr.example.org/fhir}',
    mapping ?? 'mapping: {canonicalBase: https://fhir.hospital.example.org}',
    more,
  ].join('\n');
}

/** One source, as an item of a list. */
export const sourceNamed = (name: string): string =>
  [
    `  - name: ${name}`,
    '    kind: dialog-health',
    '    url: https://vendor.example.org/dialoghealth-writeback-api',
    '    console: SIDTEST',
    '    username: hospital-api',
    '    password: vendor password',
    '',
  ].join('\n');

const indented = (text: string, by: number): string =>
  text
    .split('\n')
    .map((line) => `${' '.repeat(by)}${line}`)
    .join('\n');
