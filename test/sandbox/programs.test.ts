import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closeNow, listenAt } from '../../sandbox/listen.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let temporary: string;

beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
});

afterEach(() => rm(temporary, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of the sandbox; sends it the signal as soon as it has printed the text. */
function run(args: readonly string[], at?: { readonly text: string; readonly signal: NodeJS.Signals }): Promise<Ended> {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { PATH: process.env['PATH'], TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  let told = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (at !== undefined && !told && stdout.includes(at.text)) told = child.kill(at.signal);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** Whether anything still answers at an address. */
const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    () => true,
    () => false,
  );

const addressIn = (text: string, pattern: RegExp): string => pattern.exec(text)?.[1] ?? 'no address';

describe.each(['vendor', 'ehr'])('the program sandbox/%s/main.ts', (side) => {
  const file = `sandbox/${side}/main.ts`;

  it.each(['SIGTERM', 'SIGINT'] as const)('tells its address and ends with exit code 0 on %s', async (signal) => {
    const ended = await run([file, '--port', '0'], { text: 'sandbox/faults', signal });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const address = addressIn(ended.stdout, /(http:\/\/127\.0\.0\.1:\d+)/);
    expect(await answers(address)).toBe(false);
  });

  it('explains its flags', async () => {
    const ended = await run([file, '--help']);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toContain('--seed');
  });

  it.each([[['--prot', '1']], [['--port', 'eighty']]])('refuses %j with exit code 2', async (args) => {
    const ended = await run([file, ...args]);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).not.toMatch(/\n\s+at /);
  });

  it('says so when its port is taken', async () => {
    const taken = createServer();
    const port = await listenAt(taken, { host: '127.0.0.1', port: 0 });
    const ended = await run([file, '--port', String(port)]);
    await closeNow(taken);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toContain('The port is taken');
  });
});

describe('the EHR that is to behave like one of a vendor', () => {
  it('says which there are, and starts as none that there is not, with exit code 2', async () => {
    const ended = await run(['sandbox/ehr/main.ts', '--behave-like', 'nobody']);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain('hapi, medplum, azure, epic, oracle-health, meditech, firely');
  });
});

describe('the demo', () => {
  it(
    'shows a week on its way and a change, ends by itself and leaves nothing behind',
    { timeout: 120_000 },
    async () => {
      const ended = await run(['sandbox/demo.ts', '--once', '--messages-per-day', '60']);
      expect(ended).toMatchObject({ code: 0, stderr: '' });
      expect(ended.stdout).toMatch(/Before .* version 1, status unknown\nAfter .* version 2, status completed/);
      expect(ended.stdout).not.toContain('Not as it should be');
      const lines = ended.stdout.split('\n').filter((line) => line.startsWith('  '));
      const urls = lines.map((line) => addressIn(line, /(http:\/\/127\.0\.0\.1:\d+)/));
      expect(urls.length).toBeGreaterThan(5);
      expect(await Promise.all([...new Set(urls)].map(answers))).toEqual([false, false, false]);
      expect(readdirSync(temporary)).toEqual([]);
    },
  );

  it('ends in order with exit code 0 when it is interrupted', { timeout: 120_000 }, async () => {
    const ended = await run(['sandbox/demo.ts', '--messages-per-day', '60'], {
      text: 'EHR (sandbox)',
      signal: 'SIGINT',
    });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('refuses what it does not know with exit code 2', async () => {
    expect(await run(['sandbox/demo.ts', '--twice'])).toMatchObject({ code: 2, stdout: '' });
  });
});
