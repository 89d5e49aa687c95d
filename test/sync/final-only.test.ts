import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DestinationCheck } from '../../src/destinations/destination.ts';
import { dayMs, hourMs } from '../../src/exchange/window.ts';
import { deliverBy, keptBackUntil, lookAgainAt } from '../../src/sync/final-only.ts';
import { answer, message, reading, refuse } from '../support/scripted.ts';
import { openSyncPlace, start, type SyncPlace } from './sync-place.ts';

const ready = { kind: 'ready', write: 'search-then-create', bundle: 'none', why: 'scripted' } as const;
const once: DestinationCheck = { ...ready, writesOnce: true };
const now = start;

describe('which messages are sent', () => {
  it('is set, or follows from whether what was written can be changed', () => {
    expect(deliverBy(undefined, once)).toBe('final');
    expect(deliverBy(undefined, ready)).toBe('always');
    expect(deliverBy(undefined, undefined)).toBe('always');
    expect(deliverBy('always', once)).toBe('always');
    expect(deliverBy('final', ready)).toBe('final');
  });
});

describe('a message whose status may still change', () => {
  const open = { record: { ...message('a'), occurredAt: now - hourMs }, firstReadAt: now, unsure: false };

  it('is kept back until a status can come no more', () => {
    expect(keptBackUntil(open, once, dayMs, now)).toBe(now - hourMs + dayMs);
    expect(keptBackUntil(open, once, hourMs, now)).toBeUndefined();
  });

  it('goes once it is final', () => {
    const final = { ...open, record: { ...message('a', 'DELIVERED', 3), occurredAt: now } };
    expect(keptBackUntil(final, once, dayMs, now)).toBeUndefined();
  });

  it('goes, where the EHR may have it, to be compared with what is there', () => {
    expect(keptBackUntil({ ...open, unsure: true }, once, dayMs, now)).toBeUndefined();
    const known = { ...open, knownReference: 'Communication/1' };
    expect(keptBackUntil(known, once, dayMs, now)).toBeUndefined();
    expect(keptBackUntil(known, ready, dayMs, now)).toBeDefined();
  });

  it('counts from when it was read where it has no time, or one of the future', () => {
    for (const occurredAt of [null, now + 400 * dayMs]) {
      const odd = { ...open, record: { ...open.record, occurredAt } };
      expect(keptBackUntil(odd, once, dayMs, now)).toBe(now + dayMs);
    }
  });

  it('is looked at again after a day at the latest', () => {
    expect(lookAgainAt(now + hourMs, now)).toBe(now + hourMs);
    expect(lookAgainAt(now + 30 * dayMs, now)).toBe(now + dayMs);
  });
});

describe('an EHR that offers no update', () => {
  let place: SyncPlace;
  const run = async () => {
    const started = await place.runs.start({ trigger: 'command' });
    if (started.kind !== 'started') throw new Error(`not started: ${started.kind}`);
    return started.finished;
  };
  const sentAt = (id: string, status: string, rank: number) => ({ ...message(id, status, rank), occurredAt: start });

  beforeEach(async () => {
    place = await openSyncPlace('main-clinic');
    place.destination.check = () => Promise.resolve(once);
  });
  afterEach(() => place.close());

  it('is sent each message once its status is final, and never before', async () => {
    const { source, destination, delivery } = place;
    source().script.push(answer(reading(sentAt('a', 'SENT', 1)), reading(sentAt('b', 'DELIVERED', 3))));
    expect((await run()).delivery).toMatchObject({ delivered: 1, waiting: 1, problems: { 'status-not-final': 1 } });
    expect([...destination.arrived.values()]).toEqual(['DELIVERED']);
    expect(delivery.state().deliver).toBe('final');
    place.clock.at += hourMs;
    source().script.push(answer(reading(sentAt('a', 'DELIVERED', 3))));
    expect((await run()).delivery).toMatchObject({ delivered: 1, waiting: 0 });
    expect([...destination.arrived.values()]).toEqual(['DELIVERED', 'DELIVERED']);
  });

  it('is sent a message as it is once no status can come any more', async () => {
    const { source, destination } = place;
    source().script.push(answer(reading(sentAt('a', 'SENT', 1))));
    await run();
    for (let day = 0; day < 6; day += 1) {
      place.clock.at += dayMs;
      await run();
      expect(destination.arrived.size).toBe(0);
    }
    place.clock.at += 2 * dayMs;
    await run();
    expect([...destination.arrived.values()]).toEqual(['SENT']);
  });

  it('is sent a changed status all the same, and what it says to that is told', async () => {
    const { source, destination, ledger } = place;
    source().script.push(answer(reading(sentAt('a', 'DELIVERED', 3))));
    await run();
    place.clock.at += hourMs;
    destination.script.push(refuse({ code: 'update-not-offered' }));
    source().script.push(answer(reading(sentAt('a', 'READ', 3))));
    expect((await run()).delivery).toMatchObject({ rejected: 1, problems: { 'update-not-offered': 1 } });
    expect(await ledger.messages.counts()).toMatchObject({ rejected: 1 });
  });
});
