import type * as z from 'zod';
import { checkConfig } from './check-config.ts';
import type { Settings } from './config-file.ts';
import { configSchema, type ServiceSettings } from './config.ts';
import type { ConfigFiles } from './file-text.ts';
import { mistakesOf, pathText, patternOf, type Mistake, type SettingPath } from './setting-mistakes.ts';
import { declaredSettings } from './setting.ts';

export type CheckedSettings =
  | { readonly kind: 'right'; readonly settings: ServiceSettings }
  | { readonly kind: 'wrong'; readonly mistakes: readonly Mistake[] };

/**
 * What is wrong with each setting, and what is wrong with them together, at once: where one cannot be read, another
 * stands in for it, and nothing is told that follows from that one.
 * @param unknown settings whose references led nowhere, by their path
 */
export function checkSettings(settings: Settings, files: ConfigFiles, unknown: ReadonlySet<string>): CheckedSettings {
  const parsed = configSchema.safeParse(settings);
  if (parsed.success) {
    const mistakes = founded(checkConfig(parsed.data, files), unknown);
    return mistakes.length === 0 ? { kind: 'right', settings: parsed.data } : { kind: 'wrong', mistakes };
  }
  const wrong = mistakesOf(parsed.error, configSchema);
  const whole = configSchema.safeParse(parsed.error.issues.reduce(withStandIn, settings));
  const paths = new Set([...unknown, ...wrong.map(({ path }) => pathText(path))]);
  const together = whole.success ? founded(checkConfig(whole.data, files), paths) : [];
  return { kind: 'wrong', mistakes: [...wrong, ...together] };
}

/** Those that do not follow from a setting that is wrong itself. */
const founded = (mistakes: readonly Mistake[], wrong: ReadonlySet<string>): readonly Mistake[] =>
  mistakes.filter(({ path, goesBy = [] }) => [path, ...goesBy].every((each) => !wrong.has(pathText(each))));

/** Settings in which what an issue is about has its default, or is the example, or is not there. */
function withStandIn(settings: Settings, issue: z.core.$ZodIssue): Settings {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.reduce((rest, key) => changed(rest, [...path, key], undefined), settings);
  }
  // A user counts for nothing but the name, and an example of a hash is none.
  if (path[0] === 'http' && path[1] === 'users') return changed(settings, ['http', 'users'], undefined);
  const declared = declaredSettings(configSchema).find((each) => each.path === patternOf(path));
  return changed(settings, path, declared?.default ?? declared?.example);
}

function changed(settings: Settings | undefined, path: SettingPath, to: string | undefined): Settings {
  const [key, ...rest] = path;
  if (key === undefined) return settings ?? {};
  const now: Settings = settings ?? {};
  const inner = (before: Settings | undefined): Settings | undefined =>
    rest.length === 0 ? to : changed(before, rest, to);
  if (Array.isArray(now)) {
    return now.flatMap((each: Settings, index) => (index === key ? (inner(each) ?? []) : [each]));
  }
  const members = typeof now === 'string' ? {} : Object.fromEntries(Object.entries(now));
  const value = inner(members[key]);
  const { [key]: _, ...others } = members;
  return value === undefined ? others : { ...others, [key]: value };
}
