import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { dayMs, floorToGrain, hourMs, isoInstant, minuteMs } from '../../src/exchange/window.ts';
import type { BackfillView, RecordView, RunReport, SourceStatus, StatusReport } from '../../src/exchange/reports.ts';
import type { WindowPage } from '../../src/http/operations.ts';
import { login } from '../support/both-sides.ts';
import { openConsoles, rowSent, type ConsoleOptions, type Consoles } from '../support/consoles.ts';
import { eventsIn, runProgram, startProgram, type Ended, type Running } from '../support/program.ts';

const name = 'MAIN01';
const today = floorToGrain(Date.now());
/** Long ago, one each day. */
const past = { from: today - 30 * dayMs, to: today - 9 * dayMs };
const pastRows = Array.from({ length: 21 }, (_, day) => rowSent(`past-${day}`, past.from + day * dayMs + hourMs));
const asPast = ['--from', isoInstant(past.from), '--to', isoInstant(past.to)];
// The real program, several times in a test.
vi.setConfig({ testTimeout: 120_000 });

let place: Consoles;
let program: Running | undefined;

async function open(options: Partial<ConsoleOptions> = {}): Promise<void> {
  place = await openConsoles({ name, ...options });
}

afterEach(async () => {
  program?.child.kill('SIGKILL');
  await program?.ended;
  program = undefined;
  await place.close();
});

const call = (...args: readonly string[]): Promise<Ended> => runProgram([...args, '--config', place.configFile]);
const parsed = <Answer>({ stdout }: Ended): Answer => JSON.parse(stdout) as Answer;

async function serve(): Promise<void> {
  program = startProgram(['serve', '--config', place.configFile]);
  await program.event('run_finished');
}

async function ask<Answer>(
  path: string,
  init: RequestInit = {},
): Promise<{ readonly status: number; readonly body: Answer }> {
  const headers = { authorization: login, ...(init.body === undefined ? {} : { 'content-type': 'application/json' }) };
  const response = await fetch(`http://127.0.0.1:${place.httpPort}${path}`, { ...init, headers });
  return { status: response.status, body: (await response.json()) as Answer };
}

const post = <Answer>(path: string, body?: object) =>
  ask<Answer>(path, { method: 'POST', ...(body === undefined ? {} : { body: JSON.stringify(body) }) });

async function sourceStatus(): Promise<SourceStatus> {
  const [source] = (await ask<StatusReport>('/status')).body.sources;
  if (source === undefined) throw new Error('the status has no source');
  return source;
}

async function until<Found>(look: () => Promise<Found | undefined>): Promise<Found> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await pause(50);
  }
}

describe('a window that stays stuck', () => {
  /** The vendor fails on whatever holds this moment; with the grain on both sides, and bounds that belong to it: four minutes. */
  const broken = today - 5 * hourMs;
  const stuck = { from: isoInstant(broken - 2 * minuteMs), to: isoInstant(broken + 2 * minuteMs) };
  const around = ['--source', name, '--from', isoInstant(broken - hourMs), '--to', isoInstant(broken + hourMs)];

  async function getStuck(): Promise<void> {
    await open({ rows: [rowSent('recent', today - hourMs)] });
    place.vendor(name).faults.add({ fault: 'too-large', times: 1e6, at: isoInstant(broken) });
    await call('run');
    await call('run');
  }

  it('is told by status and windows, and holds the coverage back until somebody gives it up', async () => {
    await getStuck();
    const status = parsed<StatusReport>(await call('status', '--json')).sources[0];
    expect(status).toMatchObject({
      coveredUntil: stuck.from,
      unread: { queued: 0, stuck: 4, stuckRanges: [{ ...stuck, tier: 'tail', code: 'source-too-large' }] },
    });
    expect((await call('status')).stdout).toContain(`    ${stuck.from} to ${stuck.to} (tail): source-too-large`);
    const { items, unread } = parsed<WindowPage>(await call('windows', '--stuck', '--json'));
    expect(items).toEqual([]);
    expect(unread).toHaveLength(4);
    const given = await call('accept-gap', ...around, '--by', 'Otto Operator');
    expect(given.code).toBe(0);
    expect(given.stdout.split('\n')).toHaveLength(5);
    expect(given.stdout).toContain(`${name}: given up ${stuck.from} to `);
    expect(eventsIn(given.stderr)).toHaveLength(4);
    expect(eventsIn(given.stderr)[0]).toMatchObject({
      event: 'gap_accepted',
      source: name,
      from: stuck.from,
      user: 'Otto Operator',
    });
    const after = parsed<StatusReport>(await call('status', '--json')).sources[0];
    expect(Date.parse(after?.coveredUntil ?? '')).toBeGreaterThan(today - 10 * minuteMs);
    expect(after?.unread).toEqual({ queued: 0, stuck: 0, stuckRanges: [] });
    const listed = await call('windows');
    expect(listed.stdout).toContain('given up by Otto Operator at ');
    expect(listed.stdout).toMatch(/^failed {4}MAIN01/m);
    expect(listed.stdout).toMatch(/^complete {2}MAIN01/m);
    expect((await call('windows', '--stuck')).stdout).toBe('Nothing is stuck.\n');
  });

  it('is given up beside a running serve', async () => {
    await getStuck();
    await serve();
    expect((await sourceStatus()).coveredUntil).toBe(stuck.from);
    expect((await call('accept-gap', ...around)).code).toBe(0);
    expect(Date.parse((await sourceStatus()).coveredUntil ?? '')).toBeGreaterThan(broken + hourMs);
    const query = `from=${stuck.from}&to=${stuck.to}`;
    const { unread } = (await ask<WindowPage>(`/windows?${query}`)).body;
    expect(unread.map(({ state }) => state)).toEqual(['accepted', 'accepted', 'accepted', 'accepted']);
    expect((await ask<WindowPage>(`/windows?to=${isoInstant(broken - hourMs)}`)).body.unread).toEqual([]);
  });

  it('is given up as a whole: a range that holds none says what would', async () => {
    await getStuck();
    const half = isoInstant(broken + minuteMs / 2);
    const none = await call('accept-gap', '--source', name, '--from', isoInstant(broken), '--to', half);
    expect(none).toMatchObject({ code: 1, stdout: '' });
    expect(none.stderr).toContain(`Nothing of ${name} is stuck within`);
    expect(none.stderr).toContain(`  ${isoInstant(broken)} to ${isoInstant(broken + minuteMs)}\n`);
    expect(none.stderr).not.toContain('{"time"');
  });
});

describe('giving up where there is nothing to give up', () => {
  it('says so', async () => {
    await open();
    await call('run');
    const none = await call('accept-gap', '--source', name, ...asPast);
    expect(none.code).toBe(1);
    expect(none.stderr).toContain(`Nothing of ${name} is stuck at all.`);
  });
});

describe('the command backfill', () => {
  it('reads the range to its end, delivers it, and prints what it came to', async () => {
    await open({ rows: pastRows });
    const ended = await call('backfill', ...asPast);
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain(`${isoInstant(past.from)} to ${isoInstant(past.to)}: done`);
    expect(ended.stdout).toContain('4 windows, 21 rows read; messages: 21 new, 0 changed, 0 unchanged');
    expect(ended.stdout).toContain('21 delivered');
    expect(place.communications()).toBe(21);
    expect(eventsIn(ended.stderr).map(({ event }) => event)).toContain('backfill_finished');
  });

  it('goes on where it was after it was killed', async () => {
    await open({ rows: pastRows });
    place.vendor(name).faults.add({ fault: 'drip', times: 3, delayMs: 15 });
    program = startProgram(['backfill', ...asPast, '--order', 'oldest-first', '--config', place.configFile]);
    const cut = await until(async () => {
      const status = await call('status', '--json');
      const job = status.code === 0 ? parsed<StatusReport>(status).sources[0]?.backfills[0] : undefined;
      return job !== undefined && job.windows >= 1 ? job : undefined;
    });
    program.child.kill('SIGKILL');
    await program.ended;
    const before = place.vendor(name).requests.length;
    place.vendor(name).faults.clear();
    const ended = await call('backfill', ...asPast, '--order', 'oldest-first', '--json');
    expect(ended.code).toBe(0);
    const { backfills } = parsed<{ backfills: readonly BackfillView[] }>(ended);
    expect(backfills).toMatchObject([{ id: cut.id, state: 'done', percent: 100, windows: 4 }]);
    expect(place.vendor(name).requests.length - before).toBeLessThan(4);
    expect(place.communications()).toBe(21);
  });

  it('waits for the budget, says so, and when it is told to stop, says how it goes on', async () => {
    // Seven twelfths of them are for the past.
    await open({ rows: pastRows, settings: { requestsPerHour: 4 } });
    program = startProgram(['backfill', ...asPast, '--config', place.configFile]);
    const running = program;
    await until(() => Promise.resolve(running.stderr().includes('Waits until') || undefined));
    running.child.kill('SIGTERM');
    const ended = await running.ended;
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/^MAIN01: sources\[\]\.requestsPerHour is used up\..* Waits until 20\d\d-/m);
    expect(ended.stdout).toMatch(
      /: 6\d %, stopped\. The same command goes on from there \(2 requests, 1 h .* left\)\./,
    );
  });

  it('leaves the ledger to a running serve, and says what to ask it', async () => {
    await open();
    await serve();
    const ended = await call('backfill', ...asPast);
    expect(ended.code).toBe(4);
    expect(ended.stderr).toContain('POST /backfills');
  });
});

describe('a vendor that is known to cut its answers off', () => {
  it('is read in parts wherever an answer has so many rows', async () => {
    const rows = Array.from({ length: 90 }, (_, index) => rowSent(`many-${index}`, today - hourMs - index * minuteMs));
    await open({ rows, settings: { rowCap: 50 } });
    place.vendor(name).faults.add({ fault: 'capped', times: 1_000, entries: 50, overRows: 50 });
    const first = parsed<RunReport>(await call('run', '--json'));
    expect(first.sources[0]?.problems).toHaveProperty('source-capped');
    await call('run');
    expect(place.communications()).toBe(90);
    const { unread } = parsed<WindowPage>(await call('windows', '--json'));
    expect(unread).toEqual([]);
  });
});

describe('a backfill asked for over HTTP', () => {
  const body = { from: isoInstant(past.from), to: isoInstant(past.to) };
  const finished = (id: string) =>
    until(async () => {
      const { body: job } = await ask<BackfillView>(`/backfills/${id}`);
      return job.state === 'running' ? undefined : job;
    });

  it('is read beside what is new, and delivered', async () => {
    await open({ rows: pastRows });
    await serve();
    const begun = await post<BackfillView>('/backfills', body);
    expect(begun).toMatchObject({ status: 202, body: { state: 'running', order: 'newest-first' } });
    expect(await finished(begun.body.id)).toMatchObject({ state: 'done', windows: 4, rows: 21, forecast: null });
    await expect.poll(() => place.communications()).toBe(21);
    expect((await sourceStatus()).backfills).toEqual([]);
    expect((await ask<{ items: unknown[] }>('/backfills')).body.items).toHaveLength(1);
    const events = eventsIn(program?.stdout() ?? '');
    expect(events.find(({ event }) => event === 'backfill_begun')).toMatchObject({ user: 'ops', source: name });
  });

  it('is one however often it is asked for; it is paused, resumed and stopped', async () => {
    await open({ rows: pastRows });
    await serve();
    place.vendor(name).faults.add({ fault: 'drip', times: 1_000, delayMs: 40 });
    const { body: first } = await post<BackfillView>('/backfills', body);
    expect(await post<BackfillView>('/backfills', body)).toMatchObject({ status: 200, body: { id: first.id } });
    expect(await post(`/backfills/${first.id}/pause`)).toMatchObject({ status: 200, body: { state: 'paused' } });
    expect((await sourceStatus()).backfills).toMatchObject([{ id: first.id, state: 'paused' }]);
    expect(await post(`/backfills/${first.id}/resume`)).toMatchObject({ status: 200, body: { state: 'running' } });
    const stopped = await ask(`/backfills/${first.id}`, { method: 'DELETE' });
    expect(stopped).toMatchObject({ status: 200, body: { state: 'stopped', forecast: null } });
    expect(await post(`/backfills/${first.id}/resume`)).toMatchObject({ status: 409, body: { code: 'backfill-over' } });
    const { body: another } = await post<BackfillView>('/backfills', body);
    expect(another.id).not.toBe(first.id);
  });

  it('is refused where the range is not past', async () => {
    await open();
    await serve();
    const future = { from: body.from, to: isoInstant(today + dayMs) };
    expect(await post('/backfills', future)).toMatchObject({ status: 422, body: { code: 'range-not-past' } });
    expect(await post('/backfills', { from: body.to, to: body.from })).toMatchObject({ status: 400 });
  });
});

describe('sending again to an EHR that came back from an old backup', () => {
  const keys = async (): Promise<readonly string[]> =>
    (await ask<{ items: readonly RecordView[] }>('/records')).body.items.map(({ key }) => key);
  const ended = (id: string) =>
    until(async () => {
      const { body } = await ask<RunReport>(`/runs/${id}`);
      return body.state === 'running' ? undefined : body;
    });

  it('brings every message of the range back, and says how many', async () => {
    await open({ rows: pastRows });
    await call('backfill', ...asPast);
    await place.restoreEhr();
    const again = await call('backfill', ...asPast, '--json');
    expect(parsed(again)).toMatchObject({ sources: [{ unchanged: 21, resent: 0 }] });
    expect(place.communications()).toBe(0);
    const resent = await call('resend', ...asPast);
    expect(resent.code).toBe(0);
    expect(resent.stdout).toContain('21 unchanged, 21 of them sent again');
    expect(place.communications()).toBe(21);
    const begun = eventsIn(resent.stderr).find(({ event }) => event === 'backfill_begun');
    expect(begun).toMatchObject({ resend: true, source: name });
  });

  it('brings one message back by its key, whose time the ledger knows', async () => {
    await open({
      rows: [rowSent('a', today - hourMs), rowSent('b', today - hourMs), rowSent('c', today - 2 * hourMs)],
    });
    await call('run');
    await serve();
    const [key = ''] = await keys();
    await place.restoreEhr();
    const { body: started } = await post<{ id: string }>('/runs', { resend: true, key });
    expect(await ended(started.id)).toMatchObject({
      state: 'done',
      sources: [{ resent: 1 }],
      delivery: { delivered: 1 },
    });
    expect(place.communications()).toBe(1);
    program?.child.kill('SIGTERM');
    await program?.ended;
    await place.restoreEhr();
    const resent = await call('resend', '--key', key, '--json');
    expect(resent.code).toBe(0);
    expect(parsed(resent)).toMatchObject({ sources: [{ resent: 1 }], delivery: { delivered: 1 } });
    expect(place.communications()).toBe(1);
    const asked = eventsIn(resent.stderr).find(({ event }) => event === 'run_triggered');
    expect(asked).toMatchObject({ resend: true, key, requestId: 'command line' });
  });

  it('says so when the vendor shows the message no more, and when there is none', async () => {
    await open({ rows: [rowSent('a', today - hourMs)] });
    await call('run');
    await serve();
    const [key = ''] = await keys();
    expect(await post('/runs', { resend: true, key: key.replace(/^./, '0') })).toMatchObject({ status: 422 });
    program?.child.kill('SIGTERM');
    await program?.ended;
    place.vendor(name).messages.remove('a');
    const gone = await call('resend', '--key', key);
    expect(gone.code).toBe(1);
    expect(gone.stderr).toContain(`${key} was not sent again: Dialog Health did not show it there`);
    const none = await call('resend', '--key', key.replace(/^./, '0'));
    expect(none.code).toBe(2);
    expect(none.stderr).toContain('No message has the key');
  });
});
