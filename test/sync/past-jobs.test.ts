import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dayMs, hourMs, minuteMs, type TimeWindow } from '../../src/exchange/window.ts';
import type { BackfillJob } from '../../src/ledger/ledger.ts';
import type { ReadOutcome } from '../../src/sources/source.ts';
import { openSyncPlace, start, type SyncPlace } from './sync-place.ts';

const by = { user: null, requestId: null };
const source = 'main-clinic';
/** Where reading begins. */
const startAt = start - dayMs;
const whole: ReadOutcome = { kind: 'complete', rows: 0, bytes: 2 };
let place: SyncPlace;

beforeEach(async () => {
  place = await openSyncPlace(source);
});

afterEach(async () => {
  await place.close();
});

async function begin(range: TimeWindow, order: BackfillJob['order'] = 'newest-first'): Promise<string> {
  const begun = await place.jobs.begin({ range, order, resend: false }, by);
  if (begun.kind !== 'begun') throw new Error(`not begun: ${begun.kind}`);
  return begun.job.id;
}

/** Windows of the jobs, one after the other, until nothing is due. */
async function readOn(signal = new AbortController().signal): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) {
    const step = await place.runs.readBackfill(source, signal);
    if (step.kind === 'nothing') return;
  }
  throw new Error('a job that does not end');
}

async function pollFor(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 15 * minuteMs) {
    place.clock.at += 15 * minuteMs;
    const begun = await place.runs.start({ trigger: 'schedule' });
    if (begun.kind === 'started') await begun.finished;
  }
}

/** From now on the vendor answers so. */
function answers(answer: (window: TimeWindow) => ReadOutcome): readonly TimeWindow[] {
  const vendor = place.source();
  vendor.asked.length = 0;
  Object.assign(vendor, {
    read(window: TimeWindow) {
      vendor.asked.push(window);
      return Promise.resolve(answer(window));
    },
  });
  return vendor.asked;
}

const earliest = (asked: readonly TimeWindow[]): number => Math.min(...asked.map(({ from }) => from)) + minuteMs;

describe('what a backfill has read right before the beginning', () => {
  it.each(['newest-first', 'oldest-first'] as const)(
    'is swept from then on: replies and statuses come late there too (%s)',
    async (order) => {
      await pollFor(hourMs);
      await begin({ from: startAt - 4 * dayMs, to: startAt + hourMs }, order);
      await readOn();
      const asked = answers(() => whole);
      await pollFor(7 * hourMs);
      expect(earliest(asked)).toBe(startAt - 4 * dayMs);
    },
  );

  it('is swept as far back as the vendor keeps anything', async () => {
    const kept = startAt - 2 * dayMs;
    const asked = answers(({ from }) =>
      from + minuteMs < kept ? { kind: 'failed', rows: 0, problem: { code: 'source-refused' } } : whole,
    );
    await pollFor(hourMs);
    await begin({ from: startAt - 300 * dayMs, to: startAt });
    await readOn();
    answers(() => whole);
    await pollFor(7 * hourMs);
    expect(earliest(asked)).toBeGreaterThanOrEqual(kept);
    expect(earliest(asked)).toBeLessThanOrEqual(startAt - dayMs);
  });

  it('before the first run leaves the first run where it would have begun', async () => {
    await place.ledger.coverage.begin(source, startAt);
    await begin({ from: startAt - 40 * dayMs, to: startAt });
    await readOn();
    expect(await place.ledger.coverage.state(source)).toMatchObject({
      start: startAt - 40 * dayMs,
      frontier: startAt,
    });
  });

  it('is not swept where a gap lies between, which nobody asked for', async () => {
    await pollFor(hourMs);
    await begin({ from: startAt - 4 * dayMs, to: startAt - dayMs });
    await readOn();
    expect((await place.ledger.coverage.state(source)).start).toBe(startAt);
  });
});

describe('a backfill', () => {
  it('that turns round where another reads the same that way already ends, and leaves it to that one', async () => {
    answers(({ from }) =>
      from < start - 400 * dayMs ? { kind: 'failed', rows: 0, problem: { code: 'source-refused' } } : whole,
    );
    const range = { from: start - 700 * dayMs, to: start - 100 * dayMs };
    const turning = await begin(range, 'oldest-first');
    const other = await begin(range);
    await readOn();
    expect((await place.jobs.get(turning))?.state).toBe('retention');
    expect(await place.jobs.get(other)).toMatchObject({ state: 'retention', windows: expect.any(Number) });
    expect((await place.jobs.get(other))?.windows).toBeGreaterThan(40);
  });

  it('whose window is broken off because the service stops is no nearer to being cut', async () => {
    await begin({ from: start - 20 * dayMs, to: start - 10 * dayMs });
    for (let restarts = 0; restarts < 3; restarts += 1) {
      const stopping = new AbortController();
      answers(() => {
        stopping.abort();
        return { kind: 'failed', rows: 0, problem: { code: 'source-timeout' } };
      });
      await readOn(stopping.signal);
    }
    const { tiers, pieces, size } = await place.ledger.coverage.state(source);
    expect({ tier: tiers.backfill, pieces, size }).toEqual({ pieces: [], size: {} });
  });
});
