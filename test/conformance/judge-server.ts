import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { packagedArtefacts } from '../../src/artefacts/packaged.ts';
import { rebased } from '../../src/artefacts/rebased.ts';
import { exampleSettings } from '../../src/mapping/example-settings.ts';
import { startJava } from '../support/java-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the judge listens: HL7's validator, one process for all these tests. */
    judge: string;
  }
}

/** Starts the judge with our definitions, at the base of the examples, and stops it when the tests are over. */
export default async function withJudge(project: TestProject): Promise<() => Promise<void>> {
  const home = fileURLToPath(new URL('judge', import.meta.url));
  const definitions = await mkdtemp(join(tmpdir(), 'dialog-health-fhir-definitions-'));
  for (const { file, resource } of packagedArtefacts()) {
    await writeFile(join(definitions, file), JSON.stringify(rebased(resource, exampleSettings.canonicalBase)));
  }
  const { url, stop } = await startJava({
    name: 'judge',
    home,
    main: 'Judge',
    arguments: [definitions],
    memory: '1500m',
  });
  project.provide('judge', url);
  return async () => {
    await stop();
    await rm(definitions, { recursive: true });
  };
}
