import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chownSync, globSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Client } from 'pg';
/** PostgreSQL does not run as root. */
const nobody = 65_534;
const startTimeoutMs = 30_000;

export interface PostgresServer {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/**
 * Starts the newest server that is installed, in a folder of its own.
 * @param port of the loopback, for those who cannot ask by a socket in a folder, as Java cannot; else no port is taken
 */
export async function startPostgres(port?: number): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'postgres-'));
  const server = start(newestServer(), folder, port);
  const stop = async (): Promise<void> => {
    await ended(server);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const url = `postgres://tester@localhost/postgres?host=${encodeURIComponent(folder)}&port=${port ?? 5432}`;
    await answers(server, url);
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The folder of the newest server's programs, where Debian and Ubuntu keep them. */
function newestServer(): string {
  const newest = globSync('/usr/lib/postgresql/*/bin/postgres').toSorted((a, b) => versionOf(b) - versionOf(a))[0];
  if (newest !== undefined) return dirname(newest);
  throw new Error(
    'These tests need PostgreSQL: apt-get install -y --no-install-recommends postgresql, or set TEST_DATABASE_URL.',
  );
}

const versionOf = (program: string): number => Number(/postgresql\/(\d+)/.exec(program)?.[1]);

/** Ends the server when its own standard input ends: also when the tests were killed. */
const untilInputEnds = '"$@" & read -r line; kill -INT $!; wait $!';

/** Reached by a socket in its folder, so that nobody else gets in. */
function start(programs: string, folder: string, port: number | undefined): ChildProcess {
  const data = join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  const as = process.geteuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
  if ('uid' in as) for (const path of [folder, data]) chownSync(path, nobody, nobody);
  const made = spawnSync(
    join(programs, 'initdb'),
    ['--pgdata', data, '--username=tester', '--auth=trust', '--encoding=UTF8', '--no-locale', '--no-sync'],
    { ...as, cwd: folder, encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  // The folder does not outlive the tests: nothing needs to reach the disk.
  const listens =
    port === undefined ? ['-c', 'listen_addresses='] : ['-c', 'listen_addresses=127.0.0.1', '-p', `${port}`];
  const settings = [...listens, '-c', 'max_connections=50', '-c', 'fsync=off'];
  const server = [join(programs, 'postgres'), '-D', data, '-k', folder, ...settings];
  return spawn('sh', ['-c', untilInputEnds, 'sh', ...server], {
    ...as,
    cwd: folder,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
}

async function answers(server: ChildProcess, url: string): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    const client = new Client(url);
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (server.exitCode !== null || Date.now() > deadline) throw error;
      await setTimeout(50);
    }
  }
}

async function ended(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exit = new Promise((resolve) => server.once('exit', resolve));
  server.stdin?.end();
  await exit;
}
