import { describe, expect, it } from 'vitest';
import type { VendorFault } from '../../sandbox/vendor/vendor-fault.ts';
import { minuteMs } from '../../src/exchange/window.ts';
import { openPlace, rowsOver, settled, sourceName, startAt, type Place } from './place.ts';

const day = { from: startAt, to: Date.parse(settled) };
const rows = rowsOver(day, 48);

const isRead = async (place: Place): Promise<boolean> => Date.parse(await place.coveredUntil()) >= day.to;

/** The schedule goes on, every five minutes, until everything until noon is read. */
async function untilRead(place: Place): Promise<readonly string[]> {
  const told: string[] = [];
  for (let poll = 0; poll < 60 && !(await isRead(place)); poll += 1) {
    const started = await place.runs().start({ trigger: 'schedule' });
    if (started.kind === 'started') told.push(...Object.keys((await started.finished).sources[0]?.problems ?? {}));
    place.clock.at += 5 * minuteMs;
  }
  return told;
}

async function expectEachOnce(place: Place): Promise<void> {
  expect(await place.known()).toBe(rows.length);
  expect(place.destination.sent.flat()).toHaveLength(rows.length);
  expect(await place.state()).toMatchObject({ pieces: [] });
}

/** Whether it is the window's own trouble is asked of the newest minute; of a redirect it is not. */
const asksOf = (code: string): number => (code === 'source-unexpected-answer' ? 2 : 1);

describe('an answer that is none', () => {
  const onceWrong: readonly (readonly [string, VendorFault, string])[] = [
    ['A6: half a document with 200 is an incomplete answer', 'short-body', 'source-incomplete-answer'],
    ['A8: a page of HTML with 200 is never "no records"', 'html', 'source-unexpected-answer'],
    ['A9: an error object with 200 is never "no records"', 'error-object', 'source-unexpected-answer'],
    ['A19: a redirect is not followed, wherever it leads', 'redirect', 'source-redirect'],
  ];

  it.each(onceWrong)('%s: nothing counts as read, and the next run reads everything', async (_title, fault, code) => {
    const place = await openPlace({ rows });
    place.vendor.faults.add({ fault });
    expect(await place.run()).toMatchObject({ state: 'failed', sources: [{ problems: { [code]: 1 } }] });
    expect(await place.coveredUntil()).toBe('nothing');
    expect(place.vendor.requests).toHaveLength(asksOf(code));
    await place.run();
    expect(await place.coveredUntil()).toBe(settled);
    await expectEachOnce(place);
  });

  it.each(['html', 'error-object', 'redirect'] as const)(
    'A8: that keeps coming (%s) is asked for ever more seldom, in one piece, and said aloud',
    async (fault) => {
      const place = await openPlace({ rows });
      place.vendor.faults.add({ fault, times: 1_000 });
      const told = await untilRead(place);
      expect(new Set(told).size).toBe(1);
      expect(place.vendor.requests.length).toBeLessThan(40 * asksOf(told[0] ?? ''));
      expect(await place.state()).toMatchObject({ pieces: [] });
      expect(await place.coveredUntil()).toBe('nothing');
    },
  );

  it('A6: that ends in its middle whenever it is large is read in parts, and loses nothing', async () => {
    const place = await openPlace({ rows });
    place.vendor.faults.add({ fault: 'short-body', overRows: 15, times: 1_000 });
    expect(await untilRead(place)).toContain('source-incomplete-answer');
    await expectEachOnce(place);
  });

  it('A28: that is small on the wire and too large unpacked is not read on, and its window is read in parts', async () => {
    const blown = rows.map((row) => ({ ...row, outgoingMessage: ' '.repeat(20_000) }));
    const place = await openPlace({ rows: blown, vendor: { compress: true }, source: { maxResponseBytes: '400KiB' } });
    const first = await place.run();
    expect(first.sources[0]?.problems).toHaveProperty('source-too-large');
    await untilRead(place);
    await expectEachOnce(place);
    const windows = await place.ledger().coverage.windows({ source: sourceName }, { limit: 100 });
    expect(windows.items.filter(({ code }) => code === 'source-too-large').length).toBeGreaterThan(1);
  });
});
