import { describe, expect, it } from 'vitest';
import type { Trouble } from '../support/fault-proxy.ts';
import { openPlace, rowsBefore, settled, type Place, type PlaceOptions } from './place.ts';

const rows = rowsBefore(Date.parse(settled), 40);
/** Of one of the three requests that each test makes; long enough for a busy machine to answer whole. */
const source = { timeout: '1s' };

/** What a run reports of its reading while the network is so, and that nothing counts as read. */
async function fails(place: Place, trouble: Trouble) {
  await place.proxy.make(trouble);
  const report = await place.run();
  expect(report).toMatchObject({ state: 'failed', sources: [{ windows: 0 }] });
  expect(await place.coveredUntil()).toBe('nothing');
  return report.sources[0]?.problems;
}

/** Once the network is well again, everything is there, once. */
async function recovers(place: Place): Promise<void> {
  await place.proxy.make({ kind: 'none' });
  expect(await place.run()).toMatchObject({ state: 'done' });
  expect(await place.coveredUntil()).toBe(settled);
  expect(await place.known()).toBe(rows.length);
  expect(place.destination.arrived.size).toBe(rows.length);
  expect(place.destination.sent.flat()).toHaveLength(rows.length);
}

const open = (options: PlaceOptions = {}): Promise<Place> => openPlace({ rows, source, ...options });

describe('a network that fails', () => {
  it('A1: refuses the connection: the run fails, the schedule holds back, and the next run reads everything', async () => {
    const place = await open();
    expect(await fails(place, { kind: 'down' })).toEqual({ 'source-unreachable': 1 });
    expect(await place.runs().start({ trigger: 'schedule' })).toEqual({ kind: 'paused' });
    expect(place.vendor.requests).toHaveLength(0);
    await recovers(place);
  });

  it('A1: knows no such host: the run fails, and nothing counts as read', async () => {
    const place = await open({ source: { ...source, url: 'https://vendor.invalid/dialoghealth-writeback-api' } });
    expect(await fails(place, { kind: 'none' })).toEqual({ 'source-unreachable': 1 });
  });

  it('A3: lets no answer through: the deadline ends the wait, and the request is counted', async () => {
    const place = await open();
    expect(await fails(place, { kind: 'silent' })).toHaveProperty('source-timeout');
    const spent = await place.ledger().budget.used('main-clinic', place.clock.at);
    expect(spent).toBe(place.vendor.requests.length);
    await recovers(place);
  });

  it('A3: is late, but in time: the answer is read', async () => {
    const place = await open();
    await place.proxy.make({ kind: 'late', ms: 300 });
    expect(await place.run()).toMatchObject({ state: 'done' });
    expect(await place.known()).toBe(rows.length);
  });

  it('A4: drips, each part in time: the deadline covers the body too', async () => {
    const place = await open();
    const started = performance.now();
    expect(await fails(place, { kind: 'drip', bytes: 100, everyMs: 50 })).toHaveProperty('source-timeout');
    expect(performance.now() - started).toBeLessThan(10_000);
    await recovers(place);
  });

  it.each([
    ['A5: resets the connection in the body: nothing of the window counts as read', 'reset'],
    ['A5: closes the connection in the body: nothing of the window counts as read', 'cut'],
  ] as const)('%s', async (_title, kind) => {
    const place = await open();
    expect(await fails(place, { kind, afterBytes: 9_000 })).toHaveProperty('source-incomplete-answer');
    await recovers(place);
  });
});
