import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { minuteMs } from '../../src/exchange/window.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { statusReport, type LiveParts, type StatusParts } from '../../src/sync/status.ts';
import { message, reading } from '../support/scripted.ts';

const at = Date.parse('2026-03-10T12:00:00Z');
let folder: string;
let ledger: Ledger;
let parts: StatusParts;

const quiet: LiveParts = {
  startedAt: at - minuteMs,
  runningId: () => undefined,
  pauseOf: () => undefined,
  nextRun: () => at + minuteMs,
  delivery: () => ({ check: undefined, mappings: undefined, pausedUntil: undefined, problem: undefined }),
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'status-'));
  ledger = await openLedger({ url: `sqlite:${join(folder, 'ledger.db')}`, access: 'owner', now: () => at });
  parts = {
    version: '0.0.0',
    ledger,
    now: () => at,
    sources: [{ name: 'main-clinic', requestsPerHour: 240 }],
    destination: 'fhir-server',
  };
});

afterEach(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the status', () => {
  it('says of an empty ledger that nothing was read', async () => {
    const { sources, destinations } = await statusReport({ ...parts, live: quiet });
    expect(sources).toEqual([
      {
        name: 'main-clinic',
        state: 'idle',
        coveredUntil: null,
        lagSeconds: null,
        lastRun: null,
        nextRunAt: '2026-03-10T12:01:00Z',
        budget: { requestsPerHour: 240, usedLastHour: 0 },
        code: null,
        problem: null,
      },
    ]);
    expect(destinations).toMatchObject([{ state: 'unchecked', pending: 0, delivered: 0, oldestPendingSeconds: null }]);
  });

  it('says how far was read, how far that lies back, and what the hour has cost', async () => {
    const window = { from: at - 60 * minuteMs, to: at - 3 * minuteMs };
    await ledger.budget.spend('main-clinic', 240, at - minuteMs);
    await ledger.coverage.cover({ source: 'main-clinic', window, readAt: at, rows: 1 }, { frontier: window.to });
    const { sources } = await statusReport({ ...parts, live: quiet });
    expect(sources).toMatchObject([
      { coveredUntil: '2026-03-10T11:57:00Z', lagSeconds: 180, budget: { usedLastHour: 1 } },
    ]);
  });

  it('counts what is pending and says since when the oldest waits', async () => {
    await ledger.messages.record('main-clinic', at - 2 * minuteMs, [reading(message('a')), reading(message('b'))]);
    const { destinations } = await statusReport({ ...parts, live: quiet });
    expect(destinations).toMatchObject([{ pending: 2, oldestPendingSeconds: 120 }]);
  });

  it('tells a source that is stopped from one that pauses, and why', async () => {
    const pausedUntil = (until: number): LiveParts => ({
      ...quiet,
      pauseOf: () => ({ problem: { code: 'source-unauthorized', httpStatus: 401 }, failures: 1, until, asked: false }),
    });
    const stateAt = async (until: number) =>
      (await statusReport({ ...parts, live: pausedUntil(until) })).sources[0]?.state;
    expect([await stateAt(Infinity), await stateAt(at + 1), await stateAt(at - 1)]).toEqual([
      'stopped',
      'paused',
      'idle',
    ]);
    const { sources } = await statusReport({ ...parts, live: pausedUntil(Infinity) });
    expect(sources[0]?.code).toBe('source-unauthorized');
    expect(sources[0]?.problem).toContain('Check username, password and console');
  });

  it('names the way of writing once the EHR was asked, and why it pauses', async () => {
    const live: LiveParts = {
      ...quiet,
      delivery: () => ({
        check: { kind: 'ready', write: 'put-by-id', bundle: 'transaction', why: 'it says updateCreate' },
        mappings: { dialect: 'r4-strict', why: 'It refuses SMSWRIT.', bySource: new Map() },
        pausedUntil: at + minuteMs,
        problem: { code: 'ehr-throttled', httpStatus: 429 },
      }),
    };
    const { destinations } = await statusReport({ ...parts, live });
    expect(destinations).toMatchObject([
      {
        state: 'paused',
        write: 'put-by-id',
        bundle: 'transaction',
        why: 'it says updateCreate',
        dialect: 'r4-strict',
        whyDialect: 'It refuses SMSWRIT.',
        code: 'ehr-throttled',
      },
    ]);
  });

  it('shows beside a running service only what the ledger knows', async () => {
    const report = await statusReport(parts);
    expect(report).toMatchObject({ startedAt: null, sources: [{ nextRunAt: null }], destinations: [{ write: null }] });
  });
});
