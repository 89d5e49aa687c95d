import { beforeEach, describe, expect, it } from 'vitest';
import { minuteMs } from '../../src/exchange/window.ts';
import { makeVendorClocks, type VendorClocks } from '../../src/sync/vendor-clock.ts';
import { keptAudit, message, reading, scriptedSource } from '../support/scripted.ts';

const start = Date.parse('2026-03-10T12:00:00Z');
let clock = start;
let clocks: VendorClocks;
let log: ReturnType<typeof keptAudit>;

beforeEach(() => {
  clock = start;
  log = keptAudit();
  clocks = makeVendorClocks(log.audit, () => clock);
});

/** Reads once: the vendor's clock is ahead by that, and the answer takes its time to begin and to end. */
async function read(aheadMs: number | undefined, { beginsMs = 0, endsMs = 0 } = {}) {
  const source = scriptedSource();
  source.script.push(async (take) => {
    clock += beginsMs;
    const vendorNow = aheadMs === undefined ? {} : { vendorNow: Math.floor((clock + aheadMs) / 1000) * 1000 };
    await take([reading(message('a'))]);
    clock += endsMs;
    return { kind: 'complete', rows: 1, bytes: 100, ...vendorNow };
  });
  return clocks
    .watched(source)
    .read({ from: 0, to: minuteMs }, () => Promise.resolve(), new AbortController().signal, 1);
}

const offset = () => clocks.offsetMs('main-clinic');

describe("the vendor's clock", () => {
  it('is not known before it was seen', async () => {
    expect(offset()).toBeUndefined();
    await read(undefined);
    expect(offset()).toBeUndefined();
  });

  it.each([90_000, -45_000, 0])('is known to be %i ms ahead, to the second', async (ahead) => {
    await read(ahead);
    expect(Math.abs((offset() ?? NaN) - ahead)).toBeLessThanOrEqual(500);
    expect(log.events).toEqual([]);
  });

  it('is compared with ours when the answer began, however long it took to its end', async () => {
    await read(0, { endsMs: 10 * minuteMs });
    expect(offset()).toBe(500);
    expect(log.events).toEqual([]);
  });

  it('is told when it is off by more than two minutes: once, and again after it was right', async () => {
    for (const ahead of [3 * minuteMs, 4 * minuteMs, 0, -3 * minuteMs]) await read(ahead);
    expect(log.events).toEqual([
      { event: 'vendor_clock_off', source: 'main-clinic', offsetSeconds: 181 },
      { event: 'vendor_clock_off', source: 'main-clinic', offsetSeconds: -179 },
    ]);
  });

  it('is not blamed for an answer that took minutes to begin', async () => {
    await read(0, { beginsMs: 5 * minuteMs });
    expect(log.events).toEqual([]);
    await read(5 * minuteMs, { beginsMs: 5 * minuteMs });
    expect(log.events).toHaveLength(1);
  });

  it('leaves what is read as it is', async () => {
    const outcome = await read(0);
    expect(outcome).toMatchObject({ kind: 'complete', rows: 1, bytes: 100 });
    const watched = clocks.watched(scriptedSource('north'));
    expect([watched.name, watched.longestWindowMs]).toEqual(['north', 7 * 24 * 60 * minuteMs]);
  });
});
