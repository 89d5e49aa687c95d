import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkExamples } from '../../src/mapping/examples.ts';
import { functionNames } from '../../src/mapping/formula-binding.ts';
import { loadMapping } from '../../src/mapping/load-mapping.ts';
import { fields, folder, options } from './dialog-health.ts';

const guide = readFileSync(join(folder, '../README.md'), 'utf8');

let copy: string;

beforeEach(() => {
  copy = join(mkdtempSync(join(tmpdir(), 'mapping-')), 'dialog-health');
  cpSync(folder, copy, { recursive: true });
});

afterEach(() => rmSync(join(copy, '..'), { recursive: true }));

function edit(file: string, from: string | RegExp, to: string): void {
  const text = readFileSync(join(copy, file), 'utf8');
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  writeFileSync(join(copy, file), changed);
}

const differences = (): readonly string[] =>
  checkExamples({ folder: copy, fields }).differences.map(
    ({ example, element, message }) => `${example}: ${element}: ${message}`,
  );

describe('the guide to the mapping', () => {
  it('lists every function, and no other', () => {
    const listed = [...guide.matchAll(/^\| `=(\w+)\(/gm)].map(([, name]) => name);
    expect(new Set(listed)).toEqual(new Set(functionNames));
  });

  it('shows the table of outcomes as it is', () => {
    const [shown = ''] = /^outcome:\n(?: .+\n)+/m.exec(guide) ?? [];
    const indented = shown.replaceAll(/^/gm, '  ').trimEnd();
    expect(readFileSync(join(folder, 'codes.yaml'), 'utf8')).toContain(indented);
  });

  it('makes a change that works, step by step', () => {
    const [row = ''] = /- \["\*", QUEUED.+/.exec(guide) ?? [];
    edit('codes.yaml', '      - ["*", "*", unknown', `      ${row}\n      - ["*", "*", unknown`);
    cpSync(join(copy, 'examples/unknown-status'), join(copy, 'examples/queued'), { recursive: true });
    edit('examples/queued/row.json', /"messageStatus": "[^"]+"/, '"messageStatus": "QUEUED"');
    const communication = 'examples/queued/communication.json';
    edit(communication, '"valueString": "CARRIER  PENDING "', '"valueString": "QUEUED"');
    edit(communication, '"status": "unknown"', '"status": "in-progress"');
    expect(differences()).toEqual([
      'queued/communication.json: statusReason: stands in the example, but the mapping does not give it',
    ]);
    expect(guide).toContain(differences()[0]);
    edit(communication, /"statusReason": \{[\s\S]*?\n {2}\},\n/, '');
    expect(differences()).toEqual([]);
  });

  it('shows a mistake as it is told', () => {
    edit('outgoing.yaml', '=text(carrier)', '=text(carier)');
    const result = loadMapping({ ...options, folder: copy });
    const told = result.kind === 'invalid' ? result.problems : [];
    const [line] = told.map(
      ({ file, line, column, element, message }) => `${file}:${line}:${column} ${element}: ${message}`,
    );
    expect(guide).toContain(line);
  });
});
