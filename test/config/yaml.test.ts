import { describe, expect, it } from 'vitest';
import {
  configOf,
  leastEnvironment,
  loadedFrom,
  opsHash,
  ownFile,
  problemsOf,
  toldOf,
  yamlWith,
} from './written-config.ts';

const passwordOf = (written: string, env: Readonly<Record<string, string>> = {}): string =>
  configOf(loadedFrom(yamlWith().replace('vendor password', written), env)).sources[0].password.reveal();

describe('a value in the file', () => {
  it.each([
    ['hunter2', 'hunter2'],
    ['"hunter2"', 'hunter2'],
    ["'hunter2'", 'hunter2'],
    ["'it''s'", "it's"],
    ['"#1 & {two}"', '#1 & {two}'],
    ['0123', '0123'],
    ['1e3', '1e3'],
    ['0x1F', '0x1F'],
    ['1_000', '1_000'],
    ['12345678901234567890', '12345678901234567890'],
    ['true', 'true'],
    ['2026-01-01', '2026-01-01'],
    ['yes', 'yes'],
    ['$HOME', '$HOME'],
    ['a:b', 'a:b'],
  ])('%s is taken as it is written: %s', (written, read) => {
    expect(passwordOf(written)).toBe(read);
  });

  it.each(['${SECRET}', '"${SECRET}"', "'${SECRET}'"])('%s is what the variable holds, whatever that is', (written) => {
    for (const secret of ['a: b', '"quoted"', '# no comment', '{a: b}', 'back\\slash', '*star', '${SECRET}', ' x ']) {
      expect(passwordOf(written, { SECRET: secret })).toBe(secret);
    }
  });

  it('may have references unquoted in a flow map, as the documentation shows', () => {
    const more = 'http: {users: [{name: ops, passwordHash: ${OPS_PASSWORD_HASH}, role: ${ROLE:-operator}}]}';
    const { http } = configOf(loadedFrom(yamlWith({ more }), { OPS_PASSWORD_HASH: opsHash }));
    expect(http.users).toMatchObject([{ name: 'ops', role: 'operator' }]);
    expect(http.users[0]?.passwordHash.reveal()).toBe(opsHash);
  });

  it('may be made of several parts', () => {
    const destination = 'destination: {url: "https://${HOST}/${PATH_:-fhir}"}';
    expect(configOf(loadedFrom(yamlWith({ destination }), { HOST: 'ehr.example.org' })).destination.url).toBe(
      'https://ehr.example.org/fhir',
    );
  });

  it('may be the content of a file, but for one newline at its end', () => {
    expect(passwordOf(`\${file:${ownFile('hunter2\n')}}`)).toBe('hunter2');
    expect(passwordOf(`\${file:${ownFile('hunter2\r\n')}}`)).toBe('hunter2');
  });

  it.each(['two\nlines\n', 'hunter2\n\n', 'hunter2\r'])(
    'may not hold what HTTP Basic cannot carry, such as what is left of the end of a line: %j',
    (content) => {
      expect(toldOf(loadedFrom(yamlWith().replace('vendor password', `\${file:${ownFile(content)}}`)))).toEqual([
        expect.stringContaining('sources[0].password: The value holds a control character'),
      ]);
    },
  );

  it.each(['&hunter2', '&hunter2 x', '*hunter2', '!hunter2', '!hunter2 x', '!!str hunter2'])(
    'that YAML would take for something else is told, not lost (%s)',
    (written) => {
      expect(toldOf(loadedFrom(yamlWith().replace('vendor password', written)))).toEqual([
        '7 sources[0].password: begins with &, * or !, which mean something to YAML. Put the value in quotes.',
      ]);
    },
  );

  it.each([
    ['${file:/run/none}', 'The file /run/none does not exist. Name a file with the value in it.'],
    ['${NONE}', 'The variable NONE is not set. Set it, or NONE_FILE to the name of a file that holds it.'],
    ['${OPEN', 'A reference is not closed. Write ${VAR}, on one line.'],
    ['a ${file:} b', 'A reference cannot be read. Write ${VAR}, ${VAR:-default} or ${file:/run/secrets/name}.'],
  ])('%s is told once, with its line', (written, message) => {
    expect(toldOf(loadedFrom(yamlWith().replace('vendor password', written)))).toEqual([
      `7 sources[0].password: ${message}`,
    ]);
  });

  it('out of an empty file is told as that (G3)', () => {
    const file = ownFile('\n');
    expect(toldOf(loadedFrom(yamlWith().replace('vendor password', `\${file:${file}}`)))).toEqual([
      `7 sources[0].password: The file ${file} is empty. Name a file with the value in it.`,
    ]);
  });

  it('in a comment is not looked for', () => {
    expect(toldOf(loadedFrom(yamlWith({ more: '# ${NONE} ${file:/run/none} ${OPEN' })))).toEqual([]);
  });
});

describe('a file that is not YAML', () => {
  it.each([
    ['sources: [', 1],
    ['sources:\n  - name: a\n kind: b', 3],
    ['sources: {a: b', 1],
    ['a: "b', 1],
    ['a: b\n\tc: d', 2],
    ['a: b: c', 1],
    ['a: @b', 1],
  ])('%j is told with its line, and nothing else', (yaml, line) => {
    const problems = problemsOf(loadedFrom(yaml, leastEnvironment));
    expect(problems.map(({ path }) => path)).toEqual(problems.map(() => '-'));
    expect(problems[0]?.line).toBeGreaterThanOrEqual(line);
    expect(problems[0]?.message).toMatch(/^This is not YAML: .+\.$/);
  });

  it('since a key stands there twice is told where', () => {
    const [problem] = problemsOf(loadedFrom(yamlWith({ more: 'ledger: {}\nledger: {}' })));
    expect(problem).toMatchObject({ line: 12, message: 'This is not YAML: Map keys must be unique.' });
  });
});
