import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dayMs, minuteMs } from '../../src/exchange/window.ts';
import { longestPutOffMs, wasSetBack } from '../../src/sync/retry-policy.ts';
import { pauseAfter, pauseWith } from '../../src/sync/source-pause.ts';
import { nextPiece } from '../../src/sync/window-plan.ts';
import { answer, keys, message, reading, refuse } from '../support/scripted.ts';
import { fresh, limits, swept } from './reading.ts';
import { openSyncPlace, start, type SyncPlace } from './sync-place.ts';

let place: SyncPlace;

beforeEach(async () => {
  place = await openSyncPlace('main-clinic');
});

afterEach(() => place.close());

async function scheduled() {
  const started = await place.runs.start({ trigger: 'schedule' });
  return started.kind === 'started' ? started.finished : undefined;
}

/** Our clock is days ahead, and set right again. */
async function daysAhead(work: () => Promise<unknown>): Promise<void> {
  place.clock.at = start + 90 * dayMs;
  await work();
  place.clock.at = start + 5 * minuteMs;
}

const now = Date.parse('2026-04-20T12:00:00Z');

describe('a clock that was days ahead', () => {
  it('is told from one that is set back a little', () => {
    expect(wasSetBack(now, now - 5 * minuteMs)).toBe(false);
    expect(wasSetBack(now, now - dayMs)).toBe(true);
  });

  it('keeps nobody from reading once it is right', async () => {
    await daysAhead(async () => {
      place
        .source()
        .script.push(() => Promise.resolve({ kind: 'failed', problem: { code: 'source-unreachable' }, rows: 0 }));
      expect(await scheduled()).toMatchObject({ state: 'failed' });
    });
    expect(await scheduled()).toMatchObject({ state: 'done' });
  });

  it('lets a login that was refused rest all the same', () => {
    const refused = pauseAfter({ code: 'source-unauthorized' }, undefined, now + 90 * dayMs, () => 0);
    expect(pauseWith(refused, undefined, now)).toBe(refused);
  });

  it('keeps nothing from the EHR once it is right: neither by a pause, nor by what it put off', async () => {
    await daysAhead(async () => {
      // One alone: where all are refused so, that is the EHR's trouble.
      place.source().script.push(answer(reading(message('a'))));
      place.destination.script.push(refuse({ code: 'record-server-error', retryAfterMs: dayMs }));
      place.destination.script.push(refuse({ code: 'ehr-unreachable', retryAfterMs: dayMs }));
      await scheduled();
      place.source().script.push(answer(reading(message('b')), reading(message('c'))));
      await scheduled();
    });
    expect(place.destination.arrived.size).toBe(0);
    await scheduled();
    expect([...place.destination.arrived.keys()].toSorted()).toEqual(['a', 'b', 'c'].map(keys.outgoing).toSorted());
  });

  it('keeps no piece from being read again', () => {
    const window = { from: now - dayMs, to: now - dayMs + minuteMs };
    const piece = { id: 1, tier: 'cold', window, state: 'stuck', failures: 3, code: 'source-timeout' } as const;
    const at = (dueAt: number) =>
      nextPiece({ ...fresh, frontier: now, tiers: swept(now), pieces: [{ ...piece, dueAt }] }, now, limits, {
        end: now,
        tail: 'done',
        resting: new Set(),
        tried: new Set(),
        backfills: false,
      })?.open?.id;
    expect(at(now + 6 * 60 * minuteMs)).toBeUndefined();
    expect(at(now + 90 * dayMs)).toBe(1);
    expect(at(now + longestPutOffMs)).toBeUndefined();
  });
});
