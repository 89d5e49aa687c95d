import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Layers } from '../../src/mapping/layers.ts';
import { uncoveredByExamples } from '../../src/mapping/uncovered.ts';
import { fields, folder } from './dialog-health.ts';

const dialects = readdirSync(join(folder, 'dialects'));

function uncovered(layers: Layers): readonly string[] {
  return uncoveredByExamples({ layers, fields }).map(({ place, message }) => `${place.file}:${place.line} ${message}`);
}

describe('the examples', () => {
  it('show each row of a table, each field with text and without, each coding and each party', () => {
    expect(uncovered([folder])).toEqual([]);
  });

  it.each(dialects)('of dialect %s show all that it has otherwise', (dialect) => {
    expect(uncovered([folder, join(folder, 'dialects', dialect)])).toEqual([]);
  });
});

describe('what no example shows', () => {
  let copy: string;
  let site: string;

  beforeEach(() => {
    const top = mkdtempSync(join(tmpdir(), 'mapping-'));
    copy = join(top, 'dialog-health');
    site = join(top, 'site');
    cpSync(folder, copy, { recursive: true });
    mkdirSync(site);
  });

  afterEach(() => rmSync(join(copy, '..'), { recursive: true }));

  /** Adds lines to a file of the mapping after the first line with that text; gives the number of the first of them. */
  function addBelow(file: string, text: string, added: string): number {
    const path = join(copy, file);
    const lines = readFileSync(path, 'utf8').split('\n');
    const at = lines.findIndex((line) => line.includes(text)) + 1;
    expect(at).toBeGreaterThan(0);
    writeFileSync(path, lines.toSpliced(at, 0, added).join('\n'));
    return at + 1;
  }

  it('is a row of a table, with its line', () => {
    const line = addBelow('codes.yaml', '- [CAREGIVER, ', '      - [GUARDIAN, patient, patient, "-", "-", "-"]');
    expect(uncovered([copy])).toEqual([`dialog-health/codes.yaml:${line} no example fits this row of table who`]);
  });

  it('is a row that keeps a message out of the chart', () => {
    rmSync(join(copy, 'examples/staff-skipped'), { recursive: true });
    expect(uncovered([copy]).join('\n')).toMatch(
      /^dialog-health\/codes\.yaml:\d+ no example fits this row of table who$/,
    );
  });

  it('is a field of the vendor that has text in no example', () => {
    rmSync(join(copy, 'examples/every-field'), { recursive: true });
    expect(uncovered([copy]).join('\n')).toMatch(
      /^dialog-health\/reply\.yaml:\d+ no example has text in personMisc5 here$/m,
    );
  });

  it('is a field of the vendor that has text in all of them', () => {
    rmSync(join(copy, 'examples/caregiver-unnamed'), { recursive: true });
    expect(uncovered([copy]).join('\n')).toMatch(
      /^dialog-health\/codes\.yaml:\d+ each example has text in caregiverName here$/,
    );
  });

  it('is a field that only the name of a function stands for', () => {
    rmSync(join(copy, 'examples/person-id-missing'), { recursive: true });
    expect(uncovered([copy]).join('\n')).toMatch(/codes\.yaml:\d+ each example has text in personId here$/);
  });

  it('is a coding and a party that nothing names', () => {
    addBelow('codes.yaml', 'codings:', '  alert: {system: "https://a.example", code: alert}');
    addBelow('codes.yaml', 'parties:', '  nobody:\n    reference: {display: Nobody}');
    expect(uncovered([copy]).map((told) => told.replace(/^\S+ /, ''))).toEqual([
      'no example gets the coding alert',
      'no example gets the party nobody',
    ]);
  });

  it('is a table that no formula asks', () => {
    addBelow('codes.yaml', 'tables:', '  other:\n    when: [carrier]\n    then: [a]\n    rows:\n      - ["*", b]');
    expect(uncovered([copy]).map((told) => told.replace(/^\S+ /, ''))).toEqual([
      'no example has text in carrier, which table other looks at',
      'no example fits this row of table other',
    ]);
  });

  it('is all of an overlay without examples, and nothing of what it lies over', () => {
    writeFileSync(join(site, 'outgoing.yaml'), 'note:\n  - text: =trim(personMisc1)\n');
    expect(uncovered([copy, site])).toEqual([
      'site/outgoing.yaml:1 no example has a message sent',
      'site/outgoing.yaml:2 no example has text in personMisc1 here',
      'site/outgoing.yaml:2 each example has text in personMisc1 here',
    ]);
  });

  it('is nothing of an overlay of constants once there is an example of each kind of message', () => {
    writeFileSync(join(site, 'reply.yaml'), 'language: en\n');
    expect(uncovered([copy, site])).toEqual(['site/reply.yaml:1 no example has a text received']);
    cpSync(join(copy, 'examples/reply'), join(site, 'examples/reply'), { recursive: true });
    expect(uncovered([copy, site])).toEqual([]);
  });

  it('is told for no mapping that does not load', () => {
    rmSync(join(copy, 'reply.yaml'));
    expect(uncovered([copy])).toEqual([]);
  });
});
