import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { dockerAt } from './docker.ts';

const run = promisify(execFile);

export interface Engine {
  /** As in DOCKER_HOST. */
  readonly host: string;
  readonly close: () => Promise<void>;
}

/** The machine's own Docker engine; where there is none, one of these tests' own, gone with all it made at the end. */
export async function findOrStartEngine(): Promise<Engine> {
  const host = process.env['DOCKER_HOST'] || 'unix:///var/run/docker.sock';
  if (await answers(host)) return { host, close: () => Promise.resolve() };
  if (process.getuid?.() !== 0) {
    throw new Error('The image tests need a Docker engine (DOCKER_HOST), or root to start one of their own.');
  }
  await installMissing();
  return startEngine();
}

const answers = (host: string): Promise<boolean> =>
  dockerAt(host)(['version'], { timeoutMs: 10_000 }).then(
    () => true,
    () => false,
  );

/** Debian's packages that bring what is missing; nothing is touched where nothing is. */
async function installMissing(): Promise<void> {
  const brings = { dockerd: 'docker.io', docker: 'docker.io', iptables: 'iptables', mmdebstrap: 'mmdebstrap' };
  const missing = new Set<string>();
  for (const [program, name] of Object.entries(brings)) {
    const found = await run('sh', ['-c', `command -v ${program}`]).catch(() => undefined);
    if (found === undefined) missing.add(name);
  }
  if (missing.size === 0) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-qq'], { env });
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], { env });
}

/** No bridge and no firewall rules: containers use the host's network, and the machine stays as it is. */
async function startEngine(): Promise<Engine> {
  const home = await mkdtemp(join(tmpdir(), 'dialog-health-fhir-engine-'));
  const host = `unix://${home}/engine.sock`;
  const log = join(home, 'engine.log');
  const output = openSync(log, 'w');
  const folders = ['--data-root', `${home}/data`, '--exec-root', `${home}/exec`, '-p', `${home}/pid`];
  const engine = spawn('dockerd', [...folders, '-H', host, '--bridge=none', '--iptables=false', '--ip6tables=false'], {
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const ended = new Promise<void>((resolve) => {
    engine.once('error', () => resolve());
    engine.once('close', () => resolve());
  });
  const close = async (): Promise<void> => {
    engine.kill('SIGTERM');
    await ended;
    await unmountAllBelow(home);
    await rm(home, { recursive: true, force: true });
  };
  for (let tries = 0; engine.exitCode === null && tries < 60; tries += 1) {
    if (await answers(host)) return { host, close };
    await Promise.race([sleep(500), ended]);
  }
  const told = (await readFile(log, 'utf8')).trim().split('\n').slice(-3).join('\n');
  await close();
  throw new Error(`No Docker engine could be started:\n${told}`);
}

/** An engine that ended leaves the network namespace it lent to containers mounted, and a killed one more. */
async function unmountAllBelow(folder: string): Promise<void> {
  const mounted = (await readFile('/proc/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '');
  for (const place of mounted.filter((each) => each.startsWith(`${folder}/`)).toReversed())
    await run('umount', [place]);
}
