import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** A folder that holds nothing but the package, installed as anyone installs it. */
    installed: string;
    /** What the package brings, paths from its top. */
    packed: readonly string[];
  }
}

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Packs the checkout and installs the package into an empty folder, its dependencies from the registry. */
export default async function withInstalledPackage(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'dialog-health-fhir-package-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const packed = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root });
    const { filename, files } = packedIn(packed.stdout);
    const installed = join(folder, 'installed');
    await mkdir(installed);
    await run('npm', ['install', '--prefix', installed, '--no-audit', '--no-fund', join(folder, filename)]);
    project.provide('installed', installed);
    project.provide('packed', files);
  } catch (error) {
    await remove();
    throw error;
  }
  return remove;
}

interface Packed {
  readonly filename: string;
  readonly files: readonly string[];
}

/** npm's answer follows what `prepack` prints: a list of packages, or since npm 12 one object by name. */
function packedIn(stdout: string): Packed {
  const answer: unknown = JSON.parse(stdout.slice(stdout.search(/^[[{]/m)));
  const [first]: { filename: string; files: { path: string }[] }[] = Object.values(Object(answer));
  if (first === undefined) throw new Error('npm packed nothing');
  return { filename: first.filename, files: first.files.map(({ path }) => path) };
}
