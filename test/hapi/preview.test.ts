import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PreviewReport } from '../../src/sync/preview.ts';
import { versionOf } from './chart.ts';
import { openHospital, type Hospital } from './hospital.ts';

let hospital: Hospital;

beforeEach(async () => {
  hospital = await openHospital();
});

afterEach(() => hospital.close());

async function previewed(): Promise<PreviewReport> {
  const { stdout } = await hospital.program(['preview', '--json']);
  return JSON.parse(stdout) as PreviewReport;
}

describe('a preview of what HAPI FHIR would get', () => {
  it('finds each message new before a run and unchanged after it, and writes nothing', async () => {
    expect((await previewed()).summary).toMatchObject({ create: 6, unchanged: 0, notValid: 0 });
    expect(await hospital.messages()).toEqual([]);
    await hospital.program(['run']);
    const before = await hospital.messages();
    expect((await previewed()).summary).toMatchObject({ create: 0, update: 0, unchanged: 6 });
    const after = await hospital.messages();
    expect(after.map(versionOf)).toEqual(before.map(versionOf));
  });

  it('names the elements that somebody changed at HAPI', async () => {
    await hospital.program(['run']);
    const [first] = await hospital.messages();
    expect.assert(first !== undefined);
    await hospital.chart.put({ ...first, status: 'on-hold' });
    const { messages } = await previewed();
    expect(messages.flatMap((each) => (each.state === 'foreign' ? [[each.key, each.differences]] : []))).toEqual([
      [first.id, [{ element: 'status', ours: first.status, theirs: 'on-hold' }]],
    ]);
  });
});
