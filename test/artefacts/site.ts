import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Communication } from 'fhir/r4.js';
import type { Artefact, ArtefactFile } from '../../src/artefacts/packaged.ts';
import type { TranslateConfig } from '../../src/config/config.ts';
import { loadTranslateConfig } from '../../src/config/load-config.ts';
import { siteArtefacts } from '../../src/site-artefacts.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** A site without a configuration of its own, but for these. */
export function siteConfig(mapping: Partial<TranslateConfig['mapping']> = {}): TranslateConfig {
  const loaded = loadTranslateConfig({ env: {}, defaultFile: `${root}config/default.yaml`, now: () => 0 });
  if (loaded.kind === 'invalid') throw new Error(JSON.stringify(loaded.problems));
  const { config } = loaded;
  return { ...config, mapping: { ...config.mapping, ...mapping } };
}

export type AnyArtefact = Artefact | Communication;

/** The artefacts in fhir/, examples included, by the names of their files. */
export const published = globSync(['*.json', 'examples/*.json'], { cwd: join(root, 'fhir') })
  .toSorted()
  .map((file) => {
    const text = readFileSync(join(root, 'fhir', file), 'utf8');
    const resource: AnyArtefact = JSON.parse(text);
    return { file, text, resource };
  });

/** The artefacts of such a site. */
export const artefactsOf = (
  mapping: Partial<TranslateConfig['mapping']> = {},
): Promise<readonly ArtefactFile<AnyArtefact>[]> => siteArtefacts(siteConfig(mapping));

/** Those of one type. */
export function all<Type extends AnyArtefact['resourceType']>(
  type: Type,
  files: readonly ArtefactFile<AnyArtefact>[],
): readonly Extract<AnyArtefact, { resourceType: Type }>[] {
  return files
    .map(({ resource }) => resource)
    .filter((resource): resource is Extract<AnyArtefact, { resourceType: Type }> => resource.resourceType === type);
}

/** One, by its type and id. */
export function one<Type extends AnyArtefact['resourceType']>(
  type: Type,
  id: string,
  files: readonly ArtefactFile<AnyArtefact>[],
): Extract<AnyArtefact, { resourceType: Type }> {
  const found = all(type, files).find((resource) => resource.id === id);
  if (found === undefined) throw new Error(`there is no ${type}/${id}`);
  return found;
}
