import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dayMs, minuteMs } from '../../src/exchange/window.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { makeBackfillJobs, type BackfillJobs } from '../../src/sync/backfill-jobs.ts';
import { makeDeliveryLoop, type DeliveryLoop } from '../../src/sync/delivery.ts';
import { makeRuns, type Runs } from '../../src/sync/sync-run.ts';
import type { PlanLimits } from '../../src/sync/tiers.ts';
import {
  keptAudit,
  plainMapping,
  scriptedDestination,
  scriptedSource,
  type ScriptedDestination,
  type ScriptedSource,
} from '../support/scripted.ts';

/** The loops over a real ledger, between a scripted vendor and a scripted EHR, on a clock that sleeping moves. */
export interface SyncPlace {
  readonly ledger: Ledger;
  readonly runs: Runs;
  readonly jobs: BackfillJobs;
  readonly delivery: DeliveryLoop;
  readonly destination: ScriptedDestination;
  readonly log: ReturnType<typeof keptAudit>;
  readonly clock: { at: number };
  source(name?: string): ScriptedSource;
  sleep(ms: number): Promise<void>;
  close(): Promise<void>;
}

export const start = Date.parse('2026-03-10T12:00:00Z');

export async function openSyncPlace(...names: readonly string[]): Promise<SyncPlace> {
  const folder = mkdtempSync(join(tmpdir(), 'sync-'));
  const clock = { at: start };
  const now = (): number => clock.at;
  const ledger = await openLedger({ url: `sqlite:${join(folder, 'ledger.db')}`, access: 'owner', now });
  const sources = new Map(names.map((name) => [name, scriptedSource(name)]));
  const destination = scriptedDestination();
  const log = keptAudit();
  const bySource = new Map(names.map((name) => [name, plainMapping]));
  const sleep = (ms: number): Promise<void> => {
    clock.at += ms;
    return new Promise((resolve) => setImmediate(resolve));
  };
  const limits: PlanLimits = {
    startAt: start - dayMs,
    settleDelayMs: 2 * minuteMs,
    latenessMs: 7 * dayMs,
    longestWindowMs: 7 * dayMs,
    requestsPerHour: 240,
  };
  const delivery = makeDeliveryLoop({
    ledger,
    destination,
    mappings: () => Promise.resolve({ dialect: 'r4', why: 'scripted', bySource }),
    audit: log.audit,
    now,
    sleep,
    random: () => 0,
    reached: () => {},
    batch: 100,
    concurrency: 2,
    patientMaxWaitMs: dayMs,
  });
  let ids = 0;
  const newId = (): string => `00000000-0000-4000-8000-${String((ids += 1)).padStart(12, '0')}`;
  const scheduled = [...sources.values()].map((source) => ({ source, limits }));
  const shared = { ledger, audit: log.audit, now, newId };
  const runs = makeRuns({ ...shared, sources: scheduled, delivery, random: () => 0, reached: () => {} });
  const jobs = makeBackfillJobs({ ...shared, sources: names.map((name) => ({ name, limits })), wake: () => {} });
  return {
    ledger,
    runs,
    jobs,
    delivery,
    destination,
    log,
    clock,
    source(name = names[0] ?? '') {
      const source = sources.get(name);
      if (source === undefined) throw new Error(`there is no source ${name}`);
      return source;
    },
    sleep,
    async close() {
      await runs.stop();
      await delivery.stop(0);
      await ledger.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
