import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { configSchema } from '../src/config/config.ts';
import { declaredSettings, type DeclaredSetting } from '../src/config/setting.ts';

const start = '<!-- configuration:start -->';
const end = '<!-- configuration:end -->';

/** The settings as README.md lists them: one row each, in the order in which they are declared. */
export function configurationTable(): string {
  return [
    '| setting | meaning | default | example |',
    '|---|---|---|---|',
    ...declaredSettings(configSchema).map(
      (each) => `| ${code(each.path)} | ${cell(each.meaning)} | ${shownDefault(each)} | ${code(each.example)} |`,
    ),
  ].join('\n');
}

/** The page with its table made anew; the rest of it stays as it is. Throws where the marks are missing. */
export function withConfigurationTable(page: string): string {
  const [before, rest] = parted(page, start);
  const [, after] = parted(rest, end);
  return `${before}${start}\n${configurationTable()}\n${end}${after}`;
}

function shownDefault({ default: fallback, shownDefault: shown = fallback }: DeclaredSetting): string {
  if (shown === undefined) return '**must be given**';
  if (shown === '') return fallback === undefined ? 'not set' : 'empty';
  return shown === fallback ? code(shown) : cell(shown);
}

/** A bar would end the cell, in code too. */
const cell = (text: string): string => text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ');

const code = (text: string): string => (text === '' ? '' : `\`${cell(text)}\``);

function parted(text: string, mark: string): readonly [string, string] {
  const [before, after, ...more] = text.split(mark);
  if (before === undefined || after === undefined || more.length > 0) throw new Error(`${mark} must stand there once`);
  return [before, after];
}

if (import.meta.main) {
  const page = fileURLToPath(new URL('../README.md', import.meta.url));
  writeFileSync(page, withConfigurationTable(readFileSync(page, 'utf8')));
}
