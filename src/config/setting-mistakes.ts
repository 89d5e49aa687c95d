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

function unknownSetting(key: string, group: string, declared: readonly string[]): string {
  const start = group === '' ? '' : `${group}.`;
  const known = [
    ...new Set(
      declared.filter((path) => path.startsWith(start)).map((path) => /^\w+/.exec(path.slice(start.length))?.[0] ?? ''),
    ),
  ];
  const meant = nearest(key, known);
  return `is no setting. ${meant === undefined ? `Known here: ${known.join(', ')}.` : `Did you mean ${meant}?`}`;
}
