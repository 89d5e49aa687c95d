import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packagedBase } from '../../src/artefacts/packaged.ts';
import { exampleSettings } from '../../src/mapping/example-settings.ts';
import { communicationsOf, dialects } from '../support/example-communications.ts';
import { all, published, root } from './site.ts';

/** What the artefacts define, as a path below the base. */
const defined = [
  ...[...all('StructureDefinition', published), ...all('CodeSystem', published)].map(({ url }) => url),
  ...all('NamingSystem', published).flatMap(({ uniqueId }) => uniqueId.map(({ value }) => value)),
].map((url = '') => url.slice(packagedBase.length + 1));

/** Below the base too, and no identifier: `meta.source`, and the organization of the examples. */
const notOurs = ['sid/dialog-health-writeback-api', 'sid/organization'];

/** What an URL below the base is defined by: the systems of person ids have one root. */
const definitionOf = (path: string): string => path.replace(/^(sid\/sms-person-id)\/.+$/, '$1');

/** What the files of the mapping and its dialects name, and what its functions know by themselves. */
const named = globSync(['mappings/dialog-health/**/*.yaml'], { cwd: root }).flatMap((file) =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/=(?:base|profile)\(([^)]+)\)/g)].map(([, path = '']) => path),
);
const known = ['src/mapping/related-messages.ts', 'src/parts.ts'].flatMap((file) =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/sms-(?:outgoing-message-id|reply-key|person-id)/g)].map(
    ([name]) => `sid/${name}`,
  ),
);

/** Every URL below the base in what the mapping makes of its examples. */
const written = [undefined, ...dialects]
  .flatMap((dialect) => communicationsOf(dialect))
  .flatMap(({ resource }) => [...JSON.stringify(resource).matchAll(/"https:\/\/fhir\.example-health\.org\/([^"]+)"/g)])
  .map(([, path = '']) => definitionOf(path));

const sorted = (paths: Iterable<string>): readonly string[] => [...new Set(paths)].toSorted();

describe('what the mapping writes below the canonical base', () => {
  it('is looked for where the examples have it', () => {
    expect(exampleSettings.canonicalBase).toBe('https://fhir.example-health.org');
    expect(written.length).toBeGreaterThan(100);
  });

  it('is defined by an artefact: each extension, code system and identifier system', () => {
    const wanted = sorted([...named, ...written].filter((path) => !notOurs.includes(path)));
    expect(wanted.filter((path) => !defined.includes(path))).toEqual([]);
    expect(wanted.length).toBeGreaterThan(20);
  });

  it('is all that the artefacts define', () => {
    expect(sorted(defined)).toEqual(sorted([...named, ...known]));
  });

  it('is shown by an example of the mapping, all of it', () => {
    expect(defined.filter((path) => !written.includes(path))).toEqual([]);
  });
});

describe('the artefacts', () => {
  it('point to each other only where something is', () => {
    const urls = published.flatMap(({ resource }) =>
      'url' in resource && resource.url !== undefined ? resource.url : [],
    );
    const there = [...urls, ...defined.map((path) => `${packagedBase}/${path}`)];
    const pointed = published
      .flatMap(({ text }) => [...text.matchAll(/"(https:\/\/dialog-health-fhir\.example\/[^"]*)"/g)])
      .map(([, url = '']) => `${packagedBase}/${definitionOf(url.slice(packagedBase.length + 1))}`);
    const source = `${packagedBase}/sid/dialog-health-writeback-api`;
    expect(sorted(pointed).filter((url) => !there.includes(url))).toEqual([source]);
  });

  it('define each value set that they use, and use each that they define', () => {
    const valueSets = all('ValueSet', published).map(({ url }) => url);
    const others = published.filter(({ resource }) => resource.resourceType !== 'ValueSet').map(({ text }) => text);
    expect(valueSets.filter((url) => !others.some((text) => text.includes(`"${url}"`)))).toEqual([]);
  });
});
