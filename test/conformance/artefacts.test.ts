import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { rebased } from '../../src/artefacts/rebased.ts';
import { exampleSettings } from '../../src/mapping/example-settings.ts';
import { findingsOf, show, type Finding } from './judge.ts';
import { goneFrom, knownOfArtefacts, unknownAmong } from './known-findings.ts';

const folder = new URL('../../fhir/', import.meta.url);
const files = globSync(['*.json', 'examples/*.json'], { cwd: fileURLToPath(folder) }).toSorted();

describe("the artefacts before HL7's validator", () => {
  const found = new Map<string, readonly Finding[]>();

  beforeAll(async () => {
    for (const file of files) {
      const resource: unknown = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
      // With all of ours known, so that what one says of another is checked as well.
      found.set(file, await findingsOf(rebased(resource, exampleSettings.canonicalBase), { by: 'ours' }));
    }
  });

  it('are of every kind', () => {
    const kinds = new Set(files.map((file) => file.replace(/-.*/, '')));
    expect([...kinds].toSorted()).toEqual([
      'CapabilityStatement',
      'CodeSystem',
      'ConceptMap',
      'ImplementationGuide',
      'NamingSystem',
      'StructureDefinition',
      'ValueSet',
      'examples/Communication',
    ]);
  });

  it.each(files)('%s is good R4', (file) => {
    expect(unknownAmong(found.get(file) ?? [], knownOfArtefacts).map(show)).toEqual([]);
  });

  it('show each finding that is listed as known', () => {
    expect(goneFrom(knownOfArtefacts, [...found.values()].flat())).toEqual([]);
  });
});
