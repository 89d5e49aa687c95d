import { afterEach, describe, expect, inject, it } from 'vitest';
import { expectEachOnce, openHospital, type Hospital } from './hospital.ts';
import { openLine, type Line } from './line.ts';

const entry = ['test/support/crashing-main.ts'];
let hospital: Hospital;
let line: Line | undefined;

afterEach(async () => {
  await hospital.close();
  await line?.close();
  line = undefined;
});

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

  it.each([
    ['while HAPI is at work on a Bundle', 'hapi-begins'],
    ['when HAPI has answered and the answer has not arrived', 'hapi-has-answered'],
  ] as const)('%s: leaves each message there once', async (_when, moment) => {
    line = await openLine(inject('hapi'));
    hospital = await openHospital({ fhirUrl: line.url });
    const running = hospital.start(['run']);
    line.watch(moment, () => running.child.kill('SIGKILL'));
    expect(await running.ended).toMatchObject({ signal: 'SIGKILL' });
    expect(await hospital.program(['run'])).toMatchObject({ code: 0 });
    await expectEachOnce(hospital);
  });
});
