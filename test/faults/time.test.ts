import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { dayMs, hourMs, isoInstant, minuteMs } from '../../src/exchange/window.ts';
import { noon, openPlace, rowAt, rowsBefore, settled, type Place } from './place.ts';

async function poll(place: Place, afterMs = 5 * minuteMs): Promise<void> {
  place.clock.at += afterMs;
  const started = await place.runs().start({ trigger: 'schedule' });
  if (started.kind === 'started') await started.finished;
}

describe('a clock', () => {
  it.each([
    ['ahead of', 4],
    ['behind', -4],
  ])(
    'E1: of ours that is four minutes %s the vendor’s loses nothing, and claims nothing that has not been',
    async (_, minutes) => {
      // The vendor's clock, as it tells it; the messages come by its time.
      const place = await openPlace({ vendor: { clockSkewMs: -minutes * minuteMs } });
      const vendorNow = () => place.clock.at - minutes * minuteMs;
      for (let index = 0; index < 12; index += 1) {
        place.vendor.messages.put(rowAt(vendorNow(), `m${index}`), place.clock.at + minuteMs);
        await poll(place, 3 * minuteMs);
        expect(Date.parse(await place.coveredUntil())).toBeLessThanOrEqual(vendorNow() - 2 * minuteMs);
      }
      await poll(place);
      await poll(place);
      expect(await place.known()).toBe(12);
    },
  );

  it('E2: that steps back moves no coverage back, and reads on', async () => {
    const place = await openPlace({ rows: rowsBefore(noon - 10 * minuteMs, 5) });
    await place.run();
    expect(await place.coveredUntil()).toBe(settled);
    await poll(place, -hourMs);
    expect(await place.coveredUntil()).toBe(settled);
    place.vendor.messages.put(rowAt(noon + minuteMs, 'new'));
    await poll(place, hourMs + 10 * minuteMs);
    expect(await place.known()).toBe(6);
    expect(await place.coveredUntil()).toBe(isoInstant(noon + 8 * minuteMs));
  });

  it('E3: years ahead at start covers nothing beyond the vendor’s time, and does no harm once it is right', async () => {
    const place = await openPlace({ rows: rowsBefore(noon - 10 * minuteMs, 5), vendor: { now: () => noon } });
    place.clock.at = noon + 3_650 * dayMs;
    await place.run();
    expect(await place.coveredUntil()).toBe(settled);
    place.clock.at = noon + minuteMs;
    place.vendor.messages.change('m0', { delivered: 'true', messageStatus: 'DELIVERED' });
    await place.run();
    expect(place.destination.arrived.size).toBe(5);
    expect(place.destination.sent.flat()).toHaveLength(6);
  });
});

describe('the zone of the process', () => {
  const script = [
    "import { sentAt } from './src/sources/dialog-health/sent-at.ts';",
    "const hours = ['03/08/2026 06:59', '03/08/2026 07:00', '03/08/2026 07:30', '11/01/2026 05:30', '11/01/2026 06:30'];",
    "console.log(JSON.stringify(hours.map((text) => sentAt(...text.split(' ')))));",
  ].join('\n');
  const inZone = (zone: string): string =>
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { env: { TZ: zone }, encoding: 'utf8' });

  it.each(['America/New_York', 'Asia/Kolkata', 'Pacific/Auckland', 'Pacific/Apia'])(
    'E4: %s changes no time of a message: they are UTC',
    (zone) => {
      expect(inZone(zone)).toBe(inZone('UTC'));
    },
  );

  it('E5: makes no hour twice or none when its clocks change: an hour apart is an hour', () => {
    const times: readonly { readonly at: number }[] = JSON.parse(inZone('America/New_York'));
    const [before, after, later, first, second] = times.map(({ at }) => at);
    expect((after ?? 0) - (before ?? 0)).toBe(minuteMs);
    expect((later ?? 0) - (after ?? 0)).toBe(30 * minuteMs);
    expect((second ?? 0) - (first ?? 0)).toBe(hourMs);
  });
});

describe('the edge of a window', () => {
  it.each(['inclusive', 'exclusive', 'half-open'] as const)(
    'E6: loses and doubles nothing where the vendor’s bounds are %s',
    async (bounds) => {
      const place = await openPlace({ vendor: { bounds } });
      for (let index = 0; index < 12; index += 1) {
        // One in the very minute at which the next window begins, and one beside it.
        place.vendor.messages.put(rowAt(place.clock.at, `at ${index}`));
        place.vendor.messages.put(rowAt(place.clock.at + minuteMs, `after ${index}`));
        await poll(place, 2 * minuteMs);
      }
      await poll(place);
      expect(await place.known()).toBe(24);
      expect(place.destination.sent.flat()).toHaveLength(24);
    },
  );
});

describe('a message that is dated in the future', () => {
  it('E7: moves no coverage, and arrives once its time has come', async () => {
    const place = await openPlace({ rows: [rowAt(noon + dayMs, 'tomorrow'), rowAt(noon - hourMs, 'today')] });
    await place.run();
    expect(await place.coveredUntil()).toBe(settled);
    expect(await place.known()).toBe(1);
    await poll(place, dayMs + 10 * minuteMs);
    expect(place.destination.arrived.size).toBe(2);
  });
});
