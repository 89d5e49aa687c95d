import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { configSchema } from './config.ts';
import type { ConfigFiles } from './file-text.ts';
import type { ConfigProblem } from './load-config.ts';
import { expand, referencePattern, variablesIn } from './references.ts';
import { pathText, patternOf, type SettingPath } from './setting-mistakes.ts';
import { declaredSettings } from './setting.ts';

/** Texts, lists and groups; what is left empty is not there. */
export type Settings = string | readonly Settings[] | { readonly [key: string]: Settings };

export interface ConfigFile {
  /** With every reference replaced. */
  readonly settings: Settings;
  readonly problems: readonly ConfigProblem[];
  lineOf(path: SettingPath): number | undefined;
  /** The variables that the value was made of. */
  variablesOf(path: SettingPath): readonly string[];
  /** How a secret that came out of a file is read again. */
  readonly rereads: readonly { readonly path: SettingPath; readonly reread: () => string | undefined }[];
}

/** Private-use characters stand around the number of a reference while YAML is parsed, which has a use for `{`. */
const [opening, closing] = ['\ue000', '\ue001'];
const tokenPattern = new RegExp(`${opening}(\\d+)${closing}`, 'g');

/** `needed`: what it names must be there; `welcome`: where that is not there, the setting is left out. */
export type Wanted = 'needed' | 'welcome' | 'no';

/** @param wanted which settings are read, by their path; groups and lists always are */
export function readConfigFile(
  path: string,
  env: Readonly<Record<string, string | undefined>>,
  files: ConfigFiles,
  wanted: (path: string) => Wanted,
): ConfigFile {
  const problems: ConfigProblem[] = [];
  const lines = new Map<string, number>();
  const rereads: { path: SettingPath; reread: () => string | undefined }[] = [];
  const variables = new Map<string, readonly string[]>();
  const variablesOf = (where: SettingPath): readonly string[] => variables.get(pathText(where)) ?? [];
  const lineOf = (where: SettingPath): number | undefined => {
    for (let length = where.length; length > 0; length -= 1) {
      const line = lines.get(pathText(where.slice(0, length)));
      if (line !== undefined) return line;
    }
    return undefined;
  };
  const problemAt = (where: SettingPath, message: string): ConfigProblem => {
    const line = lineOf(where);
    return { file: path, path: pathText(where), message, ...(line === undefined ? {} : { line }) };
  };
  const nothing: ConfigFile = { settings: {}, problems, lineOf, variablesOf, rereads };
  const content = files.read(path);
  if (content.kind === 'failed') {
    problems.push({ file: path, path: '-', message: `The configuration file ${content.reason}.` });
    return nothing;
  }
  const references: string[] = [];
  const text = content.text.replaceAll(
    referencePattern,
    (reference) => `${opening}${references.push(reference) - 1}${closing}`,
  );
  const withReferences = (value: string): string =>
    value.replaceAll(tokenPattern, (_, index: string) => references[Number(index)] ?? '');
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  for (const { message, pos } of document.errors) {
    const { line } = lineCounter.linePos(pos[0]);
    problems.push({ file: path, line, path: '-', message: `This is not YAML: ${withoutQuote(message)}.` });
  }
  if (problems.length > 0) return nothing;
  const world = { env, files, named: new Set(variablesIn(content.text).map(({ name }) => name)) };
  const declared = declaredSettings(configSchema);
  const secrets = new Set(declared.flatMap((each) => (each.secret === true ? [each.path] : [])));
  const isDeclared = (where: SettingPath): boolean =>
    declared.some(({ path }) => path === patternOf(where) || /^[.[]/.test(afterStart(path, patternOf(where))));

  function read(node: unknown, where: SettingPath): Settings | undefined {
    const name = pathText(where);
    if (hasSign(node)) {
      const message = 'begins with &, * or !, which mean something to YAML. Put the value in quotes.';
      if (wanted(name) !== 'no' || wanted(`${name}.`) !== 'no') problems.push(problemAt(where, message));
      return undefined;
    }
    if (isMap(node)) {
      const members = node.items.flatMap(({ key, value }) => {
        const member = isScalar(key) ? String(key.value) : '?';
        const at = [...where, member];
        if (isScalar(key) && key.range) lines.set(pathText(at), lineCounter.linePos(key.range[0]).line);
        // What is no setting is told of as such, even where nothing stands in it.
        const settings = read(value, at) ?? (isDeclared(at) ? undefined : '');
        return settings === undefined ? [] : [[member, settings] as const];
      });
      return Object.fromEntries(members);
    }
    if (isSeq(node)) {
      return node.items.flatMap((item, index) => {
        const at = [...where, index];
        if (typeof item === 'object' && item !== null && 'range' in item && Array.isArray(item.range)) {
          lines.set(pathText(at), lineCounter.linePos(Number(item.range[0])).line);
        }
        return read(item, at) ?? [];
      });
    }
    if (!isScalar(node) || node.value === null || wanted(name) === 'no') return undefined;
    // Numbers and dates as they are written, not as YAML reads them.
    const raw = withReferences(typeof node.value === 'string' ? node.value : (node.source ?? ''));
    const secret = secrets.has(patternOf(where));
    const expansion = expand(raw, secret, world);
    variables.set(
      name,
      variablesIn(raw).map((variable) => variable.name),
    );
    if (expansion.problems.length > 0 && wanted(name) === 'welcome') return undefined;
    problems.push(...expansion.problems.map((message) => problemAt(where, message)));
    if (secret && expansion.fromFile) {
      const reread = (): string | undefined => {
        const again = expand(raw, true, world);
        return again.problems.length === 0 ? again.text : undefined;
      };
      rereads.push({ path: where, reread });
    }
    return expansion.text;
  }

  const settings = document.contents === null ? {} : read(document.contents, []);
  return { settings: withoutNobody(settings ?? {}), problems, lineOf, variablesOf, rereads };
}

/** Part of an unquoted password may look like an anchor, an alias or a tag, and would be lost without a word. */
const hasSign = (node: unknown): boolean =>
  isAlias(node) || (isNode(node) && (('anchor' in node && node.anchor !== undefined) || node.tag !== undefined));

const afterStart = (text: string, start: string): string => (text.startsWith(start) ? text.slice(start.length) : '');

/** What the parser found without the text that it quotes, which may be a secret. */
const withoutQuote = (message: string): string => message.replace(/(?<! ): .*$/s, '').replaceAll(tokenPattern, '…');

/** An environment without OPS_USER makes no user, and one without FHIR_AUTH_KEY_FILE no key. */
const withoutNobody = (settings: Settings): Settings =>
  withoutUnnamed(withoutUnnamed(settings, ['http', 'users'], 'name'), ['destination', 'auth', 'keys'], 'file');

/** The list at a path without the groups in which that name is empty. */
function withoutUnnamed(settings: Settings, path: readonly string[], name: string): Settings {
  const [key, ...rest] = path;
  if (key === undefined) {
    return Array.isArray(settings)
      ? settings.filter((each: Settings) => !isGroup(each) || each[name] !== '')
      : settings;
  }
  const inner = isGroup(settings) ? settings[key] : undefined;
  return inner === undefined || !isGroup(settings)
    ? settings
    : { ...settings, [key]: withoutUnnamed(inner, rest, name) };
}

export const isGroup = (settings: Settings | undefined): settings is { readonly [key: string]: Settings } =>
  typeof settings === 'object' && !Array.isArray(settings);
