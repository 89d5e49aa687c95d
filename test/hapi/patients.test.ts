import { randomUUID } from 'node:crypto';
import type { Patient } from 'fhir/r4.js';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { sampleRows, type SampleRow } from '../support/sample-rows.ts';
import { expectEachOnce, openHospital, reportOf, type Hospital } from './hospital.ts';
import { openLine, type Line } from './line.ts';

let hospital: Hospital | undefined;
let line: Line | undefined;

afterEach(async () => {
  await hospital?.close();
  await line?.close();
  [hospital, line] = [undefined, undefined];
});

/** Ids and a system that no other test has: the server is shared. */
function people() {
  const unique = randomUUID();
  const system = `https://hospital.example.org/${unique}/mrn`;
  const rows = sampleRows(Date.now());
  return {
    system,
    rows,
    /** The rows to persons with these medical record numbers, in turn. */
    rowsTo: (...numbers: readonly string[]): readonly SampleRow[] =>
      rows.map((row, index) => ({ ...row, personId: numbers[index % numbers.length] ?? '' })),
    person: (name: string, number: string, more: Partial<Patient> = {}): Patient => ({
      resourceType: 'Patient',
      id: `${name}-${unique}`,
      identifier: [{ system, value: number }],
      ...more,
    }),
  };
}

const subjects = async ({ messages }: Hospital): Promise<readonly (string | undefined)[]> =>
  (await messages()).map(({ subject }) => subject?.reference);

describe.each(['lookup', 'conditional'])('Patients by identifier in HAPI FHIR (%s)', (reference) => {
  it('get their messages, and one who comes later gets them when released', async () => {
    const { system, rowsTo, person } = people();
    const rows = rowsTo('A,1', 'b|2');
    hospital = await openHospital({ rows, unknown: ['A,1', 'b|2'], patient: { reference, system } });
    const there = person('there', 'A,1');
    await hospital.chart.put(there);
    const first = await hospital.program(['run', '--json']);
    expect(reportOf(first)).toMatchObject({ delivery: { delivered: 3, waiting: 3, rejected: 0 } });
    expect(new Set(await subjects(hospital))).toEqual(new Set([`Patient/${there.id}`]));

    const late = person('late', 'b|2');
    await hospital.chart.put(late);
    await hospital.program(['rejected', 'release', '--code', 'patient-not-found']);
    const second = await hospital.program(['run', '--json']);
    expect(second).toMatchObject({ code: 0 });
    expect(reportOf(second)).toMatchObject({ delivery: { delivered: 3, waiting: 0 } });
    await expectEachOnce(hospital);
    expect((await subjects(hospital)).filter((each) => each === `Patient/${late.id}`)).toHaveLength(3);
  });

  it('who are two for one identifier get nothing; one that was merged gives to the other', async () => {
    const { system, rowsTo, person } = people();
    const rows = rowsTo('twice', 'merged');
    hospital = await openHospital({ rows, unknown: ['twice', 'merged'], patient: { reference, system } });
    const survivor = person('new', 'merged');
    const link: Patient['link'] = [{ type: 'replaced-by', other: { reference: `Patient/${survivor.id}` } }];
    for (const patient of [person('one', 'twice'), person('two', 'twice'), survivor]) await hospital.chart.put(patient);
    await hospital.chart.put(person('old', 'merged', { active: false, link }));
    const report = reportOf(await hospital.program(['run', '--json']));
    expect(report).toMatchObject({
      delivery: { delivered: 3, waiting: 3, rejected: 0, problems: { 'patient-ambiguous': 3 } },
    });
    expect(new Set(await subjects(hospital))).toEqual(new Set([`Patient/${survivor.id}`]));
  });
});

describe('Patients in HAPI FHIR', () => {
  it('are found by HAPI itself in a transaction, and by nobody before', async () => {
    const { system, rowsTo, person } = people();
    line = await openLine(inject('hapi'));
    const patient = { reference: 'conditional', system };
    hospital = await openHospital({ rows: rowsTo('A,1|$'), unknown: ['A,1|$'], patient, fhirUrl: line.url });
    const there = person('there', 'A,1|$');
    await hospital.chart.put(there);
    expect(await hospital.program(['run', '--json'])).toMatchObject({ code: 0 });
    // But for the search at start that shows whether the login may search.
    expect(line.asked().filter((path) => path.includes(encodeURIComponent(system)))).toEqual([]);
    expect(new Set(await subjects(hospital))).toEqual(new Set([`Patient/${there.id}`]));
    await expectEachOnce(hospital);
  });

  it('that are missing are named by identifier alone where that is wanted', async () => {
    const { system, rowsTo } = people();
    const nobody = `nobody-${randomUUID()}`;
    const patient = { reference: 'literal', system, missing: 'send-identifier' };
    hospital = await openHospital({ rows: rowsTo(nobody), unknown: [nobody], patient });
    expect(await hospital.program(['run', '--json'])).toMatchObject({ code: 0 });
    const [message] = await hospital.messages();
    expect(message?.subject).toMatchObject({ type: 'Patient', identifier: { system, value: nobody } });
    expect(message?.subject?.reference).toBeUndefined();
    await expectEachOnce(hospital);
  });

  it('with another name than the message get nothing, and the right ones do', async () => {
    const { rows, person } = people();
    const right = person('right', 'x', { name: [{ family: 'Example', given: ['Ada'] }] });
    const wrong = person('wrong', 'y', { name: [{ family: 'Other', given: ['Ada'] }] });
    const ids = [right.id ?? '', wrong.id ?? ''];
    const named = rows.map((row, index) => ({ ...row, personId: ids[index % 2] ?? '', personName: 'Ada Example' }));
    hospital = await openHospital({ rows: named, unknown: ids, patient: { reference: 'literal', verify: 'name' } });
    for (const patient of [right, wrong]) await hospital.chart.put(patient);
    expect(reportOf(await hospital.program(['run', '--json']))).toMatchObject({
      delivery: { delivered: 3, waiting: 0, rejected: 3, problems: { 'patient-mismatch': 3 } },
    });
    expect(new Set(await subjects(hospital))).toEqual(new Set([`Patient/${right.id}`]));
  });
});
