import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkExamples } from '../../src/mapping/examples.ts';
import { functionNames } from '../../src/mapping/formula-binding.ts';
import { loadMapping } from '../../src/mapping/load-mapping.ts';
import { anyRecord, fields, folder, options, row } from './dialog-health.ts';

const guide = readFileSync(join(folder, '../README.md'), 'utf8');

let own: string;

beforeEach(() => {
  own = join(mkdtempSync(join(tmpdir(), 'mapping-')), 'our-mapping');
});

afterEach(() => rmSync(join(own, '..'), { recursive: true }));

function edit(file: string, from: string | RegExp, to: string): void {
  const text = readFileSync(join(own, file), 'utf8');
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  writeFileSync(join(own, file), changed);
}

const differences = (): readonly string[] =>
  checkExamples({ layers: [folder, own], fields }).differences.map(
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
    const own = ownMapping();
    cpSync(join(folder, 'examples/unknown-status'), join(own, 'examples/queued'), { recursive: true });
    edit('examples/queued/row.json', /"messageStatus": "[^"]+"/, '"messageStatus": "QUEUED"');
    edit('examples/queued/row.json', /"personMisc1": (?:null|"[^"]*")/, '"personMisc1": "North"');
    const communication = 'examples/queued/communication.json';
    edit(communication, '"valueString": "CARRIER  PENDING "', '"valueString": "QUEUED"');
    edit(communication, '"status": "unknown"', '"status": "in-progress"');
    const clinic = '{ "url": "https://fhir.your-hospital.org/StructureDefinition/clinic", "valueString": "North" }';
    edit(communication, /\n {2}\],\n {2}"identifier"/, `,\n${clinic}\n  ],\n  "identifier"`);
    expect(differences()).toEqual([
      'queued/communication.json: statusReason: stands in the example, but the mapping does not give it',
    ]);
    expect(guide).toContain(differences()[0]);
    edit(communication, /"statusReason": \{[\s\S]*?\n {2}\},\n/, '');
    expect(differences()).toEqual([]);
  });

  it('keeps a kind of message out of the chart as it shows', () => {
    writeFileSync(join(ownMapping(), 'codes.yaml'), block(/^tables:\n {2}kind:/));
    const result = loadMapping({ ...options, layers: [folder, own] });
    const mapping = result.kind === 'loaded' ? result.mapping : undefined;
    const kept = mapping?.map(anyRecord({ ...row, messageType: 'One-time code' }));
    expect(kept).toEqual({ kind: 'skipped', problem: { code: 'not-for-a-chart', where: 'messageType' } });
    expect(mapping?.map(anyRecord(row)).kind).toBe('communication');
  });

  it('shows a mistake as it is told', () => {
    ownMapping();
    edit('outgoing.yaml', '=trim(personMisc1)', '=trim(personMsic1)');
    const result = loadMapping({ ...options, layers: [folder, own] });
    const told = result.kind === 'invalid' ? result.problems : [];
    const [line] = told.map(
      ({ file, line, column, element, message }) =>
        `${basename(own)}/${basename(file)}:${line}:${column} ${element}: ${message}`,
    );
    expect(guide).toContain(line);
  });

  it('names every dialect', () => {
    const listed = [...guide.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map(([, name]) => name);
    expect(listed).toEqual(expect.arrayContaining(readdirSync(join(folder, 'dialects'))));
  });
});

/** The folder of a site that made the changes of the guide. */
function ownMapping(): string {
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, 'outgoing.yaml'), block(/^extension:/));
  writeFileSync(join(own, 'reply.yaml'), block(/^extension:/));
  writeFileSync(join(own, 'codes.yaml'), block(/^tables:\n {2}outcome:/));
  return own;
}

/** The YAML block of the guide that begins so, at the margin. */
function block(beginning: RegExp): string {
  const blocks = [...guide.matchAll(/^( *)```yaml\n([\s\S]*?)^ *```/gm)].map(([, indent = '', text = '']) =>
    text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
  const found = blocks.find((text) => beginning.test(text));
  expect(found).toBeDefined();
  return found ?? '';
}
