import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, globSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);
const oldestJava = 17;
/** On two busy cores; 30 s are usual. */
const startMs = 180_000;

/** A program in Java that these tests need: a Maven project whose main class prints "ready at URL". */
export interface JavaProgram {
  /** Names its folder in the cache, and it in messages. */
  readonly name: string;
  /** The folder with its pom.xml. */
  readonly home: string;
  readonly main: string;
  readonly arguments?: readonly string[];
  /** As `java -Xmx` has it. */
  readonly memory: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface JavaServer {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** Builds the program once per version of its sources, and starts it. */
export async function startJava(program: JavaProgram): Promise<JavaServer> {
  await needJavaAndMaven(program);
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), `dialog-health-fhir-${program.name}`);
  return started(program, await built(program, cache), join(cache, `${program.name}.log`));
}

async function needJavaAndMaven({ name }: JavaProgram): Promise<void> {
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
    `The tests with ${name} need Java ${oldestJava} or newer and Maven: apt-get install -y --no-install-recommends default-jdk-headless maven`,
  );
}

/** The folder with classes and libraries. The first time Maven brings some 300 MB from Maven Central. */
async function built({ home }: JavaProgram, cache: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of globSync(['pom.xml', 'src/**/*.*'], { cwd: home }).toSorted()) {
    hash.update(await readFile(join(home, file)));
  }
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

async function started(program: JavaProgram, build: string, log: string): Promise<JavaServer> {
  const { name, main, memory, environment = {}, arguments: args = [] } = program;
  // It ends when its standard input does: even a kill of the tests leaves no process behind.
  const java = spawn('java', [`-Xmx${memory}`, '-cp', `${build}/classes:${build}/lib/*`, main, ...args], {
    stdio: 'pipe',
    env: { ...process.env, ...environment },
  });
  java.stderr.pipe(createWriteStream(log));
  const ended = new Promise<void>((resolve) => java.once('close', () => resolve()));
  const stop = async (): Promise<void> => {
    java.stdin.end();
    const killing = setTimeout(() => java.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(killing);
  };
  const late = setTimeout(() => java.kill('SIGKILL'), startMs);
  try {
    for await (const line of createInterface(java.stdout)) {
      const url = /^ready at (\S+)$/.exec(line)?.[1];
      if (url !== undefined) return { url, stop };
    }
    throw new Error(`${name} ended, or was not ready within ${startMs / 1_000} s; see ${log}`);
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(late);
  }
}
