import type { ConfigFiles } from './file-text.ts';

/** `${VAR}`, `${VAR:-default}`, `${file:/run/secrets/x}`, and whatever else stands between `${` and `}`. */
export const referencePattern = /\$\{[^{}\n]*\}/g;

const variablePattern = /^\$\{([A-Za-z_]\w*)(?::-(.*))?\}$/;
const filePattern = /^\$\{file:(.+)\}$/;

export interface ReferenceWorld {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly files: ConfigFiles;
  /** Every variable that the file names: `X_FILE` among them is a variable of its own, not the file of `X`. */
  readonly named: ReadonlySet<string>;
}

export interface Expansion {
  readonly text: string;
  readonly problems: readonly string[];
  /** Part of the text came out of a file. */
  readonly fromFile: boolean;
}

export interface Variable {
  readonly name: string;
  readonly default: string | undefined;
}

/** The variables that a value names. */
export function variablesIn(text: string): readonly Variable[] {
  return [...text.matchAll(referencePattern)].flatMap(([reference]) => {
    const [, name, fallback] = variablePattern.exec(reference) ?? [];
    return name === undefined ? [] : [{ name, default: fallback }];
  });
}

/**
 * A value with its references replaced. What they stand for is taken as it is, never searched for references again. An
 * empty variable counts as absent. Problems name variables and files, never what is in them.
 * @param secret whether the value is one: its files should be private
 */
export function expand(text: string, secret: boolean, world: ReferenceWorld): Expansion {
  const problems: string[] = [];
  let fromFile = false;
  const give = (found: Found): string => {
    fromFile ||= found.fromFile === true;
    if (found.problem !== undefined) problems.push(found.problem);
    return found.text ?? '';
  };
  const rest = text.replaceAll(referencePattern, '');
  if (rest.includes('${')) problems.push('A reference is not closed. Write ${VAR}, on one line.');
  const expanded = text.replaceAll(referencePattern, (reference) => give(resolve(reference, secret, world)));
  return { text: expanded, problems, fromFile };
}

interface Found {
  readonly text?: string;
  readonly problem?: string;
  readonly fromFile?: boolean;
}

function resolve(reference: string, secret: boolean, world: ReferenceWorld): Found {
  const [, path] = filePattern.exec(reference) ?? [];
  if (path !== undefined) return contentOf(path, `The file ${path}`, secret, world.files);
  const [, name, fallback] = variablePattern.exec(reference) ?? [];
  if (name === undefined) {
    return { problem: 'A reference cannot be read. Write ${VAR}, ${VAR:-default} or ${file:/run/secrets/name}.' };
  }
  const value = world.env[name] ?? '';
  const fileVariable = `${name}_FILE`;
  const file = world.named.has(fileVariable) ? '' : (world.env[fileVariable] ?? '');
  if (value !== '' && file !== '') return { problem: `Both ${name} and ${fileVariable} are set. Unset one of them.` };
  if (value !== '') return { text: value };
  // The path is not repeated: someone may have put the secret itself there.
  if (file !== '') return contentOf(file, `The file that ${fileVariable} names`, secret, world.files);
  if (fallback !== undefined) return { text: fallback };
  return {
    problem: `The variable ${name} is not set. Set it, or ${fileVariable} to the name of a file that holds it.`,
  };
}

function contentOf(path: string, subject: string, secret: boolean, files: ConfigFiles): Found {
  const content = files.read(path, { secret });
  return content.kind === 'text'
    ? { text: content.text, fromFile: true }
    : { problem: `${subject} ${content.reason}. Name a file with the value in it.` };
}
