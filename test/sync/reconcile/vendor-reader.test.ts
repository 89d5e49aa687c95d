import { describe, expect, it } from 'vitest';
import type { Problem } from '../../../src/exchange/problem.ts';
import { dayMs, grainMs, hourMs } from '../../../src/exchange/window.ts';
import type { ReadOutcome } from '../../../src/sources/source.ts';
import { VendorReader } from '../../../src/sync/reconcile/vendor-reader.ts';
import { message, reading, scriptedSource, type ScriptedSource } from '../../support/scripted.ts';

const signal = new AbortController().signal;
const midnight = Date.UTC(2026, 2, 5);
const day = { from: midnight, to: midnight + dayMs };

const fails = (problem: Problem) => (): Promise<ReadOutcome> => Promise.resolve({ kind: 'failed', problem, rows: 0 });
const rows =
  (count: number): ScriptedSource['script'][number] =>
  async (take) => {
    for (let from = 0; from < count; from += 500) {
      const ids = Array.from({ length: Math.min(500, count - from) }, (_, index) => `m${from + index}`);
      await take(ids.map((id) => reading(message(id))));
    }
    return { kind: 'complete', rows: count, bytes: count };
  };

const vendor = (...script: ScriptedSource['script']) => vendorWith(9_000, script);
const vendorWithoutCap = (...script: ScriptedSource['script']) => vendorWith(Infinity, script);

/** More rows than are kept, in an answer that is never at its end. */
const tooMany: ScriptedSource['script'][number] = async (take) => {
  for (;;) await take(Array.from({ length: 500 }, (_, index) => reading(message(`m${index}`))));
};

function vendorWith(rowCap: number, script: ScriptedSource['script']) {
  const source = scriptedSource();
  source.script.push(...script);
  let now = midnight + 3 * dayMs;
  const waits: number[] = [];
  const learned: number[] = [];
  const reader = new VendorReader({
    source,
    budget: { throttled: (_, perHour) => Promise.resolve(void learned.push(perHour)) },
    requestsPerHour: 240,
    rowCap,
    now: () => now,
    sleep: (ms) => Promise.resolve(void (now += ms)),
    waits: (until) => waits.push(until - now),
  });
  const read = async (window = day, stop: AbortSignal = signal): Promise<readonly string[]> => {
    const answers = [];
    for await (const answer of reader.read(window, stop)) {
      const { from, to } = answer.window;
      const what = answer.kind === 'rows' ? answer.answer.rows() : answer.problem.code;
      answers.push(`${(from - midnight) / hourMs}-${(to - midnight) / hourMs}: ${what}`);
    }
    return answers;
  };
  return { source, read, waits, learned };
}

describe('reading a day from the vendor', () => {
  it('is one request, one grain wider on both sides', async () => {
    const { source, read } = vendor(rows(3));
    expect(await read()).toEqual(['0-24: 3']);
    expect(source.asked).toEqual([{ from: day.from - grainMs, to: day.to + grainMs }]);
  });

  it.each<[string, ScriptedSource['script'][number]]>([
    ['is too large', fails({ code: 'source-too-large' })],
    ['times out', fails({ code: 'source-timeout' })],
    ['breaks off', fails({ code: 'source-incomplete-answer' })],
    ['is as large as cut off answers are', rows(9_000)],
    ['holds more than memory is meant for', tooMany],
  ])('goes on in halves where its answer %s', async (_, first) => {
    const { read } = vendor(first, rows(3), rows(4));
    expect(await read()).toEqual(['0-12: 3', '12-24: 4']);
  });

  it('stops taking rows as soon as there are too many: they are not kept', async () => {
    let taken = 0;
    const { read } = vendor(async (take) => {
      for (;;) {
        await take(Array.from({ length: 500 }, (_, index) => reading(message(`m${index}`))));
        taken += 500;
      }
    });
    await read();
    expect(taken).toBe(10_000);
  });

  it('takes a minute as large as it is', async () => {
    const { read } = vendorWithoutCap(rows(25_000));
    const minute = { from: midnight, to: midnight + grainMs };
    expect(await read(minute)).toEqual([expect.stringMatching(/: 25000$/)]);
  });

  it('is given up where a minute is cut off too', async () => {
    const { read } = vendor(rows(9_000));
    expect(await read({ from: midnight, to: midnight + grainMs })).toEqual([expect.stringMatching(/source-capped$/)]);
  });

  it('is not cut to pieces by a vendor that does not answer', async () => {
    const timeout = fails({ code: 'source-timeout' });
    const { source, read } = vendor(...Array.from({ length: 40 }, () => timeout));
    expect(await read()).toContain('0-6: source-timeout');
    expect(source.asked.length).toBeLessThan(7);
  });

  it('waits for the hour’s requests, however often', async () => {
    const spent = fails({ code: 'budget-exhausted', retryAfterMs: 600_000 });
    const { read, waits } = vendor(...Array.from({ length: 10 }, () => spent), rows(1));
    expect(await read()).toEqual(['0-24: 1']);
    expect(waits).toEqual(Array.from({ length: 10 }, () => 600_000));
  });

  it('keeps the pauses that the vendor asks for, learns from them, and gives up after three', async () => {
    const throttled = fails({ code: 'source-throttled', retryAfterMs: 30_000 });
    const one = vendor(throttled, rows(1));
    expect(await one.read()).toEqual(['0-24: 1']);
    expect({ waits: one.waits, learned: one.learned }).toEqual({ waits: [30_000], learned: [240] });
    const again = vendor(...Array.from({ length: 10 }, () => throttled));
    expect(await again.read()).toEqual(['0-24: source-throttled']);
    expect(again.waits).toHaveLength(3);
  });

  it('is asked for no more after a refused login: the account must not be locked', async () => {
    const { source, read } = vendor(fails({ code: 'source-unauthorized', httpStatus: 401 }));
    expect([await read(), await read()]).toEqual([['0-24: source-unauthorized'], ['0-24: source-unauthorized']]);
    expect(source.asked).toHaveLength(1);
  });

  it('is asked for no more after three days in a row that failed, and goes on after one or two', async () => {
    const down = fails({ code: 'source-unreachable' });
    const { source, read } = vendor(down, down, rows(1), down, down, down, rows(1));
    const days = [];
    for (let number = 0; number < 7; number += 1) days.push((await read())[0]?.replace('0-24: ', ''));
    const unreachable = 'source-unreachable';
    expect(days).toEqual([unreachable, unreachable, '1', unreachable, unreachable, unreachable, unreachable]);
    expect(source.asked).toHaveLength(6);
  });

  it('is asked for what lies behind a bad minute, which spoils its neighbours too', async () => {
    const { source, read } = vendor();
    const bad = midnight + 10 * hourMs;
    source.read = (window) => {
      source.asked.push(window);
      const spoilt = window.from <= bad && bad <= window.to;
      return spoilt ? fails({ code: 'source-too-large' })() : Promise.resolve({ kind: 'complete', rows: 0, bytes: 2 });
    };
    const told = await read();
    expect(told.filter((line) => line.endsWith('source-too-large'))).toHaveLength(4);
    expect(told.at(-1)).toBe('12-24: 0');
  });

  it('is asked for no more where every minute is too large', async () => {
    const { source, read } = vendor();
    source.read = (window) => {
      source.asked.push(window);
      return fails({ code: 'source-too-large' })();
    };
    await read();
    expect(source.asked.length).toBeLessThan(40);
  });

  it('ends at once when it is told to', async () => {
    const { source, read, waits } = vendor(fails({ code: 'budget-exhausted', retryAfterMs: 600_000 }));
    expect(await read(day, AbortSignal.abort())).toEqual(['0-24: budget-exhausted']);
    expect({ asked: source.asked.length, waits }).toEqual({ asked: 1, waits: [] });
  });
});
