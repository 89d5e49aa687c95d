import { describe, expect, it } from 'vitest';
import { dayMs, hourMs, isoInstant, minuteMs } from '../../src/exchange/window.ts';
import { noon, openPlace, rowAt, rowsOver, settled, sourceName, startAt, type Place } from './place.ts';

const day = { from: startAt, to: Date.parse(settled) };
const rows = rowsOver(day, 48);

interface Polls {
  readonly times: number;
  /** After each poll. */
  readonly after?: (place: Place) => Promise<void>;
}

/** The schedule goes on, every five minutes. Gives every problem it tells of. */
async function polls(place: Place, { times, after }: Polls): Promise<ReadonlySet<string>> {
  const told = new Set<string>();
  for (let poll = 0; poll < times; poll += 1) {
    const started = await place.runs().start({ trigger: 'schedule' });
    const report = started.kind === 'started' ? await started.finished : undefined;
    for (const code of Object.keys(report?.sources[0]?.problems ?? {})) told.add(code);
    await after?.(place);
    place.clock.at += 5 * minuteMs;
  }
  return told;
}

async function expectEachOnce(place: Place): Promise<void> {
  expect(await place.known()).toBe(rows.length);
  expect(place.destination.sent.flat()).toHaveLength(rows.length);
}

const stuckOf = async (place: Place) => (await place.state()).pieces.filter(({ state }) => state === 'stuck');

/** The windows that were asked for, as the vendor heard of them, narrowest last. */
const widthsOf = (place: Place): readonly number[] => {
  const times = (path: string) => decodeURIComponent(path).match(/\d\d\/\d\d\/\d{4} [\d:]{8}/g) ?? [];
  return place.vendor.requests.map(({ path }) => {
    const [from = '', to = ''] = times(path);
    return Date.parse(`${to} UTC`) - Date.parse(`${from} UTC`);
  });
};

describe('a window that is empty although the ledger knows messages in it', () => {
  it('A10: is believed after three polls, told from the first, and no message is deleted', async () => {
    const lately = rowsOver({ from: noon - 50 * minuteMs, to: noon - 5 * minuteMs }, 12);
    const place = await openPlace({ rows: lately });
    await place.run();
    place.vendor.faults.add({ fault: 'empty', times: 1_000 });
    place.clock.at += 5 * minuteMs;
    const covered: string[] = [];
    const told = await polls(place, { times: 3, after: async () => void covered.push(await place.coveredUntil()) });
    expect(told).toContain('source-empty-answer');
    expect(covered).toEqual([settled, settled, isoInstant(noon + 13 * minuteMs)]);
    expect(place.events.findLast(({ event }) => event === 'window_read')).toMatchObject({ rows: 0, vanished: 12 });
    expect(await place.known()).toBe(12);
    place.vendor.faults.clear();
    expect(await polls(place, { times: 1 })).toEqual(new Set());
    expect(place.destination.sent.flat()).toHaveLength(12);
  });

  it('A10: that shrinks without being empty moves on, and what vanished is counted', async () => {
    const place = await openPlace({ rows });
    await place.run();
    place.vendor.messages.remove('m47');
    place.clock.at += 5 * minuteMs;
    expect((await place.run()).sources[0]).toMatchObject({ vanished: 1, problems: {} });
    expect(await place.known()).toBe(rows.length);
  });
});

describe('a window that is cut off at a number of rows without a word', () => {
  it('A11: that is known is read in parts until none is as large', async () => {
    const place = await openPlace({ rows, limits: { rowCap: 15 } });
    place.vendor.faults.add({ fault: 'capped', entries: 15, overRows: 15, times: 1_000 });
    expect(await polls(place, { times: 6 })).toContain('source-capped');
    expect(await place.state()).toMatchObject({ pieces: [] });
    await expectEachOnce(place);
  });
});

describe('a window that is too large', () => {
  it('A12: is cut in halves at once, at whole minutes, and each half is read in the same run', async () => {
    const place = await openPlace({ rows });
    place.vendor.faults.add({ fault: 'too-large', overRows: 15, times: 1_000 });
    await place.run();
    expect(await place.state()).toMatchObject({ pieces: [] });
    expect(await place.coveredUntil()).toBe(settled);
    await expectEachOnce(place);
    expect(widthsOf(place).every((width) => width % minuteMs === 0)).toBe(true);
  });

  it('A12: is cut after the second time that no answer came in time', async () => {
    const place = await openPlace({ rows, source: { timeout: '1s' } });
    place.vendor.faults.add({ fault: 'silent', overRows: 30, times: 1_000 });
    await polls(place, { times: 2 });
    expect(place.vendor.requests.slice(0, 3).map(({ fault }) => fault)).toEqual(['silent', 'silent', undefined]);
    await polls(place, { times: 3 });
    expect(await place.state()).toMatchObject({ pieces: [] });
    await expectEachOnce(place);
  });

  it('A12: keeps its parts while the process ends in between, and is not asked for whole again', async () => {
    const place = await openPlace({ rows, source: { timeout: '1s' } });
    place.vendor.faults.add({ fault: 'too-large', overRows: 30 });
    // The halves are not read in this run: the vendor falls silent.
    place.vendor.faults.add({ fault: 'silent', times: 2 });
    await place.run();
    const { pieces } = await place.state();
    expect(pieces).toHaveLength(2);
    expect(await place.coveredUntil()).toBe(isoInstant(startAt));
    await place.restart();
    expect((await place.state()).pieces).toEqual(pieces);
    const before = place.vendor.requests.length;
    await place.run();
    expect(await place.state()).toMatchObject({ pieces: [] });
    await expectEachOnce(place);
    expect(Math.max(...widthsOf(place).slice(before))).toBeLessThan(13 * hourMs);
  });

  it('A13: down to the minute is stuck there, told, and keeps nothing else from being read', async () => {
    const bad = noon - 6 * hourMs;
    const place = await openPlace({ rows: [...rows, rowAt(bad, 'bad')] });
    place.vendor.faults.add({ fault: 'too-large', at: isoInstant(bad), times: 100_000 });
    await polls(place, { times: 3 });
    const between = await place.state();
    await place.restart();
    expect((await place.state()).pieces).toEqual(between.pieces);
    expect(await polls(place, { times: 60 })).toContain('source-too-large');
    const stuck = await stuckOf(place);
    // Each is asked for with a minute more on both sides, so that the bad minute spoils its neighbours.
    expect(stuck.map(({ window }) => (window.from - bad) / minuteMs)).toEqual([-2, -1, 0, 1]);
    expect(stuck.every(({ window }) => window.to - window.from === minuteMs)).toBe(true);
    expect((await place.state()).pieces).toHaveLength(stuck.length);
    expect(place.events.filter(({ event }) => event === 'window_stuck').length).toBeGreaterThanOrEqual(4);
    // Sweeps go around it, and it is tried ever more seldom.
    expect(place.vendor.requests.length).toBeLessThan(200);
    // People are shown no more than is so; what is new goes on all the same.
    expect(await place.coveredUntil()).toBe(isoInstant(bad - 2 * minuteMs));
    expect((await place.state()).frontier).toBe(place.clock.at - 7 * minuteMs);
    expect(await place.known()).toBe(rows.length);
    const before = place.vendor.requests.length;
    place.vendor.messages.put(rowAt(place.clock.at - 4 * minuteMs, 'new'));
    await polls(place, { times: 1 });
    expect(await place.known()).toBe(rows.length + 1);
    expect(place.vendor.requests.length - before).toBeLessThan(8);
  });

  it('A13: that is stuck is read by itself once the vendor can answer, and holds nothing back any more', async () => {
    const bad = noon - 6 * hourMs;
    const place = await openPlace({ rows: [...rows, rowAt(bad, 'bad')] });
    place.vendor.faults.add({ fault: 'too-large', at: isoInstant(bad), times: 100_000 });
    await polls(place, { times: 12 });
    place.vendor.faults.clear();
    place.clock.at += 7 * hourMs;
    await polls(place, { times: 2 });
    expect(await place.state()).toMatchObject({ pieces: [] });
    expect(await place.known()).toBe(rows.length + 1);
    expect(await place.coveredUntil()).toBe(isoInstant(place.clock.at - 7 * minuteMs));
  });
});

describe('a past that the vendor keeps no longer', () => {
  it('A18: ends a backfill where it begins, by name, and is not asked for again', async () => {
    const past = { from: noon - 90 * dayMs, to: noon - 2 * dayMs };
    const kept = rowsOver({ from: noon - 30 * dayMs + hourMs, to: past.to }, 28);
    const gone = rowsOver({ from: past.from, to: noon - 31 * dayMs }, 50).map((row, index) => ({
      ...row,
      outgoingMessageId: `gone${index}`,
    }));
    const place = await openPlace({ rows: [...kept, ...gone], vendor: { retentionDays: 30 } });
    await place.run();
    const job = { id: 'past', source: sourceName, range: past, order: 'newest-first', resend: false } as const;
    await place.ledger().backfills.begin({ ...job, startedAt: noon });
    const { signal } = new AbortController();
    const steps: string[] = [];
    while (steps.at(-1) !== 'nothing' && steps.length < 100) {
      steps.push((await place.runs().readBackfill(sourceName, signal)).kind);
    }
    expect(steps.length).toBeLessThan(20);
    expect(await place.ledger().backfills.get('past')).toMatchObject({ state: 'retention' });
    // Smaller than a day nothing is tried: at most so much of what the vendor keeps is left.
    const known = await place.ledger().coverage.known(sourceName, { from: noon - 29 * dayMs, to: past.to });
    expect(known).toBe(kept.filter((_, index) => index >= 1).length);
    const before = place.vendor.requests.length;
    await place.restart();
    expect(await place.runs().readBackfill(sourceName, signal)).toEqual({ kind: 'nothing' });
    expect(place.vendor.requests).toHaveLength(before);
  });
});
