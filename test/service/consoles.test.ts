import { afterEach, describe, expect, it } from 'vitest';
import { floorToGrain, hourMs, minuteMs } from '../../src/exchange/window.ts';
import type { SourceStatus, StatusReport } from '../../src/exchange/reports.ts';
import { login } from '../support/both-sides.ts';
import { openConsoles, rowSent, type Consoles } from '../support/consoles.ts';
import { eventsIn, startProgram, type Running } from '../support/program.ts';

const everySecond = { schedule: '* * * * * *', requestsPerHour: 50_000 };
const now = floorToGrain(Date.now());
let place: Consoles;
let program: Running | undefined;

afterEach(async () => {
  program?.child.kill('SIGKILL');
  await program?.ended;
  await place.close();
});

const rowsOf = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => rowSent(`${name}-${index}`, now - (10 + index) * minuteMs));

function serve(): Running {
  program = startProgram(['serve', '--config', place.configFile]);
  return program;
}

async function ask(path: string, body?: object): Promise<unknown> {
  const headers = { authorization: login, 'content-type': 'application/json' };
  const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
  return (await fetch(`http://127.0.0.1:${place.httpPort}${path}`, init)).json();
}

async function statusOf(name: string): Promise<SourceStatus> {
  const { sources } = (await ask('/status')) as StatusReport;
  const source = sources.find((each) => each.name === name);
  if (source === undefined) throw new Error(`the status has no ${name}`);
  return source;
}

const runsOf = (running: Running, name: string) =>
  eventsIn(running.stdout()).filter(({ event, sources }) => event === 'run_started' && String(sources) === name);

describe('two consoles in one process', () => {
  it('go on one without the other: one that hangs delays neither the runs nor the deliveries of the other', async () => {
    place = await openConsoles(
      { name: 'HANGS1', settings: { ...everySecond, timeout: '1h' } },
      { name: 'NORTH1', rows: rowsOf('north', 3), settings: { ...everySecond } },
    );
    place.vendor('HANGS1').faults.add({ fault: 'silent', times: 1_000 });
    const running = serve();
    await expect.poll(() => place.communications(), { timeout: 20_000 }).toBe(3);
    // What is new is read and delivered by the schedule, time after time.
    const runs = runsOf(running, 'NORTH1').length;
    place.vendor('NORTH1').messages.put(rowSent('north-new', now - 5 * minuteMs));
    await expect.poll(() => place.communications(), { timeout: 20_000 }).toBe(4);
    expect(runsOf(running, 'NORTH1').length).toBeGreaterThan(runs);
    expect(runsOf(running, 'HANGS1')).toHaveLength(1);
    expect(place.vendor('HANGS1').requests.length).toBeLessThanOrEqual(1);
    expect(await statusOf('HANGS1')).toMatchObject({ state: 'running', coveredUntil: null });
    expect(Date.parse((await statusOf('NORTH1')).coveredUntil ?? '')).toBeGreaterThan(now - 10 * minuteMs);
  }, 60_000);

  it('are read on in their own schedules after a run over both that hangs at one', async () => {
    place = await openConsoles(
      { name: 'HANGS1', settings: { timeout: '1h' } },
      { name: 'NORTH1', settings: { ...everySecond } },
    );
    const running = serve();
    await expect
      .poll(async () => (await statusOf('HANGS1').catch(() => undefined))?.lastRun?.state, { timeout: 20_000 })
      .toBe('done');
    place.vendor('HANGS1').faults.add({ fault: 'silent', times: 1_000 });
    // The schedule of the other leaves few moments between its runs.
    await expect.poll(async () => Object(await ask('/runs', {})).id as unknown, { timeout: 20_000 }).toBeDefined();
    const runs = runsOf(running, 'NORTH1').length;
    place.vendor('NORTH1').messages.put(rowSent('north-new', now - 5 * minuteMs));
    await expect.poll(() => place.communications(), { timeout: 20_000 }).toBe(1);
    await expect.poll(() => runsOf(running, 'NORTH1').length, { timeout: 20_000 }).toBeGreaterThan(runs);
    expect(await statusOf('HANGS1')).toMatchObject({ state: 'running' });
  }, 60_000);

  it('each have a schedule, a budget, a coverage and a backfill of their own', async () => {
    const startAt = new Date(now - 2 * hourMs).toISOString();
    place = await openConsoles(
      { name: 'MAIN01', rows: rowsOf('main', 2), settings: { requestsPerHour: 100 } },
      { name: 'NORTH1', rows: rowsOf('north', 5), settings: { requestsPerHour: 7, startAt, schedule: '0 0 2 1 *' } },
    );
    place.vendor('NORTH1').faults.add({ fault: 'unauthorized', times: 1_000 });
    serve();
    await expect.poll(() => place.communications(), { timeout: 20_000 }).toBe(2);
    await expect
      .poll(async () => (await statusOf('NORTH1').catch(() => undefined))?.state, { timeout: 20_000 })
      .toBe('stopped');
    const from = new Date(now - 20 * 24 * hourMs).toISOString();
    const to = new Date(now - 10 * 24 * hourMs).toISOString();
    expect(await ask('/backfills', { from, to })).toMatchObject({
      code: 'unknown-source',
      known: ['MAIN01', 'NORTH1'],
    });
    await ask('/backfills', { source: 'MAIN01', from, to });
    await ask('/backfills', { source: 'NORTH1', from, to });
    await expect.poll(async () => (await statusOf('MAIN01')).backfills, { timeout: 20_000 }).toEqual([]);
    const [main, north] = [await statusOf('MAIN01'), await statusOf('NORTH1')];
    expect(main).toMatchObject({ state: 'idle', budget: { requestsPerHour: 100 }, code: null });
    expect(main.budget.usedLastHour).toBe(place.vendor('MAIN01').requests.length);
    expect(main.coveredUntil).not.toBeNull();
    expect(main.clockOffsetSeconds).not.toBeNull();
    expect(north).toMatchObject({
      state: 'stopped',
      code: 'source-unauthorized',
      coveredUntil: null,
      clockOffsetSeconds: null,
      budget: { requestsPerHour: 7, usedLastHour: 1 },
      backfills: [{ state: 'running', windows: 0 }],
    });
    expect(main.nextRunAt).not.toBe(north.nextRunAt);
  }, 60_000);
});
