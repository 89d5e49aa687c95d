import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { packagedBase } from '../../src/artefacts/packaged.ts';
import { exampleBase } from '../../src/config/finish-config.ts';
import { faultsOf } from './any-r4-resource.ts';
import { artefactsOf, one, published, root } from './site.ts';

const artefacts = published.filter(({ resource }) => resource.resourceType !== 'Communication');
const definitions = artefacts.filter(({ resource }) => resource.resourceType !== 'NamingSystem');

interface Tables {
  readonly tables: Readonly<Record<string, { readonly rows: readonly (readonly string[])[] }>>;
}
const { tables }: Tables = parse(readFileSync(join(root, 'mappings/dialog-health/codes.yaml'), 'utf8'));

/** The rows of table `outcome` for messages that were not delivered: status of the vendor, status, reason. */
const outcomes = (tables['outcome']?.rows ?? [])
  .filter(([delivered]) => delivered === '*')
  .map(([, vendor, status, reason]) => ({ vendor, status, reason }));
const listed = outcomes.filter(({ vendor }) => vendor !== '*' && vendor !== '');

describe('the artefacts in fhir/', () => {
  it('are those that the command artefacts writes for the base of the examples', async () => {
    const made = await artefactsOf();
    expect(made.map(({ file }) => file).toSorted()).toEqual(published.map(({ file }) => file));
    for (const { file, resource } of made) {
      const text = `${JSON.stringify(resource, null, 2)}\n`;
      const told = 'run: npm start -- artefacts --base https://dialog-health-fhir.example/fhir --out fhir';
      expect(published.find((each) => each.file === file)?.text, `${file} is not up to date; ${told}`).toBe(text);
    }
  });

  it('have the base that stands in for one where none is configured', () => {
    expect(packagedBase).toBe(exampleBase);
  });

  it.each(published)('$file is valid R4', ({ resource }) => {
    expect(faultsOf(resource)).toEqual([]);
  });

  it('are told when they are not', () => {
    const codes = one('CodeSystem', 'sms-direction', published);
    const map = one('ConceptMap', 'sms-status', published);
    const name = one('NamingSystem', 'sms-reply-key', published);
    expect(faultsOf({ ...codes, content: 'whole' as 'complete' })).toHaveLength(1);
    expect(faultsOf({ ...map, date: 'today' })).toHaveLength(1);
    expect(faultsOf({ ...name, uniqueId: [] })).toHaveLength(1);
  });

  it.each(definitions)('$file has the url, name and id by which tools find it', ({ file, resource }) => {
    expect(file).toBe(`${resource.resourceType}-${resource.id}.json`);
    expect(resource).toMatchObject({
      url: `${packagedBase}/${resource.resourceType}/${resource.id}`,
      name: expect.stringMatching(/^[A-Z][A-Za-z0-9]+$/),
      title: expect.stringMatching(/./),
      experimental: false,
    });
  });

  it.each(artefacts)('$file says what it is for, who publishes it and since when', ({ file, resource }) => {
    expect(file).toBe(`${resource.resourceType}-${resource.id}.json`);
    expect(resource).toMatchObject({
      status: 'active',
      date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
      publisher: expect.stringMatching(/./),
      description: expect.stringMatching(/\.$/),
      contact: [{ name: expect.stringMatching(/./) }],
      text: { status: 'generated' },
    });
  });

  it('are all of one version', () => {
    expect(new Set(definitions.map(({ resource }) => 'version' in resource && resource.version)).size).toBe(1);
  });

  it('are listed by the guide, each once, and nothing else is', () => {
    const guide = one('ImplementationGuide', 'sms-results', published);
    const references = published
      .filter(({ resource }) => resource.resourceType !== 'ImplementationGuide')
      .map(({ resource: { resourceType, id } }) => `${resourceType}/${id}`);
    expect(guide.definition?.resource.map(({ reference }) => reference.reference).toSorted()).toEqual(
      references.toSorted(),
    );
    const groups = guide.definition?.grouping?.map(({ id }) => id) ?? [];
    expect(groups.toSorted()).toEqual(
      [...new Set(guide.definition?.resource.map(({ groupingId }) => groupingId))].toSorted(),
    );
  });
});

describe('the maps in fhir/', () => {
  it('give each status of the table outcome the status of the table, for messages not delivered', () => {
    const { group } = one('ConceptMap', 'sms-status', published);
    expect(group).toHaveLength(1);
    expect(group?.[0]?.element.map(({ code, target }) => [code, target?.map((each) => each.code)])).toEqual(
      listed.map(({ vendor, status }) => [vendor, [status]]),
    );
    const other = outcomes.find(({ vendor }) => vendor === '*');
    expect(group?.[0]?.unmapped).toEqual({ mode: 'fixed', code: other?.status });
  });

  it('give each status of the table outcome the reason of the table, or say that there is none', () => {
    const { group } = one('ConceptMap', 'sms-status-reason', published);
    expect(group).toHaveLength(1);
    expect(group?.[0]?.element.map(({ code, target }) => [code, target?.map((each) => each.code)])).toEqual(
      listed.map(({ vendor, reason }) => [vendor, [reason === '-' ? undefined : reason]]),
    );
    const unmatched = group?.[0]?.element.flatMap(({ target = [] }) => target).filter(({ code }) => code === undefined);
    expect(unmatched?.map(({ equivalence }) => equivalence)).toEqual(['unmatched']);
  });

  it.each(['sms-status', 'sms-status-reason'])('say that %s holds for messages not delivered', (id) => {
    expect(one('ConceptMap', id, published).description).toContain('It holds for messages that were not delivered');
  });

  it('start from the code system that holds each status of the table, and no other', () => {
    const codes = one('CodeSystem', 'sms-message-status', published).concept?.map(({ code }) => code);
    expect(codes).toEqual(listed.map(({ vendor }) => vendor));
  });

  it('stand beside the types of message of the table kind', () => {
    const types = (tables['kind']?.rows ?? []).map(([type]) => type).filter((type) => type !== '*');
    const codes = one('CodeSystem', 'sms-message-type', published).concept?.map(({ code }) => code);
    expect(codes).toEqual(types);
  });
});
