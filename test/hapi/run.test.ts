import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectEachOnce, openHospital, reportOf, type Hospital } from './hospital.ts';

let hospital: Hospital;

beforeEach(async () => {
  hospital = await openHospital();
});

afterEach(() => hospital.close());

describe('a run into HAPI FHIR', () => {
  it('delivers the six rows of the sample as six Communications, found by identifier', async () => {
    const ended = await hospital.program(['run', '--json']);
    expect(ended).toMatchObject({ code: 0 });
    expect(reportOf(ended)).toMatchObject({ state: 'done', delivery: { delivered: 6, waiting: 0, rejected: 0 } });
    await expectEachOnce(hospital);
  });

  it('changes nothing when the same rows are read again', async () => {
    await hospital.program(['run']);
    const again = await hospital.program(['run', '--json']);
    expect(reportOf(again)).toMatchObject({ sources: [{ new: 0, unchanged: 6 }], delivery: { delivered: 0 } });
    await expectEachOnce(hospital);
  });

  it('after the loss of its ledger reads everything again, and doubles nothing', async () => {
    await hospital.program(['run']);
    await hospital.loseLedger();
    const rebuilt = await hospital.program(['run', '--json']);
    expect(reportOf(rebuilt)).toMatchObject({ sources: [{ new: 6 }], delivery: { delivered: 6 } });
    await expectEachOnce(hospital);
  });
});
