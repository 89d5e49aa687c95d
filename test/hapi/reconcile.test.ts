import type { Communication } from 'fhir/r4.js';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { dayMs } from '../../src/exchange/window.ts';
import type { Counts, ReconcileReport } from '../../src/sync/reconcile/reconcile-report.ts';
import { versionOf } from './chart.ts';
import { openHospital, type Hospital } from './hospital.ts';

let hospital: Hospital;

beforeEach(async () => {
  hospital = await openHospital();
  await hospital.program(['run']);
});

afterEach(() => hospital.close());

async function reconciled(): Promise<{
  readonly code: number | null;
  readonly report: ReconcileReport;
  readonly totals: Counts;
}> {
  const range = ['--from', new Date(Date.now() - dayMs).toISOString(), '--to', new Date().toISOString()];
  const { code, stdout } = await hospital.program(['reconcile', ...range, '--json']);
  const report: ReconcileReport = JSON.parse(stdout);
  const [source] = report.sources;
  if (source === undefined) throw new Error('no source in the report');
  return { code, report, totals: source.totals };
}

/** As somebody else would, by plain requests. */
async function atHapi(method: 'PUT' | 'DELETE', id: string, resource?: Communication): Promise<void> {
  const response = await fetch(`${inject('hapi')}/Communication/${id}`, {
    method,
    ...(resource === undefined
      ? {}
      : { headers: { 'content-type': 'application/fhir+json' }, body: JSON.stringify(resource) }),
  });
  if (!response.ok) throw new Error(`${method}: ${response.status}`);
}

describe('a reconciliation with HAPI FHIR', () => {
  it('finds everything as it was written, and writes nothing', async () => {
    const before = (await hospital.messages()).map(versionOf);
    const { code, report, totals } = await reconciled();
    expect({ code, verdict: report.verdict }).toEqual({ code: 0, verdict: 'agree' });
    expect(report.ehr).toMatchObject({ kind: 'ready', write: 'put-by-id', findsCopies: true });
    expect(totals).toMatchObject({ vendor: 6, ledger: 6, ehr: 6 });
    expect((await hospital.messages()).map(versionOf)).toEqual(before);
  });

  it('finds what was removed, changed and doubled there', async () => {
    const [removed, changed, doubled] = await hospital.messages();
    if (removed?.id === undefined || changed?.id === undefined || doubled?.id === undefined) throw new Error('too few');
    await atHapi('DELETE', removed.id);
    await atHapi('PUT', changed.id, { ...changed, status: 'entered-in-error' });
    const copy = `copy-${doubled.id.slice(0, 8)}`;
    await atHapi('PUT', copy, { ...doubled, id: copy });
    const { code, totals } = await reconciled();
    expect(code).toBe(3);
    expect(totals).toMatchObject({
      missingInEhr: { count: 1, keys: [removed.id] },
      changedAtEhr: { count: 1, keys: [changed.id], by: { 'entered-in-error-at-ehr': 1, status: 1 } },
      doubled: { count: 1, keys: [doubled.id] },
      ehr: 5,
    });
  });
});
