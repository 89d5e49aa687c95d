import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RunReport, StatusReport } from '../../src/exchange/reports.ts';
import { bothSides, login, type BothSides, type BothSidesOptions } from '../support/both-sides.ts';
import { startListener, type Listener } from '../support/listener.ts';
import { pickUpFrom, type PickUp } from '../support/pick-up.ts';
import { runProgram, startProgram, type Ended } from '../support/program.ts';

interface Between {
  readonly sides: BothSides;
  readonly engine: Pick<PickUp, 'held' | 'pickUp'>;
}

async function opened(
  destination: Readonly<Record<string, string>>,
  options: BothSidesOptions = {},
): Promise<BothSides> {
  const sides = await bothSides({ ...options, destination });
  onTestFinished(() => sides.close());
  return sides;
}

async function withFolder(options: BothSidesOptions = {}): Promise<Between & { engine: PickUp; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'outbox-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const sides = await opened({ kind: 'bundle-files', folder }, options);
  return { sides, engine: pickUpFrom(folder), folder };
}

async function withListener(options: BothSidesOptions = {}): Promise<Between & { listener: Listener }> {
  const listener = await startListener();
  onTestFinished(() => listener.close());
  const sides = await opened({ kind: 'bundle-http', url: listener.url }, options);
  return { sides, listener, engine: { held: () => listener.held(), pickUp: () => {} } };
}

const kinds: readonly (readonly [string, (options?: BothSidesOptions) => Promise<Between>])[] = [
  ['bundle-files', withFolder],
  ['bundle-http', withListener],
];

const command = ({ configFile }: BothSides, ...args: readonly string[]): Promise<Ended> =>
  runProgram([...args, '--config', configFile]);

const run = async (sides: BothSides): Promise<RunReport> => {
  const ended = await command(sides, 'run', '--json');
  expect(ended.stderr).not.toContain('Error');
  return JSON.parse(ended.stdout) as RunReport;
};

describe.each(kinds)('the program with %s', (kind, open) => {
  it('hands each message to the engine once, and a changed status as the same Communication', async () => {
    const { sides, engine } = await open();
    expect(await run(sides)).toMatchObject({ state: 'done', delivery: { delivered: 6, pending: 0, rejected: 0 } });
    engine.pickUp();
    expect(engine.held().map(({ version }) => version)).toEqual(Array(6).fill('1'));
    expect(await run(sides)).toMatchObject({ delivery: { delivered: 0 } });
    sides.changeRow(0, { delivered: 'true', messageStatus: 'DELIVERED' });
    expect(await run(sides)).toMatchObject({ delivery: { delivered: 1 } });
    engine.pickUp();
    const held = engine.held();
    expect(held.map(({ version }) => version).toSorted()).toEqual(['1', '1', '1', '1', '1', '2']);
    expect(held.filter(({ resource }) => resource.status === 'completed')).toHaveLength(1);
    expect(sides.communications()).toEqual([]);
  });

  it('serves, and tells in its status how it writes and why', async () => {
    const { sides, engine } = await open();
    const program = startProgram(['serve', '--config', sides.configFile]);
    onTestFinished(async () => {
      program.child.kill('SIGKILL');
      await program.ended;
    });
    await program.event('run_finished');
    const answer = await fetch(`http://127.0.0.1:${sides.httpPort}/status`, { headers: { authorization: login } });
    const { destinations } = (await answer.json()) as StatusReport;
    expect(destinations).toMatchObject([
      { name: kind, state: 'ready', write: 'put-by-id', bundle: 'batch', dialect: 'r4', delivered: 6, pending: 0 },
    ]);
    expect(destinations[0]?.why).toContain('cannot be told from here');
    engine.pickUp();
    expect(engine.held()).toHaveLength(6);
    program.child.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ code: 0 });
  });

  it('checks that it can be written to without writing', async () => {
    const { sides, engine } = await open();
    const ended = await command(sides, 'check');
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.stdout).toMatch(/(?:folder|listener): writes by put-by-id, Bundles: batch\. Each Bundle/);
    engine.pickUp();
    expect(engine.held()).toEqual([]);
  });

  it('previews what would be written, and says that the chart cannot be compared', async () => {
    const { sides, engine } = await open();
    const ended = await command(sides, 'preview');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toContain('the chart cannot be compared');
    expect(ended.stdout).toContain('payload');
    engine.pickUp();
    expect(engine.held()).toEqual([]);
  });

  it('reconciles vendor and ledger, and says that the chart cannot be compared', async () => {
    const { sides } = await open();
    await run(sides);
    const range = ['--from', new Date(Date.now() - 86_400_000).toISOString(), '--to', new Date().toISOString()];
    const agreeing = await command(sides, 'reconcile', ...range);
    expect(agreeing.stdout).toContain('the chart cannot be compared; only vendor and ledger are.');
    expect(agreeing.stdout).toContain('in agreement');
    expect(agreeing.code).toBe(0);
    sides.changeRow(0, { delivered: 'true', messageStatus: 'DELIVERED' });
    const differing = await command(sides, 'reconcile', ...range);
    expect(differing.stdout).toContain('1 changed at the vendor');
    expect(differing.code).toBe(3);
  });

  it('sends a message again when somebody asks for it, and it is the same to the engine', async () => {
    const { sides, engine } = await open();
    await run(sides);
    engine.pickUp();
    const before = engine.held();
    const range = ['--from', new Date(Date.now() - 86_400_000).toISOString(), '--to', new Date().toISOString()];
    await command(sides, 'resend', ...range);
    await run(sides);
    engine.pickUp();
    expect(engine.held()).toEqual(before);
  });
});

describe('an engine that is away', () => {
  it('as a folder that is not there holds messages until it is, and reading goes on', async () => {
    const { sides, folder, engine } = await withFolder();
    rmSync(folder, { recursive: true });
    expect(await run(sides)).toMatchObject({
      sources: [{ new: 6 }],
      delivery: { delivered: 0, pending: 6, problems: { 'folder-missing': 1 } },
    });
    const check = await command(sides, 'check');
    expect(check.code).not.toBe(0);
    expect(check.stdout + check.stderr).toContain(folder);
    mkdirSync(folder);
    expect(await run(sides)).toMatchObject({ delivery: { delivered: 6, pending: 0 } });
    engine.pickUp();
    expect(engine.held()).toHaveLength(6);
  });

  it('as a listener that is down holds messages until it is back, and reading goes on', async () => {
    const { sides, listener } = await withListener();
    await listener.close();
    expect(await run(sides)).toMatchObject({
      sources: [{ new: 6 }],
      delivery: { delivered: 0, pending: 6, problems: { 'ehr-unreachable': 1 } },
    });
  });
});

describe('a service that is killed', () => {
  const entry = ['test/support/crashing-main.ts'];
  const killedAt = ({ configFile }: BothSides, point: string, nth: number): Promise<Ended> =>
    runProgram([point, String(nth), 'run', '--json', '--config', configFile], { entry });

  it.each(['claimed', 'file-begun', 'file-synced', 'file-named', 'sent', 'settled'])(
    'with bundle-files when it has reached "%s" loses nothing, doubles nothing and leaves nothing unfinished',
    async (point) => {
      const { sides, engine, folder } = await withFolder();
      expect(await killedAt(sides, point, 1)).toMatchObject({ signal: 'SIGKILL' });
      expect(await killedAt(sides, 'none', 1)).toMatchObject({ code: 0 });
      expect(engine.files()).toHaveLength(1);
      expect(readdirSync(folder)).toEqual(engine.files());
      engine.pickUp();
      expect(engine.held().map(({ version }) => version)).toEqual(Array(6).fill('1'));
    },
  );

  it.each(kinds)(
    'with %s at every point that it ever reaches loses nothing and doubles nothing',
    async (_kind, open) => {
      const { sides, engine } = await open({ maxEntries: 3 });
      let deaths = 0;
      let ended: Ended;
      do {
        ended = await killedAt(sides, 'any', deaths + 1);
        if (ended.signal === 'SIGKILL') deaths += 1;
        // Sometimes it comes by before the next start, sometimes after.
        if (deaths % 3 === 0) engine.pickUp();
      } while (ended.signal === 'SIGKILL' && deaths < 60);
      expect(ended).toMatchObject({ code: 0 });
      expect(deaths).toBeGreaterThan(5);
      engine.pickUp();
      expect(engine.held().map(({ version }) => version)).toEqual(Array(6).fill('1'));
    },
    // A process for each death.
    120_000,
  );
});
