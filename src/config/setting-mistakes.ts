import type * as z from 'zod';
import { declaredSettings } from './setting.ts';
import { nearest } from '../exchange/spelling.ts';

/** Where a setting stands: `['sources', 0, 'url']`. */
export type SettingPath = readonly (string | number)[];

export interface Mistake {
  readonly path: SettingPath;
  readonly message: string;
  /** The other settings that it follows from: where one of them is wrong, nothing is known of this one. */
  readonly goesBy?: readonly SettingPath[];
}

/** `sources[0].url` */
export const pathText = (path: SettingPath): string =>
  path.map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`)).join('');

/** `sources[].url`: as a setting is declared. */
export const patternOf = (path: SettingPath): string => pathText(path).replaceAll(/\[\d+\]/g, '[]');

/** What the schema found, for people. */
export function mistakesOf(error: z.ZodError, schema: z.core.$ZodType): readonly Mistake[] {
  const settings = declaredSettings(schema);
  const declared = settings.map(({ path }) => path);
  return error.issues.flatMap((issue): readonly Mistake[] => {
    const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: [...path, key],
        message: unknownSetting(key, patternOf(path), declared),
      }));
    }
    if (issue.code === 'custom') return [{ path, message: issue.message }];
    if (path.length === 0) return [{ path, message: 'There are no settings in it. See config/example.yaml.' }];
    const list = issue.code === 'too_small' || (issue.code === 'invalid_type' && /array|tuple/.test(issue.expected));
    const what = list ? 'must be a list with at least one entry.' : 'must be a group of settings.';
    const first = settings.find((each) => each.path.startsWith(patternOf(path)));
    const line = first === undefined ? '' : `${lastName(first.path)}: ${first.example}`;
    return [{ path, message: `${what} Example: ${list ? '- ' : ''}${line}` }];
  });
}

const lastName = (path: string): string => path.slice(path.lastIndexOf('.') + 1);

/**
 * Names in a group that are no setting, but near to one that is read there: what was meant would be left at its default
 * without a word. Other names are for others to read.
 */
export function misspelt(
  names: readonly string[],
  group: SettingPath,
  read: readonly string[],
  declared: readonly string[],
): readonly Mistake[] {
  const known = namesIn(patternOf(group), declared);
  return names.flatMap((name) => {
    const meant = known.includes(name) ? undefined : nearest(name, known);
    if (meant === undefined || !read.includes(meant)) return [];
    return [{ path: [...group, name], message: unknownSetting(name, patternOf(group), declared) }];
  });
}

function namesIn(group: string, declared: readonly string[]): readonly string[] {
  const start = group === '' ? '' : `${group}.`;
  const below = declared.filter((path) => path.startsWith(start)).map((path) => path.slice(start.length));
  return [...new Set(below.map((path) => /^\w+/.exec(path)?.[0] ?? ''))];
}

function unknownSetting(key: string, group: string, declared: readonly string[]): string {
  const known = namesIn(group, declared);
  const meant = nearest(key, known);
  return `is no setting. ${meant === undefined ? `Known here: ${known.join(', ')}.` : `Did you mean ${meant}?`}`;
}
