import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readExampleSettings } from '../../src/mapping/example-settings.ts';
import { checkExamples, exampleNames, mapExample } from '../../src/mapping/examples.ts';
import { validateFully } from '../fhir/full-validation.ts';
import { fields, folder, loaded, messagesOf } from './dialog-health.ts';

const names = exampleNames([folder]);

describe('the examples of the mapping', () => {
  it('are at least fourteen', () => {
    expect(names.length).toBeGreaterThanOrEqual(14);
    expect(checkExamples({ layers: [folder], fields })).toEqual({ examples: names.length, differences: [] });
  });

  it.each(names)('%s gives what stands beside its row', (name) => {
    const messages = mapExample({ layers: [folder], fields }, name);
    expect(messages).not.toEqual([]);
    for (const { given, expected, mistake } of messages) {
      expect(mistake).toBeUndefined();
      expect(given).toEqual(expected);
    }
  });

  it.each(names)('%s is valid FHIR R4', (name) => {
    const resources = mapExample({ layers: [folder], fields }, name).filter(({ file }) => file !== 'problem.json');
    expect(resources.flatMap(({ given }) => validateFully(given))).toEqual([]);
  });

  it.each(names)('%s has every field of the vendor, and gives the same when the source reads it', (name) => {
    const row: Readonly<Record<string, string | null>> = JSON.parse(
      readFileSync(join(folder, 'examples', name, 'row.json'), 'utf8'),
    );
    const file = join(folder, 'examples', name, 'settings.json');
    const read = readExampleSettings(existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined);
    if (read.kind === 'mistake') throw new Error(read.mistake);
    const mapping = loaded(read.settings);
    const given = messagesOf(row, mapping).map((record) => {
      const mapped = mapping.map(record);
      return mapped.kind === 'communication' ? mapped.resource : mapped;
    });
    expect(Object.keys(row)).toEqual(fields);
    expect(given).toEqual(mapExample({ layers: [folder], fields }, name).map((each) => each.given));
  });
});

describe('the check of examples', () => {
  let copy: string;

  beforeEach(() => {
    copy = join(mkdtempSync(join(tmpdir(), 'mapping-')), 'site');
    cpSync(folder, copy, { recursive: true });
  });

  afterEach(() => rmSync(join(copy, '..'), { recursive: true }));

  const differences = (): readonly string[] =>
    checkExamples({ layers: [copy], fields }).differences.map(
      ({ example, element, message }) => `${example} ${element} ${message}`,
    );
  const edit = (file: string, from: string, to: string): void => {
    const path = join(copy, file);
    const text = readFileSync(path, 'utf8');
    expect(text).toContain(from);
    writeFileSync(path, text.replace(from, to));
  };

  it('names the element that an example has otherwise, and no value', () => {
    edit('examples/delivered/communication.json', 'completed', 'unknown');
    expect(differences()).toEqual(['delivered/communication.json status is another value in the example']);
  });

  it('names an element that a changed mapping no longer gives', () => {
    edit('outgoing.yaml', 'valueString: =text(carrier)', 'valueString: =text(personMisc5)');
    expect(differences()).toContain(
      'caregiver/communication.json extension(sms-carrier) stands in the example, but the mapping does not give it',
    );
  });

  it('says that a row does not become a Communication', () => {
    edit('examples/delivered/row.json', '"PATIENT"', '"NURSE"');
    expect(differences()).toEqual([
      'delivered/communication.json file is not what the row becomes: it is rejected with recipient-type-unknown. Correct the row or the mapping, or put problem.json in its place',
    ]);
  });

  it('misses the row', () => {
    rmSync(join(copy, 'examples/reply/row.json'));
    expect(differences()).toEqual(['reply/row.json file is missing: write there a row as the vendor sends it']);
  });

  it('misses the file of a message', () => {
    rmSync(join(copy, 'examples/reply/reply.json'));
    expect(differences()).toEqual(['reply/reply.json file is missing: write there what the row must become']);
  });

  it('finds a file that no message of the row gives', () => {
    cpSync(join(copy, 'examples/reply/reply.json'), join(copy, 'examples/delivered/reply.json'));
    expect(differences()).toEqual(['delivered/reply.json file nothing of the row becomes this: take it away']);
  });

  it.each([
    ['row.json', '{"personId": 7}', 'must be a JSON object of texts and nulls'],
    ['row.json', '{', 'is no JSON'],
    ['row.json', '[{}]', 'is a list: take the [ ] around the row away'],
    ['row.json', '{"persnId": "7"}', '"persnId" is no field of the source; did you mean "personId"?'],
    ['communication.json', '{', 'is no JSON'],
    ['settings.json', '{', 'is no JSON'],
    [
      'settings.json',
      '{"region": "DE"}',
      'may hold patient.reference, organization.reference, profile, narrative, labels, not region',
    ],
    [
      'settings.json',
      '{"labels": ["restrictd"]}',
      'does not fit the mapping: site/outgoing.yaml:11 meta.security[0]: mapping.labels: "restrictd" is no coding of codes.yaml; did you mean "restricted"?',
    ],
  ])('says what is wrong with a file: %s %s', (file, text, wrong) => {
    writeFileSync(join(copy, 'examples/delivered', file), text);
    expect(differences()).toEqual([`delivered/${file} file ${wrong}`]);
  });

  it('says what of the mapping is wrong when it cannot be loaded', () => {
    edit('outgoing.yaml', 'status: =decide(outcome.status)', 'statsu: completed');
    expect(differences()).toHaveLength(names.length);
    expect(differences()[0]).toMatch(
      /does not fit the mapping: site\/outgoing\.yaml:4 Communication: needs the element/,
    );
  });

  it('counts no examples where there are none', () => {
    const empty = join(copy, 'examples', 'none');
    mkdirSync(empty);
    expect(checkExamples({ layers: [empty], fields })).toEqual({ examples: 0, differences: [] });
  });
});
