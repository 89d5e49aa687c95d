import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { sampleRows } from '../support/sample-rows.ts';
import { identifierOf } from './chart.ts';
import { expectEachOnce, openHospital, reportOf, type Hospital } from './hospital.ts';

let hospital: Hospital;

afterEach(() => hospital.close());

describe('a run into HAPI FHIR where not everything can be delivered', () => {
  it('delivers all but the messages whose Patient HAPI does not have, and those once it has', async () => {
    // The server is shared, and other tests have made their Patients there.
    const newcomer = `Tp-${randomUUID()}`;
    const rows = sampleRows(Date.now()).map((row) =>
      row['personId'] === 'Tpbirch' ? { ...row, personId: newcomer } : row,
    );
    hospital = await openHospital({ rows, unknown: [newcomer] });
    const first = await hospital.program(['run', '--json']);
    expect(first).toMatchObject({ code: 3 });
    expect(reportOf(first)).toMatchObject({
      delivery: { delivered: 3, waiting: 3, rejected: 0, problems: { 'patient-not-found': 3 } },
    });
    expect(await hospital.messages()).toHaveLength(3);

    await hospital.chart.addPatient(newcomer);
    await hospital.program(['rejected', 'release', '--code', 'patient-not-found']);
    const second = await hospital.program(['run', '--json']);
    expect(second).toMatchObject({ code: 0 });
    expect(reportOf(second)).toMatchObject({ delivery: { delivered: 3, waiting: 0 } });
    await expectEachOnce(hospital);
  });

  it('delivers all but a message that cannot be one, and names that for a person', async () => {
    const [bad, ...good] = sampleRows(Date.now());
    hospital = await openHospital({ rows: [{ ...bad, personId: 'no id at all' }, ...good] });
    const ended = await hospital.program(['run', '--json']);
    expect(ended).toMatchObject({ code: 3 });
    expect(reportOf(ended)).toMatchObject({ delivery: { delivered: 5, rejected: 1, waiting: 0 } });
    expect((await hospital.messages()).map(identifierOf)).toEqual(hospital.ids.slice(1).toSorted());
    const listed = await hospital.program(['rejected', 'list', '--json']);
    expect(JSON.parse(listed.stdout)).toMatchObject({ items: [{ code: 'person-id-unusable' }] });
  });
});
