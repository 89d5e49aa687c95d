import { describe, expect, it } from 'vitest';
import { expand, variablesIn, type ReferenceWorld } from '../../src/config/references.ts';

const stored: Readonly<Record<string, string>> = { '/run/secrets/a': 'from file', '/run/secrets/b': '${USER}' };

const world = (env: Readonly<Record<string, string>> = {}, named: readonly string[] = []): ReferenceWorld => ({
  env,
  named: new Set(named),
  files: {
    open: () => [],
    read: (path) => {
      const text = stored[path];
      return text === undefined ? { kind: 'failed', reason: 'does not exist' } : { kind: 'text', text };
    },
  },
});

const textOf = (text: string, env: Readonly<Record<string, string>> = {}, named: readonly string[] = []) =>
  expand(text, false, world(env, named)).text;

const problemsOf = (text: string, env: Readonly<Record<string, string>> = {}) =>
  expand(text, false, world(env)).problems;

describe('a reference', () => {
  it.each([
    ['${HOST}', 'ehr'],
    ['https://${HOST}/fhir', 'https://ehr/fhir'],
    ['${HOST}${HOST}', 'ehrehr'],
    ['${HOST:-other}', 'ehr'],
    ['${NONE:-other}', 'other'],
    ['${NONE:-}', ''],
    ['${NONE:-*/5 * * * *}', '*/5 * * * *'],
    ['${NONE:-a:-b}', 'a:-b'],
    ['${EMPTY:-other}', 'other'],
    ['${file:/run/secrets/a}', 'from file'],
    ['a$b $HOST {HOST} 5$', 'a$b $HOST {HOST} 5$'],
  ])('in %s gives "%s"', (text, expanded) => {
    expect(textOf(text, { HOST: 'ehr', EMPTY: '' })).toBe(expanded);
  });

  it('gives the content of the file that NAME_FILE names', () => {
    expect(expand('${TOKEN}', true, world({ TOKEN_FILE: '/run/secrets/a' }))).toEqual({
      text: 'from file',
      problems: [],
      fromFile: true,
    });
  });

  it('prefers the file to the default', () => {
    expect(textOf('${TOKEN:-none}', { TOKEN_FILE: '/run/secrets/a' })).toBe('from file');
  });

  it('takes NAME_FILE for a variable of its own where the configuration names it', () => {
    expect(textOf('${TOKEN:-none}', { TOKEN_FILE: '/run/secrets/a' }, ['TOKEN_FILE'])).toBe('none');
  });

  it('is not looked for in what another stands for', () => {
    const env = { USER: 'root', NESTED: '${USER}' };
    expect(textOf('${NESTED} ${file:/run/secrets/b}', env)).toBe('${USER} ${USER}');
  });

  it.each([
    ['${NONE}', 'The variable NONE is not set. Set it, or NONE_FILE to the name of a file that holds it.'],
    ['${file:/run/secrets/c}', 'The file /run/secrets/c does not exist. Name a file with the value in it.'],
    ['${BOTH}', 'Both BOTH and BOTH_FILE are set. Unset one of them.'],
    ['${GONE}', 'The file that GONE_FILE names does not exist. Name a file with the value in it.'],
    ['${OPEN', 'A reference is not closed. Write ${VAR}, on one line.'],
    ['${}', 'A reference cannot be read. Write ${VAR}, ${VAR:-default} or ${file:/run/secrets/name}.'],
    ['${A-B}', 'A reference cannot be read. Write ${VAR}, ${VAR:-default} or ${file:/run/secrets/name}.'],
    ['${file:}', 'A reference cannot be read. Write ${VAR}, ${VAR:-default} or ${file:/run/secrets/name}.'],
  ])('as %s is told of: %s', (text, problem) => {
    expect(problemsOf(text, { BOTH: 'x', BOTH_FILE: '/run/secrets/a', GONE_FILE: 'hunter2' })).toEqual([problem]);
  });

  it('is told of as often as it is wrong', () => {
    expect(problemsOf('${NONE} ${OTHER}')).toHaveLength(2);
  });
});

describe('the variables of a value', () => {
  it('are those that it names, with their defaults', () => {
    expect(variablesIn('${A} ${B:-c} ${file:/d} $E ${F:-}')).toEqual([
      { name: 'A', default: undefined },
      { name: 'B', default: 'c' },
      { name: 'F', default: '' },
    ]);
  });
});
