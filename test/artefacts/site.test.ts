import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { extensionDefinitions } from '../../src/artefacts/extension-definitions.ts';
import { packagedBase } from '../../src/artefacts/packaged.ts';
import { rebased } from '../../src/artefacts/rebased.ts';
import { keySpace } from '../../src/exchange/record-key.ts';
import { siteArtefacts } from '../../src/site-artefacts.ts';
import { siteValidator } from '../../src/site-validation.ts';
import { all, artefactsOf, one, published, siteConfig } from './site.ts';

const base = 'https://fhir.hospital.example.org/r4';

describe('the artefacts of a site', () => {
  it('stand below its base, every URL of them, and nothing of the base of the examples is left', async () => {
    const made = await artefactsOf({ canonicalBase: base });
    const text = JSON.stringify(made);
    expect(made.map(({ file }) => file).toSorted()).toEqual(published.map(({ file }) => file));
    expect(text).not.toContain('dialog-health-fhir.example');
    const count = (all: string, part: string): number => all.split(part).length - 1;
    expect(count(text, `${base}/`)).toBe(
      count(JSON.stringify(published.map(({ resource }) => resource)), packagedBase),
    );
  });

  it('have examples with the ids that the service gives at that base', async () => {
    const made = await artefactsOf({ canonicalBase: base });
    const { identifier: [{ value } = {}] = [], id } = one(
      'Communication',
      keySpace(base).outgoing('7b2e4f6081a94d3cb5e6f70819a2b3c4'),
      made,
    );
    expect(value).toBe('7b2e4f6081a94d3cb5e6f70819a2b3c4');
    expect(published.map(({ resource }) => resource.id)).not.toContain(id);
  });

  it('are the same bytes each time', async () => {
    const [first, second] = await Promise.all([
      artefactsOf({ canonicalBase: base }),
      artefactsOf({ canonicalBase: base }),
    ]);
    expect(JSON.stringify(second)).toBe(JSON.stringify(first));
  });

  it('are published by its organization where that has a name', async () => {
    const organization = { system: '', value: '', display: 'Example Hospital', reference: '' };
    const made = await artefactsOf({ canonicalBase: base, organization });
    const publishers = made.flatMap(({ resource }) => ('publisher' in resource ? resource.publisher : []));
    expect(new Set(publishers)).toEqual(new Set(['Example Hospital']));
    expect(publishers).toHaveLength(made.length - all('Communication', made).length);
  });

  it('give full validation the extensions below its base', () => {
    const urls = extensionDefinitions(base).map(({ url }) => url);
    expect(urls).toContain(`${base}/StructureDefinition/sms-caregiver`);
    expect(urls).toHaveLength(13);
  });
});

describe('a URL is moved to another base', () => {
  it.each([
    [packagedBase, base],
    [`${packagedBase}/CodeSystem/sms-direction`, `${base}/CodeSystem/sms-direction`],
    [`see ${packagedBase}/sid/a and ${packagedBase}/sid/b`, `see ${base}/sid/a and ${base}/sid/b`],
  ])('where it stands below the packaged one: %s', (before, after) => {
    expect(rebased({ a: [{ b: before }] }, base)).toEqual({ a: [{ b: after }] });
  });

  it.each([
    'http://hl7.org/fhir/event-status',
    `${packagedBase}-other/CodeSystem/x`,
    'https://dialog-health-fhir.example/',
    'fhir/StructureDefinition',
  ])('and stays where it does not: %s', (url) => {
    expect(rebased({ url }, base)).toEqual({ url });
  });

  it('whatever the base holds that means something to a replacement', () => {
    expect(rebased({ url: `${packagedBase}/x` }, 'https://a.example.org/$&$1')).toEqual({
      url: 'https://a.example.org/$&$1/x',
    });
  });
});

describe("a site's own tables", () => {
  let own: string;
  beforeEach(() => {
    own = join(mkdtempSync(join(tmpdir(), 'artefacts-')), 'site');
    mkdirSync(own);
  });
  afterEach(() => rmSync(join(own, '..'), { recursive: true }));

  const withTables = (codes: string) => {
    writeFileSync(join(own, 'codes.yaml'), codes);
    return artefactsOf({ canonicalBase: base, folder: own });
  };
  const outcome = (...rows: readonly string[]): string =>
    ['tables:', '  outcome:', '    rows:', ...rows.map((row) => `      - ${row}`)].join('\n');

  it('add a status to its code system and to both maps', async () => {
    const made = await withTables(
      outcome('["*", QUEUED, in-progress, "-", "-", open, "-"]', '["*", INVALID_PHONE, stopped, "-", "-", final, "-"]'),
    );
    const codes = one('CodeSystem', 'sms-message-status', made).concept ?? [];
    expect(codes.map(({ code }) => code)).toEqual(['INVALID_PHONE', 'MESSAGE_REJECTED', 'QUEUED']);
    expect(codes.find(({ code }) => code === 'INVALID_PHONE')?.definition).toContain('As its name says');
    const [status] = one('ConceptMap', 'sms-status', made).group ?? [];
    expect(status?.element.map(({ code, target }) => [code, target?.[0]?.code])).toEqual([
      ['QUEUED', 'in-progress'],
      ['INVALID_PHONE', 'stopped'],
      ['MESSAGE_REJECTED', 'not-done'],
    ]);
    const [reason] = one('ConceptMap', 'sms-status-reason', made).group ?? [];
    expect(reason?.element.map(({ target }) => target?.[0]?.equivalence)).toEqual([
      'unmatched',
      'unmatched',
      'unmatched',
    ]);
    const validate = await siteValidator(base);
    expect(all('Communication', made).flatMap((example) => validate(example))).toEqual([]);
  });

  it('say that a message with a status is not written, and give no example of it', async () => {
    const made = await withTables(outcome('["false", MESSAGE_REJECTED, skip]', '["false", "*", skip]'));
    const { group } = one('ConceptMap', 'sms-status', made);
    expect(group?.[0]?.element).toEqual([
      {
        code: 'MESSAGE_REJECTED',
        target: [{ equivalence: 'unmatched', comment: expect.stringContaining('not written') }],
      },
      {
        code: 'INVALID_PHONE',
        target: [{ equivalence: 'unmatched', comment: expect.stringContaining('not written') }],
      },
    ]);
    expect(group?.[0]?.unmapped).toBeUndefined();
    const files = made.map(({ file }) => file);
    expect(files).toContain('examples/Communication-delivered.json');
    expect(files).not.toContain('examples/Communication-rejected.json');
    const guide = one('ImplementationGuide', 'sms-results', made);
    expect(guide.definition?.resource).toHaveLength(made.length - 1);
  });

  it('give a reason of their own a group of its own', async () => {
    const made = await withTables(
      [
        outcome('["*", MESSAGE_REJECTED, not-done, refused, "-", final, "-"]'),
        'codings:',
        '  refused: {system: "https://codes.example.org/reasons", code: refused}',
      ].join('\n'),
    );
    const { group, targetCanonical } = one('ConceptMap', 'sms-status-reason', made);
    expect(targetCanonical).toBeUndefined();
    expect(group?.map(({ target, element }) => [target, element.map(({ code }) => code)])).toEqual([
      ['http://terminology.hl7.org/CodeSystem/communication-not-done-reason', ['INVALID_PHONE']],
      ['https://codes.example.org/reasons', ['MESSAGE_REJECTED']],
    ]);
  });

  it('add the types of message that they list, but those that they keep out of the chart', async () => {
    const made = await withTables(
      [
        'tables:',
        '  kind:',
        '    rows:',
        '      - [One-time code, skip]',
        '      - [Survey  2, notification, "-"]',
      ].join('\n'),
    );
    const codes = one('CodeSystem', 'sms-message-type', made).concept?.map(({ code }) => code);
    expect(codes).toContain('Survey 2');
    expect(codes).not.toContain('One-time code');
  });

  it('with a mistake in them are refused with the place', async () => {
    await expect(withTables(outcome('["*", QUEUED, on-its-way, "-", "-", open, "-"]'))).rejects.toThrow(
      /codes\.yaml:4:/,
    );
  });

  it('by a dialect give no example that claims a profile which it does not meet', async () => {
    const config = siteConfig({
      canonicalBase: base,
      organization: { system: '', value: '', display: '', reference: 'Group/1' },
    });
    const made = await siteArtefacts({ ...config, destination: { dialect: 'oracle-health' } });
    const guide = one('ImplementationGuide', 'sms-results', made);
    const told = guide.definition?.resource.filter(({ reference }) =>
      reference.reference?.startsWith('Communication/'),
    );
    expect(told?.length).toBeGreaterThan(0);
    expect(told?.filter(({ exampleCanonical, exampleBoolean }) => exampleCanonical || exampleBoolean !== true)).toEqual(
      [],
    );
    expect(one('ConceptMap', 'sms-status', made).group).toBeUndefined();
  });
});
