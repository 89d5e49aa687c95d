import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReadOutcome } from '../../src/sources/source.ts';
import { answer, message, reading } from '../support/scripted.ts';
import { openSyncPlace, type SyncPlace } from './sync-place.ts';

let place: SyncPlace;
let answerNorth: () => void;

beforeEach(async () => {
  place = await openSyncPlace('main-clinic', 'north');
  // The north hangs until it is told to answer.
  place.source('north').script.push(
    () =>
      new Promise<ReadOutcome>((resolve) => {
        answerNorth = () => resolve({ kind: 'complete', rows: 0, bytes: 2 });
      }),
  );
});

afterEach(() => place.close());

async function startAll() {
  const all = await place.runs.start({ trigger: 'api' });
  if (all.kind !== 'started') throw new Error(all.kind);
  await expect.poll(() => place.runs.runningId('main-clinic')).toBeUndefined();
  return all;
}

describe('a console that hangs', () => {
  it('in a run over all keeps no other from its schedule', async () => {
    const all = await startAll();
    expect(place.runs.runningId('north')).toBe(all.id);
    place.source('main-clinic').script.push(answer(reading(message('a'))));
    const next = await place.runs.start({ trigger: 'schedule', source: 'main-clinic' });
    if (next.kind !== 'started') throw new Error(next.kind);
    expect(await next.finished).toMatchObject({ state: 'done', delivery: { delivered: 1 } });
    answerNorth();
    expect(await all.finished).toMatchObject({ state: 'done', sources: [{ windows: 1 }, { windows: 1 }] });
  });

  it('is not read twice at once', async () => {
    const all = await startAll();
    expect(await place.runs.start({ trigger: 'schedule', source: 'north' })).toEqual({
      kind: 'already-running',
      id: all.id,
    });
    expect(await place.runs.start({ trigger: 'api' })).toMatchObject({ kind: 'already-running', id: all.id });
    answerNorth();
    await all.finished;
  });

  it('leaves another run its source when the run over all ends', async () => {
    const all = await startAll();
    let answerMain = (): void => {};
    place
      .source('main-clinic')
      .script.push(
        () => new Promise((resolve) => (answerMain = () => resolve({ kind: 'complete', rows: 0, bytes: 2 }))),
      );
    const next = await place.runs.start({ trigger: 'schedule', source: 'main-clinic' });
    if (next.kind !== 'started') throw new Error(next.kind);
    answerNorth();
    await all.finished;
    expect(place.runs.runningId('main-clinic')).toBe(next.id);
    answerMain();
    await next.finished;
    expect(place.runs.runningId('main-clinic')).toBeUndefined();
  });
});
