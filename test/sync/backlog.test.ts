import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dayMs, hourMs, minuteMs } from '../../src/exchange/window.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { afterStep, noTrouble } from '../../src/sync/backfill.ts';
import { makeDeliveryLoop, type DeliveryLoop } from '../../src/sync/delivery.ts';
import { pauseAfter } from '../../src/sync/source-pause.ts';
import { nothingRead } from '../../src/sync/source-report.ts';
import { makeRuns, type Runs, type StartRun } from '../../src/sync/sync-run.ts';
import {
  answer,
  keptAudit,
  message,
  plainMapping,
  reading,
  refuse,
  scriptedDestination,
  scriptedSource,
  type ScriptedDestination,
  type ScriptedSource,
} from '../support/scripted.ts';

const start = Date.parse('2026-03-10T12:00:00Z');

let folder: string;
let clock: number;
let ledger: Ledger;
let source: ScriptedSource;
let destination: ScriptedDestination;
let log: ReturnType<typeof keptAudit>;
let delivery: DeliveryLoop;
let runs: Runs;

/** Windows of a day, of which three are due; the EHR may owe ten messages. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'backlog-'));
  clock = start;
  const now = (): number => clock;
  ledger = await openLedger({ url: `sqlite:${join(folder, 'ledger.db')}`, access: 'owner', now });
  source = { ...scriptedSource(), longestWindowMs: dayMs };
  destination = scriptedDestination();
  log = keptAudit();
  delivery = makeDeliveryLoop({
    ledger,
    destination,
    mappings: () => Promise.resolve({ dialect: 'r4', why: '', bySource: new Map([[source.name, plainMapping]]) }),
    audit: log.audit,
    now,
    sleep(ms) {
      clock += ms;
      return new Promise((resolve) => setImmediate(resolve));
    },
    random: () => 0,
    reached: () => {},
    batch: 100,
    concurrency: 2,
    patientMaxWaitMs: dayMs,
  });
  let ids = 0;
  const limits = {
    startAt: start - 3 * dayMs,
    settleDelayMs: 2 * minuteMs,
    latenessMs: 7 * dayMs,
    longestWindowMs: dayMs,
    requestsPerHour: 240,
  };
  runs = makeRuns({
    ledger,
    sources: [{ source, limits }],
    delivery,
    audit: log.audit,
    now,
    newId: () => `run-${(ids += 1)}`,
    random: () => 0,
    reached: () => {},
    maxBacklog: 10,
  });
});

afterEach(async () => {
  await runs.stop();
  await delivery.stop(0);
  await ledger.close();
  rmSync(folder, { recursive: true, force: true });
});

async function run(request: Partial<StartRun> = {}) {
  const started = await runs.start({ trigger: 'command', ...request });
  if (started.kind !== 'started') throw new Error(`not started: ${started.kind}`);
  return started.finished;
}

/** So many messages, each of them new. */
const messages = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => reading(message(`${name}${index}`)));

const down = refuse({ code: 'ehr-unreachable' });
/** For as long as a run tries. */
const downForRun = (): void => void destination.script.push(down, down, down, down);

describe('a backlog that is full', () => {
  it('B1: is told, and no further window is asked for', async () => {
    downForRun();
    source.script.push(answer(...messages('a', 6)), answer(...messages('b', 6)), answer(...messages('c', 6)));
    expect(await run()).toMatchObject({
      state: 'failed',
      sources: [{ new: 12, windows: 2, problems: { 'backlog-full': 1 } }],
      delivery: { pending: 12, delivered: 0 },
    });
    expect(source.asked).toHaveLength(2);
    expect(log.events).toContainEqual({ event: 'backlog_full', source: 'main-clinic', pending: 12, most: 10 });
    expect(runs.pauseOf('main-clinic')?.problem.code).toBe('backlog-full');
  });

  it('is read on behind within the run once the EHR has taken it', async () => {
    source.script.push(answer(...messages('a', 11)), answer(...messages('b', 11)), answer(...messages('c', 11)));
    expect(await run()).toMatchObject({
      state: 'done',
      sources: [{ new: 33 }],
      delivery: { delivered: 33, pending: 0 },
    });
    expect(destination.arrived.size).toBe(33);
  });

  it('costs nothing but time: the next run reads on where the last one stopped, and everything arrives once', async () => {
    downForRun();
    source.script.push(answer(...messages('a', 11)), answer(...messages('b', 11)), answer(...messages('c', 11)));
    await run({ trigger: 'schedule' });
    expect(source.asked).toHaveLength(1);
    destination.script.length = 0;
    clock += hourMs;
    expect(await run({ trigger: 'schedule' })).toMatchObject({ state: 'done', delivery: { delivered: 33 } });
    expect(source.asked[1]?.from).toBeLessThanOrEqual(source.asked[0]?.to ?? 0);
    expect(destination.arrived.size).toBe(33);
    expect((await ledger.messages.counts()).delivered).toBe(33);
  });

  it('keeps nobody’s range from being told why it is not read', async () => {
    downForRun();
    source.script.push(answer(...messages('a', 11)));
    await run();
    downForRun();
    const range = { from: start - 9 * dayMs, to: start - 8 * dayMs };
    expect(await run({ range })).toMatchObject({
      state: 'failed',
      sources: [{ windows: 0, problems: { 'backlog-full': 1 } }],
    });
    expect(source.asked).toHaveLength(1);
  });

  it('does not count messages that wait for their Patient', async () => {
    const waits = refuse({ code: 'patient-not-found', httpStatus: 422 });
    destination.script.push(waits, waits, waits);
    source.script.push(answer(...messages('a', 11)), answer(...messages('b', 11)));
    expect(await run()).toMatchObject({ state: 'done', delivery: { waiting: 22 } });
    expect(source.asked.length).toBeGreaterThanOrEqual(3);
  });
});

describe('what a full backlog means for the schedule and for backfills', () => {
  const full = { code: 'backlog-full', retryAfterMs: minuteMs } as const;

  it('is a minute, without counting as a failure of the vendor', () => {
    const pause = pauseAfter(full, undefined, start, () => 0);
    expect(pause).toMatchObject({ failures: 0, until: start + minuteMs, asked: false });
    expect(pauseAfter(full, pause, start + minuteMs, () => 0)).toMatchObject({
      failures: 0,
      until: start + 2 * minuteMs,
    });
  });

  it('does not end a pause for a login that was refused', () => {
    const refused = pauseAfter({ code: 'source-unauthorized' }, undefined, start, () => 0);
    expect(pauseAfter(full, refused, start, () => 0)).toBe(refused);
  });

  it('is that a backfill looks again after a minute, as often as it takes', () => {
    const report = nothingRead('main-clinic');
    const { waitMs, trouble } = afterStep({ kind: 'failed', report, problem: full }, noTrouble, () => 0);
    expect({ waitMs, trouble }).toEqual({ waitMs: minuteMs, trouble: noTrouble });
  });
});
