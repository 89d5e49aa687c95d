import { readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { indexed, readR4Definitions } from '../../src/validation/r4-definitions.ts';
import { definitionsFile, definitionsText } from '../../tools/r4-definitions.ts';

const definitions = readR4Definitions();
const names = new Set(definitions.structures.map(({ name }) => name));
const elements = definitions.structures.flatMap(({ snapshot }) => snapshot?.element ?? []);
const index = indexed(definitions);

describe('the packaged definitions of R4', () => {
  it('are what the script makes of the published ones (npm run definitions)', () => {
    expect(readFileSync(definitionsFile, 'utf8')).toBe(definitionsText());
  });

  it('are small: less than 150 KB of 93 MB', () => {
    expect(statSync(definitionsFile).size).toBeLessThan(150_000);
  });

  it('hold every type that can be reached from a Communication', () => {
    const reached = new Set(['Communication']);
    for (const type of reached) {
      const own = elements.filter(({ path }) => path.startsWith(`${type}.`));
      for (const { code } of own.flatMap(({ type }) => type ?? [])) reached.add(code);
    }
    // Any resource, of which we know those that we write; and what a text or a number of JSON is to FHIRPath.
    const others = [...reached].filter((type) => type !== 'Resource' && !type.startsWith('http://hl7.org/fhirpath/'));
    expect(reached.size).toBeGreaterThan(50);
    expect(others.filter((type) => !names.has(type))).toEqual([]);
  });

  it.each(['Communication', 'RelatedPerson', 'Bundle', 'StructureDefinition'])('hold the resource %s', (name) => {
    expect(names).toContain(name);
    expect(index.isResource(name)).toBe(true);
  });

  it('hold the codes of every required value set, but for those of other owners', () => {
    const required = elements.flatMap(({ binding }) => binding?.valueSet ?? []);
    expect(new Set(Object.keys(definitions.valueSets))).toEqual(new Set(required));
    const open = Object.entries(definitions.valueSets).flatMap(([url, codes]) => (codes === null ? [url] : []));
    expect(open).toEqual([
      'http://hl7.org/fhir/ValueSet/currencies|4.0.1',
      'http://hl7.org/fhir/ValueSet/mimetypes|4.0.1',
    ]);
  });

  it('hold the codes of event-status as R4 lists them', () => {
    expect(definitions.valueSets['http://hl7.org/fhir/ValueSet/event-status|4.0.1']).toEqual([
      ...['preparation', 'in-progress', 'not-done', 'on-hold', 'stopped', 'completed', 'entered-in-error', 'unknown'],
    ]);
  });

  it('tell the type of each form of an element', () => {
    expect(index.element('Communication.payload', 'contentAttachment')?.type).toBe('Attachment');
    expect(index.element('Communication', 'payload')?.type).toBe('Communication.payload');
    expect(index.element('Bundle.entry', 'link')?.type).toBe('Bundle.link');
    expect(index.element('Communication', '_sent')?.type).toBe('Element');
    expect(index.element('Communication', 'id')?.type).toBe('id');
    expect(index.element('Communication', 'colour')).toBeUndefined();
  });
});
