import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunReport, StatusReport } from '../../src/exchange/reports.ts';
import { bothSides, login, type BothSides } from '../support/both-sides.ts';
import { runProgram, startProgram, type Running } from '../support/program.ts';

let sides: BothSides;
let program: Running | undefined;

beforeEach(async () => {
  sides = await bothSides();
});

afterEach(async () => {
  program?.child.kill('SIGKILL');
  await program?.ended;
  program = undefined;
  await sides.close();
});

async function serve(): Promise<Running> {
  program = startProgram(['serve', '--config', sides.configFile]);
  await program.event('run_finished');
  return program;
}

async function ask<Answer>(path: string, init: RequestInit = {}): Promise<{ status: number; body: Answer }> {
  const headers = { authorization: login, 'content-type': 'application/json' };
  const response = await fetch(`http://127.0.0.1:${sides.httpPort}${path}`, { ...init, headers });
  return { status: response.status, body: (await response.json()) as Answer };
}

const startRun = (): Promise<{ status: number; body: { id: string; runId: string } }> =>
  ask('/runs', { method: 'POST', body: '{}' });

async function finished(id: string): Promise<RunReport> {
  for (;;) {
    const { body } = await ask<RunReport>(`/runs/${id}`);
    if (body.state !== 'running') return body;
    await pause(20);
  }
}

describe('a service that runs', () => {
  it('reads and delivers when it starts, and shows it', async () => {
    await serve();
    const { body } = await ask<StatusReport>('/status');
    expect(body.sources).toMatchObject([{ name: 'main-clinic', state: 'idle', lastRun: { state: 'done' } }]);
    expect(body.destinations).toMatchObject([{ state: 'ready', write: 'put-by-id', delivered: 6, pending: 0 }]);
    expect(Date.parse(body.sources[0]?.nextRunAt ?? '')).toBeGreaterThan(Date.now());
    const records = await ask<{ items: unknown[] }>('/records?state=delivered');
    expect(records.body.items).toHaveLength(6);
    const windows = await ask<{ items: unknown[] }>('/windows');
    expect(windows.body.items[0]).toMatchObject({ state: 'complete' });
    expect(sides.communications()).toHaveLength(6);
  });

  it('runs when it is asked over HTTP, and reports the run under its address', async () => {
    await serve();
    sides.changeRow(0, { delivered: 'true' });
    const started = await startRun();
    expect(started.status).toBe(202);
    expect(await finished(started.body.id)).toMatchObject({
      trigger: 'api',
      state: 'done',
      sources: [{ changed: 1 }],
      delivery: { delivered: 1 },
    });
  });

  it('refuses a second run with the id of the first', async () => {
    await serve();
    sides.vendorAnswersNextWith('drip', 20);
    const first = await startRun();
    const second = await startRun();
    expect(second).toMatchObject({ status: 409, body: { code: 'already-running', runId: first.body.id } });
    await finished(first.body.id);
  });

  it('keeps others from its ledger: a run beside it ends with exit code 4 and says what to do', async () => {
    await serve();
    const beside = await runProgram(['run', '--config', sides.configFile]);
    expect(beside.code).toBe(4);
    expect(beside.stderr).toContain('POST /runs');
    const status = await runProgram(['status', '--config', sides.configFile]);
    expect(status).toMatchObject({ code: 0, stderr: '' });
    expect(status.stdout).toContain('6 delivered');
  });

  it('ends on SIGTERM with exit code 0 while it reads, and the next start reads the window again', async () => {
    const running = await serve();
    sides.changeRow(0, { delivered: 'true' });
    sides.vendorAnswersNextWith('drip', 20);
    await startRun();
    await pause(200);
    const asked = Date.now();
    running.child.kill('SIGTERM');
    expect(await running.ended).toMatchObject({ code: 0, stderr: '' });
    expect(Date.now() - asked).toBeLessThan(25_000);
    await serve();
    const { body } = await ask<StatusReport>('/status');
    expect(body.destinations).toMatchObject([{ delivered: 6, pending: 0 }]);
    expect(sides.communications().filter(({ status }) => status === 'completed')).toHaveLength(1);
  });

  it('starts at once after it was killed, and marks the run that was cut off as failed', async () => {
    const running = await serve();
    sides.vendorAnswersNextWith('drip', 20);
    const cut = await startRun();
    await pause(100);
    running.child.kill('SIGKILL');
    await running.ended;
    await serve();
    expect((await ask<RunReport>(`/runs/${cut.body.id}`)).body.state).toBe('failed');
    expect(sides.communications()).toHaveLength(6);
  });

  it('refuses to start for an EHR that can only be read, and says what it lacks', async () => {
    const reading = ['read', 'search-type'] as const;
    await sides.startEhr({ interactions: { Communication: reading, Patient: reading } });
    const ended = await runProgram(['serve', '--config', sides.configFile]);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain('Its Communication lacks create.');
    expect(ended.stderr).toContain('bundle-files or bundle-http');
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });

  it('refuses another canonical base on the same ledger', async () => {
    await runProgram(['run', '--config', sides.configFile]);
    const env = { CANONICAL_BASE: 'https://other.example-health.org' };
    const ended = await runProgram(['run', '--config', sides.configFile], { env });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain('mapping.canonicalBase is https://other.example-health.org');
  });

  it('says in one line that its port is taken', async () => {
    await serve();
    const env = { LEDGER_URL: `sqlite:${sides.ledgerFolder}/another.db` };
    const ended = await runProgram(['serve', '--config', sides.configFile], { env });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/^http: 127\.0\.0\.1, port \d+, is taken by another program\..*\n$/);
  });
});
