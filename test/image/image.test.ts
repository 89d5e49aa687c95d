import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventsIn } from '../support/program.ts';
import { openSandbox, type Sandbox } from '../support/sandbox.ts';
import { dockerAt } from './docker.ts';

const docker = dockerAt(inject('dockerHost'));
const name = `dialog-health-fhir-test-${process.pid}`;
let sandbox: Sandbox;
let secrets: string;

const inspect = (what: string): Promise<string> => docker(['inspect', '--format', `{{${what}}}`, name]);

/** A script run by Node inside the container; what it prints. */
const inside = (script: string): Promise<string> => docker(['exec', name, 'node', '-e', script]);

/** The audit log's events of the name, since the container was made. */
const told = async (what: string) => eventsIn(await docker(['logs', name])).filter(({ event }) => event === what);

/** Waits for what the container does by itself. */
const soon = { timeout: 60_000, interval: 200 };

beforeAll(async () => {
  sandbox = await openSandbox();
  secrets = await mkdtemp(join(tmpdir(), 'dialog-health-fhir-secrets-'));
  const passwordFile = join(secrets, 'dialog-health');
  await writeFile(passwordFile, `${sandbox.password}\n`);
  // The container's user is another one than ours.
  await chmod(secrets, 0o755);
  await docker(['volume', 'create', name]);
  const environment: Readonly<Record<string, string>> = {
    ...sandbox.environment,
    DIALOG_HEALTH_PASSWORD_FILE: '/run/secrets/dialog-health',
    HOST: '127.0.0.1',
    PORT: String(await freePort()),
  };
  const confined = '--read-only --cap-drop ALL --security-opt no-new-privileges --network host';
  await docker([
    ...`run --detach --name ${name} ${confined} --stop-timeout 30 --health-interval 1s`.split(' '),
    '--volume',
    `${name}:/data`,
    '--volume',
    `${passwordFile}:/run/secrets/dialog-health:ro`,
    ...Object.entries(environment).flatMap(([variable, value]) => ['--env', `${variable}=${value}`]),
    inject('image'),
  ]);
});

afterAll(async () => {
  await docker(['rm', '--force', '--volumes', name]);
  await docker(['volume', 'rm', '--force', name]);
  await sandbox.close();
  await rm(secrets, { recursive: true, force: true });
});

// The life of one container, in its order.
describe('the container, read-only and without privileges, configured by variables and a secret file alone', () => {
  it('becomes healthy', async () => {
    await expect.poll(() => inspect('.State.Health.Status'), soon).toBe('healthy');
  });

  it('delivers what the vendor has to the EHR', async () => {
    await expect.poll(() => told('run_finished'), soon).toMatchObject([{ state: 'done', added: 6, delivered: 6 }]);
    expect(sandbox.communications()).toBe(6);
  });

  it('runs as the user node, with no capability and no way to get one', async () => {
    const status = readFileSync(`/proc/${await inspect('.State.Pid')}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\t1000\t1000\t1000\t1000$/m);
    expect(status).toMatch(/^Gid:\t1000\t1000\t1000\t1000$/m);
    expect(status).toMatch(/^CapPrm:\t0+$/m);
    expect(status).toMatch(/^CapBnd:\t0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
  });

  it('keeps its ledger in /data for its own eyes only, and writes nowhere else', async () => {
    const modes = await inside(`
      for (const each of ['/data', '/data/ledger.db', '/data/ledger.db-wal'])
        console.log((fs.statSync(each).mode & 0o777).toString(8));
    `);
    expect(modes.split('\n')).toEqual(['700', '600', '600']);
    const denied = await inside(`try { fs.writeFileSync('/app/x', '') } catch ({ code }) { console.log(code) }`);
    expect(denied).toBe('EROFS');
    expect(await inside(`console.log(fs.readdirSync('/dev/shm').length)`)).toBe('0');
  });

  it('knows after a restart what it has delivered, and delivers nothing new', async () => {
    const writes = sandbox.writes();
    await docker(['restart', name]);
    const nothingNew = { state: 'done', read: 6, added: 0, changed: 0, delivered: 0 };
    await expect.poll(() => told('run_finished'), soon).toMatchObject([{ delivered: 6 }, nothingNew]);
    expect(sandbox.writes()).toBe(writes);
  });

  it('ends in order on SIGTERM, with exit code 0', async () => {
    await docker(['stop', name]);
    expect(await inspect('.State.ExitCode')).toBe('0');
    expect((await told('service_stopped')).at(-1)).toMatchObject({ exitCode: 0 });
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
