import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkExamples, exampleNames, mapExample } from '../../src/mapping/examples.ts';
import type { Layers } from '../../src/mapping/layers.ts';
import { loadMapping } from '../../src/mapping/load-mapping.ts';
import type { MappingSettings } from '../../src/mapping/settings.ts';
import { fields, folder, options, settings } from './dialog-health.ts';

const dialects = readdirSync(join(folder, 'dialects'));
const layersOf = (dialect: string): Layers => [folder, join(folder, 'dialects', dialect)];

function mistakes(dialect: string, changed: Partial<MappingSettings> = {}): readonly string[] {
  const loaded = loadMapping({ ...options, layers: layersOf(dialect), settings: { ...settings, ...changed } });
  if (loaded.kind === 'loaded') return [];
  return loaded.problems.map(({ file, line, message }) => `${file}:${line} ${message}`);
}

const asOrganization = (reference: string): Partial<MappingSettings> => ({
  organization: { ...settings.organization, reference },
});
const byIdentifier: Partial<MappingSettings> = { patient: { ...settings.patient, reference: 'identifier' } };

describe.each(dialects)('the dialect %s', (dialect) => {
  it('gives what its examples say, for a message sent, one not delivered, a reply and a caregiver', () => {
    const layers = layersOf(dialect);
    expect(exampleNames(layers)).toEqual(expect.arrayContaining(['caregiver', 'delivered', 'invalid-phone', 'reply']));
    expect(checkExamples({ layers, fields }).differences).toEqual([]);
  });

  it('differs from the mapping below in every Communication', () => {
    const layers = layersOf(dialect);
    const given = exampleNames(layers).map((name) => mapExample({ layers, fields }, name).map((each) => each.given));
    const below = exampleNames(layers).map((name) =>
      mapExample({ layers: [folder], fields }, name).map((each) => each.given),
    );
    for (const [index, resources] of given.entries()) expect(resources).not.toEqual(below[index]);
  });
});

describe('a dialect that does not fit the configuration is refused when it is loaded', () => {
  it('r4-strict fits any', () => {
    expect(mistakes('r4-strict', byIdentifier)).toEqual([]);
  });

  it('oracle-health wants to know whose inbox', () => {
    expect(mistakes('oracle-health', asOrganization('Group/4521'))).toEqual([]);
    expect(mistakes('oracle-health', asOrganization('Practitioner/12'))).toEqual([]);
    const wrong =
      /^dialog-health\/dialects\/oracle-health\/needs\.yaml:\d+ does not fit the configuration: set mapping\.organization\.reference to Group\/\* or Practitioner\/\*\. /;
    expect(mistakes('oracle-health')).toEqual([expect.stringMatching(wrong)]);
    expect(mistakes('oracle-health', asOrganization('Organization/12'))).toEqual([expect.stringMatching(wrong)]);
    expect(mistakes('oracle-health', asOrganization('Group/'))).toEqual([expect.stringMatching(wrong)]);
  });

  it.each(['oracle-health', 'epic'])('%s wants the Patient by id', (dialect) => {
    expect(mistakes(dialect, { ...asOrganization('Group/4521'), ...byIdentifier })).toEqual([
      expect.stringMatching(/needs\.yaml:\d+ does not fit the configuration: set patient\.reference to literal\. /),
    ]);
  });
});

describe('what a dialect needs', () => {
  let own: string;
  beforeEach(() => {
    own = join(mkdtempSync(join(tmpdir(), 'needs-')), 'site');
    mkdirSync(own);
  });
  afterEach(() => rmSync(join(own, '..'), { recursive: true }));

  it.each([
    [
      'a setting that there is none of',
      'needs:\n  - {setting: organisation.value, is: x, because: y}\n',
      'is no setting',
    ],
    ['a reason', 'needs:\n  - {setting: patient.reference, is: literal}\n', 'takes setting, is and because'],
    ['a list', 'needs: literal\n', 'takes a list'],
    ['its own name', 'need:\n  - {setting: patient.reference, is: literal, because: y}\n', 'is no part of needs.yaml'],
  ])('is told where it lacks %s', (_, text, wanted) => {
    writeFileSync(join(own, 'needs.yaml'), text);
    const loaded = loadMapping({ ...options, layers: [folder, own] });
    const told = loaded.kind === 'invalid' ? loaded.problems : [];
    expect(told.map(({ message }) => message)).toEqual([expect.stringContaining(wanted)]);
  });
});
