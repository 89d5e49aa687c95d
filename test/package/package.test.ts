import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bundle } from 'fhir/r4.js';
import { afterAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { openSandbox } from '../support/sandbox.ts';

const sample = fileURLToPath(new URL('../fixtures/sample-response.json', import.meta.url));
const manifest: { version: string } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const command = join(inject('installed'), 'node_modules/.bin/dialog-health-fhir');
/** Where the command is called: nothing of the checkout is near. */
const elsewhere = mkdtempSync(join(tmpdir(), 'dialog-health-fhir-elsewhere-'));

afterAll(() => rmSync(elsewhere, { recursive: true }));

interface Ended {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

interface CallOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The folder of the Node it is called under. */
  readonly node?: string;
}

/** The installed command. */
function call(args: readonly string[], options: CallOptions = {}): Promise<Ended> {
  const { node = dirname(process.execPath) } = options;
  const env = { ...options.env, PATH: [node, '/usr/bin', '/bin'].join(delimiter) };
  return new Promise((resolve) => {
    execFile(command, args, { cwd: elsewhere, env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

describe('the npm package', () => {
  it('brings the program, its mappings and settings, and neither sources, tests nor sandbox', () => {
    const program = ['bin', 'config', 'dist', 'fhir', 'mappings', 'openapi.yaml', 'package.json'];
    const papers = ['CHANGELOG.md', 'LICENSE', 'README.md'];
    const packed = new Set(inject('packed').map((path) => path.split('/', 1).join()));
    expect(packed).toEqual(new Set([...program, ...papers]));
  });

  it('gives a command that tells its version under Node 24', async () => {
    expect(await call(['--version'])).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' });
  });

  it('translates a vendor answer without any configuration', async () => {
    const translated = await call(['translate', sample]);
    expect(translated).toMatchObject({ code: 0, stderr: '' });
    const bundle: Bundle = JSON.parse(translated.stdout);
    expect(bundle).toMatchObject({ resourceType: 'Bundle', type: 'batch' });
    expect(bundle.entry).toHaveLength(6);
  });

  it('runs with its production dependencies alone, its ledger where it is called', async () => {
    const sandbox = await openSandbox();
    onTestFinished(sandbox.close);
    const env = { ...sandbox.environment, DIALOG_HEALTH_PASSWORD: sandbox.password };
    const ended = await call(['run', '--json'], { env });
    expect(ended).toMatchObject({ code: 0 });
    expect(JSON.parse(ended.stdout)).toMatchObject({ state: 'done', delivery: { delivered: 6 } });
    expect(sandbox.communications()).toBe(6);
    expect(existsSync(join(elsewhere, 'data/ledger.db'))).toBe(true);
  });

  it('finds its default configuration, and says what the environment lacks', async () => {
    const lacking = await call(['check']);
    expect(lacking).toMatchObject({ code: 2, stdout: '' });
    expect(lacking.stderr).toContain('DIALOG_HEALTH_URL');
  });
});

const older = await olderNode();

describe.skipIf(older === undefined)('the npm package under a Node older than 24', () => {
  it('says in one line which Node it needs, and ends with exit code 2', async () => {
    const refused = await call(['--version'], older);
    expect(refused).toEqual({ code: 2, stdout: '', stderr: `Node 24 is needed, this is ${older?.version}\n` });
  });
});

/** The machine's own Node, where there is one and it is older: npm put this project's before it. */
async function olderNode(): Promise<{ node: string; version: string } | undefined> {
  for (const node of (process.env['PATH'] ?? '').split(delimiter)) {
    if (!existsSync(join(node, 'node'))) continue;
    const version = await new Promise<string>((resolve) => {
      execFile(join(node, 'node'), ['--version'], (_error, stdout) => resolve(stdout.trim()));
    });
    if (Number(/^v(\d+)/.exec(version)?.[1]) < 24) return { node, version };
  }
  return undefined;
}
