import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Base URL of the HAPI server that all these tests share; each keeps to keys and Patients of its own. */
    hapi: string;
  }
}

const run = promisify(execFile);
const home = fileURLToPath(new URL('server', import.meta.url));
const sources = ['pom.xml', 'src/main/java/HapiServer.java', 'src/main/resources/logback.xml'];
const oldestJava = 17;
/** On two busy cores; 30 s are usual. */
const startMs = 180_000;

/** Builds HAPI once per version of its sources, starts it, and stops it when the tests are over. */
export default async function withHapi(project: TestProject): Promise<() => Promise<void>> {
  await needJavaAndMaven();
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'dialog-health-fhir-hapi');
  const build = await built(cache);
  const { url, stop } = await started(build, join(cache, 'hapi.log'));
  project.provide('hapi', url);
  return stop;
}

async function needJavaAndMaven(): Promise<void> {
  const said = await run('java', ['-version']).then(
    ({ stderr }) => stderr,
    () => '',
  );
  const java = Number(/version "(\d+)/.exec(said)?.[1] ?? 0);
  const maven = await run('mvn', ['--version']).then(
    () => true,
    () => false,
  );
  if (java >= oldestJava && maven) return;
  throw new Error(
    `The HAPI tests need Java ${oldestJava} or newer and Maven: apt-get install -y --no-install-recommends default-jdk-headless maven`,
  );
}

/** The folder with classes and libraries. The first time Maven brings some 300 MB from Maven Central. */
async function built(cache: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of sources) hash.update(await readFile(join(home, file)));
  const build = join(cache, hash.digest('hex').slice(0, 12));
  const there = await stat(build).catch(() => undefined);
  if (there !== undefined) return build;
  await mkdir(cache, { recursive: true });
  const half = `${build}.${process.pid}`;
  try {
    const goals = [
      'compile',
      'dependency:copy-dependencies',
      '-DincludeScope=runtime',
      `-DoutputDirectory=${half}/lib`,
    ];
    await run('mvn', ['-B', '-q', '-ntp', '-f', join(home, 'pom.xml'), `-Dbuild.folder=${half}`, ...goals]);
    // Under its name only when it is whole.
    await rename(half, build);
  } finally {
    await rm(half, { recursive: true, force: true });
  }
  return build;
}

interface Started {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

async function started(build: string, log: string): Promise<Started> {
  // It ends when its standard input does: even a kill of the tests leaves no HAPI behind.
  const hapi = spawn('java', ['-Xmx1500m', '-cp', `${build}/classes:${build}/lib/*`, 'HapiServer'], {
    stdio: 'pipe',
  });
  hapi.stderr.pipe(createWriteStream(log));
  const ended = new Promise<void>((resolve) => hapi.once('close', () => resolve()));
  const stop = async (): Promise<void> => {
    hapi.stdin.end();
    const killing = setTimeout(() => hapi.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(killing);
  };
  const late = setTimeout(() => hapi.kill('SIGKILL'), startMs);
  try {
    for await (const line of createInterface(hapi.stdout)) {
      const url = /^ready at (\S+)$/.exec(line)?.[1];
      if (url !== undefined) return { url, stop };
    }
    throw new Error(`HAPI ended, or was not ready within ${startMs / 1_000} s; see ${log}`);
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(late);
  }
}
