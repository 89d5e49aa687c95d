import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dayMs, hourMs, minuteMs, type Instant } from '../../src/exchange/window.ts';
import { answer, message, reading } from '../support/scripted.ts';
import { openSyncPlace, start, type SyncPlace } from './sync-place.ts';

let place: SyncPlace;

beforeEach(async () => {
  place = await openSyncPlace('main-clinic');
});

afterEach(() => place.close());

const range = { from: start - 10 * dayMs, to: start };

async function run() {
  const started = await place.runs.start({ trigger: 'command', range });
  if (started.kind !== 'started') throw new Error(started.kind);
  return started.finished;
}

/** Twelve messages of one day. */
const day = (from: Instant) =>
  Array.from({ length: 12 }, (_, index) =>
    reading({ ...message(`m${from}-${index}`), occurredAt: from + index * hourMs }),
  );

describe('a range that somebody asks for', () => {
  const first = range.from + dayMs;
  const second = range.from + 8 * dayMs;

  it('is not read where an answer is empty and messages are known: it says so, and reads the rest', async () => {
    place.source().script.push(answer(...day(first)), answer(...day(second)));
    expect(await run()).toMatchObject({ state: 'done', sources: [{ windows: 2, new: 24 }] });
    place.source().script.push(answer(), answer(...day(second)));
    expect(await run()).toMatchObject({
      state: 'failed',
      sources: [{ windows: 1, unchanged: 12, problems: { 'source-empty-answer': 1 } }],
    });
  });

  it('is read around a minute that breaks every answer: the run says so', async () => {
    const poison = range.from + 3 * dayMs + 5 * minuteMs;
    const breaking: ReturnType<typeof answer> = (take, signal) => {
      const { from = 0, to = 0 } = place.source().asked.at(-1) ?? {};
      // The request is a minute wider on both sides.
      return from < poison && poison < to - minuteMs
        ? Promise.resolve({ kind: 'failed', problem: { code: 'source-incomplete-answer' }, rows: 0 })
        : answer()(take, signal);
    };
    place.source().script.push(...Array.from({ length: 100 }, () => breaking));
    const report = await run();
    expect(report.state).toBe('failed');
    const asked = place.source().asked.map(({ from, to }) => ({ from: from + minuteMs, to: to - minuteMs }));
    expect(Math.max(...asked.map(({ to }) => to))).toBe(range.to);
    expect(report.sources[0]?.windows).toBeGreaterThan(10);
    expect(asked.length).toBeLessThan(60);
  });
});
