import { afterEach, describe, expect, it } from 'vitest';
import { expectEachOnce, openHospital, type Hospital } from './hospital.ts';

const entry = ['test/support/crashing-main.ts'];
let hospital: Hospital;

afterEach(() => hospital.close());

describe('a run into HAPI FHIR that is killed by SIGKILL, and run again', () => {
  it.each([
    ['while it reads', 'reading', 1],
    ['with its rows recorded and the window not yet covered', 'recorded', 1],
    ['with the window covered and nothing sent', 'covered', 1],
    ['between claim and sending', 'claimed', 1],
    ['when HAPI has the first Bundle and the ledger does not know', 'sent', 1],
    ['when HAPI has the second Bundle and the ledger does not know', 'sent', 2],
    ['with part of the messages settled', 'settled', 1],
  ])('%s: leaves each message there once', async (_when, point, nth) => {
    hospital = await openHospital({ maxEntries: 2 });
    const killed = await hospital.program([point, String(nth), 'run'], entry);
    expect(killed).toMatchObject({ signal: 'SIGKILL' });
    expect(await hospital.program(['run'])).toMatchObject({ code: 0 });
    await expectEachOnce(hospital);
  });
});
