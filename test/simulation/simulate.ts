import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tier } from '../../src/exchange/tier.ts';
import { hourMs, minuteMs, type Instant } from '../../src/exchange/window.ts';
import type { Destination } from '../../src/destinations/destination.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { Source } from '../../src/sources/source.ts';
import type { Judge, Planner } from '../../src/sync/intake.ts';
import type { PlanLimits } from '../../src/sync/tiers.ts';
import type { StartRun } from '../../src/sync/sync-run.ts';
import { nextPiece } from '../../src/sync/window-plan.ts';
import { virtualClock } from './clock.ts';
import { dice } from './dice.ts';
import { simulatedEhr, type SimulatedEhr } from './ehr.ts';
import { askedAgainMs, checkMessages, finalCheck } from './final-check.ts';
import { openLedgerFile } from './ledger-file.ts';
import { messagesOf } from './messages.ts';
import { scenarioOf, type Scenario } from './scenario.ts';
import { beginLife, type Life } from './service.ts';
import { simulatedSource, sourceName } from './source.ts';
import { aheadAt, simulatedVendor } from './vendor.ts';
import { show, watch, type Broken } from './watch.ts';

/** Parts that are worse than the real ones. */
export interface Mutation {
  readonly limits?: (limits: PlanLimits) => PlanLimits;
  readonly plan?: Planner;
  readonly judge?: Judge;
  readonly ledger?: (ledger: Ledger) => Ledger;
  readonly source?: (source: Source) => Source;
  readonly destination?: (destination: Destination, ehr: SimulatedEhr) => Destination;
}

export interface SimulationOptions {
  readonly mutation?: Mutation;
  /** Tiers that never read. */
  readonly atRest?: readonly Tier[];
  /** Hears what happens, line by line. */
  readonly trace?: (line: string) => void;
  /** Changes the scenario that the seed gives. */
  readonly scenario?: (scenario: Scenario) => Scenario;
}

export interface Simulated {
  readonly scenario: Scenario;
  readonly broken: readonly Broken[];
  /** What happened, to see that something did. */
  readonly facts: Readonly<Record<string, number>>;
}

/** One whole life of a service between a vendor and an EHR; the same seed and options give the same, to the request. */
export async function simulate(seed: number, options: SimulationOptions = {}): Promise<Simulated> {
  const { mutation = {}, atRest = [], trace } = options;
  const given = scenarioOf(seed);
  const scenario = { ...(options.scenario?.(given) ?? given), atRest };
  const { start, calm, end, pollMs, service: habits } = scenario;
  const clock = virtualClock(start);
  const messages = messagesOf(scenario);
  const vendor = simulatedVendor(scenario, messages, clock);
  const ehr = simulatedEhr(scenario, clock);
  const by = dice(seed, 'world');
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'simulation-'));
  const path = join(folder, 'ledger.db');
  let life: Life | undefined;
  let lives = 0;
  const deaths: string[] = [];
  const errors: unknown[] = [];

  // The tables are there before anybody looks.
  const first = await openFirst(path, clock.now());
  await first.close();
  const file = openLedgerFile(path);
  const seen = watch({ scenario, clock, vendor, messages, file, ...(trace === undefined ? {} : { trace }) });
  const limits = mutation.limits?.(scenario.limits) ?? scenario.limits;
  const plan: Planner = (state, now, by, progress, unsettled) =>
    (mutation.plan ?? nextPiece)(
      state,
      now,
      by,
      { ...progress, resting: new Set([...progress.resting, ...atRest]) },
      unsettled,
    );

  async function begin(): Promise<void> {
    const number = lives;
    lives += 1;
    const begun = await beginLife({
      scenario: { ...scenario, limits },
      clock,
      ledgerUrl: `sqlite:${path}`,
      number,
      killedAfter: clock.now() < calm ? (habits.kills[number] ?? Infinity) : Infinity,
      onDeath: () => void reborn(number),
      audit: seen.audit,
      onFailure: (error) => void errors.push(error),
      makeSource(ledger, now) {
        const source = simulatedSource({ vendor, budget: ledger.budget, limits, now });
        return mutation.source?.(source) ?? source;
      },
      makeDestination: () => mutation.destination?.(ehr.destination(), ehr) ?? ehr.destination(),
      wrapLedger: (ledger) => mutation.ledger?.(seen.over(ledger)) ?? seen.over(ledger),
      plan,
      ...(mutation.judge === undefined ? {} : { judge: mutation.judge }),
    });
    life = begun;
    begun.start({ trigger: 'startup' });
  }

  /** Somebody starts it again. What it had asked of the others meanwhile runs its course. */
  async function reborn(number: number): Promise<void> {
    const dead = life;
    life = undefined;
    await clock.sleep(by.whole(5_000, 20 * minuteMs));
    trace?.(`${show(clock.now())} killed: ${dead?.mortal.diedAt() ?? ''}`);
    deaths.push(dead?.mortal.diedAt() ?? `before life ${number}`);
    await dead?.bury();
    await begin();
  }

  async function poll(): Promise<never> {
    for (;;) {
      await clock.sleep(pollMs);
      life?.start({ trigger: 'schedule', source: sourceName });
    }
  }

  /** A person does something, at once or when the service is there again. */
  async function operator(at: Instant, work: (life: Life) => Promise<boolean>): Promise<void> {
    await clock.sleep(at - clock.now());
    for (;;) {
      const current = life;
      const done =
        current === undefined ? false : await Promise.race([work(current), clock.sleep(hourMs).then(() => false)]);
      if (done) return;
      await clock.sleep(minuteMs);
    }
  }

  async function restart(at: Instant): Promise<void> {
    await clock.sleep(at - clock.now());
    const current = life;
    if (current === undefined) return;
    await current.stop();
    if (life !== current) return;
    life = undefined;
    await clock.sleep(by.whole(5_000, 5 * minuteMs));
    await begin();
  }

  async function giveUpStuck({ ledger }: Life): Promise<boolean> {
    for (const { state, from, to } of await ledger.coverage.pieces(sourceName)) {
      const range = { from: Date.parse(from), to: Date.parse(to) };
      if (state === 'stuck') await ledger.coverage.acceptGap(sourceName, range, 'operator', ourNow());
    }
    return true;
  }

  const ourNow = (): Instant => clock.now() + aheadAt(scenario.ourClock, clock.now());

  function people(): void {
    const { backfill, resend } = habits;
    if (backfill !== undefined) {
      const { range, order, pausedAfterMs } = backfill;
      const id = 'backfill-1';
      void operator(backfill.at, async ({ ledger, backfills }) => {
        await ledger.backfills.begin({ id, source: sourceName, range, order, resend: false, startedAt: ourNow() });
        backfills.wake();
        return true;
      });
      if (pausedAfterMs !== undefined) {
        void operator(backfill.at + pausedAfterMs, async ({ ledger }) => {
          await ledger.backfills.move(id, 'paused', ourNow());
          return true;
        });
        void operator(backfill.at + pausedAfterMs + hourMs, async ({ ledger, backfills }) => {
          await ledger.backfills.move(id, 'running', ourNow());
          backfills.wake();
          return true;
        });
      }
    }
    const ask =
      (request: Omit<StartRun, 'trigger'> = {}) =>
      async (current: Life) => {
        const started = await current.runs.start({ trigger: 'api', source: sourceName, ...request });
        if (started.kind === 'started') started.finished.catch((error: unknown) => errors.push(error));
        return started.kind === 'started';
      };
    if (resend !== undefined) void operator(resend.at, ask({ range: resend.range, resend: true }));
    if (habits.acceptsGaps) void operator(calm + 5 * hourMs, giveUpStuck);
    const { lockedAt } = scenario.vendor;
    if (lockedAt !== undefined) void operator(lockedAt + hourMs, ask());
    // All of it once more, when all of it is there.
    const range = { from: scenario.limits.startAt, to: end };
    void operator(end - askedAgainMs, ask({ range }));
  }

  const finalParts = { scenario, vendor, ehr, messages, file, watch: seen };
  try {
    await begin();
    void poll();
    people();
    for (const at of habits.restarts) void restart(at);
    for (const { from, to } of habits.asleep)
      void clock.sleep(from - start).then(() => clock.jump(Math.max(0, to - clock.now())));
    await clock.passUntil(calm);
    life?.mortal.spare();
    await clock.passUntil(end - askedAgainMs - 1);
    checkMessages(finalParts);
    await clock.passUntil(end);
    const stopped = life?.stop();
    await clock.passUntil(end + minuteMs);
    await stopped;
    for (const error of errors)
      seen.breaks('it never fails by itself', String(error instanceof Error ? error.stack : error));
    const failures = seen.events.get('service_failed') ?? 0;
    if (failures > 0) seen.breaks('it never fails by itself', `service_failed ${failures} times`);
    finalCheck(finalParts);
    return {
      scenario,
      broken: seen.broken,
      facts: {
        messages: messages.length,
        requests: vendor.seen.length,
        writes: ehr.writes.length,
        deaths: deaths.length,
        ...Object.fromEntries(
          deaths.map((point) => [`died at ${point}`, deaths.filter((one) => one === point).length]),
        ),
        ...Object.fromEntries(seen.events),
      },
    };
  } finally {
    file.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function openFirst(path: string, now: Instant): Promise<Ledger> {
  const { openLedger } = await import('../../src/ledger/open-ledger.ts');
  return openLedger({ url: `sqlite:${path}`, access: 'owner', now: () => now });
}
