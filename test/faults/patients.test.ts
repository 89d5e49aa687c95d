import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Communication, Patient } from 'fhir/r4.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startEhr, type RunningEhr } from '../../sandbox/ehr/ehr.ts';
import type { Row } from '../../sandbox/vendor/message.ts';
import { startVendor } from '../../sandbox/vendor/vendor.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { ProblemCode } from '../../src/exchange/problem.ts';
import type { DeliveryReport } from '../../src/exchange/reports.ts';
import { dayMs, hourMs, minuteMs, type Instant } from '../../src/exchange/window.ts';
import { openService, type Service } from '../../src/service.ts';
import { noon, rowAt } from './place.ts';

const system = 'urn:oid:2.16.840.1.113883.3.42';
const login = { console: 'SAMPLE01', username: 'sample-user', password: 'sample:password' };
const asker = { user: 'ops', requestId: 'test' };

interface Ward {
  readonly ehr: RunningEhr;
  readonly service: Service;
  readonly clock: { at: Instant };
  /** Intake and delivery, once. */
  run(): Promise<DeliveryReport>;
  /** By the Patient that its Communications refer to; empty: to none. */
  chartOf(reference: string): readonly Communication[];
  held(state: 'waiting' | 'rejected'): Promise<readonly (ProblemCode | null)[]>;
}

/** The whole service between a vendor and an EHR, over real sockets, with a clock of its own. */
async function openWard(
  patient: Readonly<Record<string, string>>,
  patients: readonly Patient[],
  personIds: readonly string[],
): Promise<Ward> {
  const folder = mkdtempSync(join(tmpdir(), 'patients-'));
  const clock = { at: noon };
  const now = (): Instant => clock.at;
  const rows: readonly Row[] = personIds.map((personId, index) =>
    rowAt(noon - (10 + index) * minuteMs, `m${index}`, { personId }),
  );
  const vendor = await startVendor({ ...login, rows, now });
  const ehr = await startEhr({ resources: patients });
  const file = join(folder, 'config.yaml');
  const source = { name: 'main-clinic', kind: 'dialog-health', url: vendor.url, ...login };
  const settings = {
    sources: [{ ...source, startAt: new Date(noon - hourMs).toISOString() }],
    destination: { url: ehr.url },
    patient,
    ledger: { url: `sqlite:${join(folder, 'ledger.db')}` },
    log: { level: 'error' },
  };
  writeFileSync(file, JSON.stringify(settings));
  const loaded = loadConfig({ env: {}, defaultFile: file, now });
  if (loaded.kind === 'invalid') throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  const service = await openService(loaded.config, { now, access: 'owner', log: 'stderr' });
  onTestFinished(async () => {
    await service.stop();
    await vendor.close();
    await ehr.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    ehr,
    service,
    clock,
    async run() {
      const started = await service.runs.start({ trigger: 'command' });
      if (started.kind !== 'started') throw new Error(`not started: ${started.kind}`);
      return (await started.finished).delivery;
    },
    chartOf: (reference) =>
      ehr.store
        .all('Communication')
        .map((resource): Communication => JSON.parse(JSON.stringify(resource)))
        .filter(({ subject }) => (subject?.reference ?? '') === reference),
    async held(state) {
      const { items } = await service.operations.records({ state }, { limit: 100 });
      return items.map(({ code }) => code);
    },
  };
}

const person = (id: string, value: string, more: Partial<Patient> = {}): Patient => ({
  resourceType: 'Patient',
  id,
  identifier: [{ system, value }],
  ...more,
});

describe.each(['literal', 'lookup', 'conditional'])('a message whose Patient is not in the EHR (%s)', (reference) => {
  const byId = reference === 'literal';
  const patient = { reference, system };
  const arrival = byId ? person('late-1', 'x') : person('p-late', 'late-1');
  const known = byId ? person('known-1', 'y') : person('p-known', 'known-1');

  it('B18: waits without using up tries, is looked for again by itself, and is delivered once it is there', async () => {
    const ward = await openWard(patient, [known], ['late-1', 'known-1']);
    expect(await ward.run()).toMatchObject({ delivered: 1, waiting: 1, rejected: 0 });
    ward.clock.at += dayMs;
    expect(await ward.run()).toMatchObject({ delivered: 0, waiting: 1, rejected: 0 });
    const { destinations } = await ward.service.operations.status();
    expect(destinations).toMatchObject([{ waiting: 1, oldestWaitingSeconds: dayMs / 1000 }]);
    ward.ehr.store.write('Patient', arrival.id ?? '', { ...arrival });
    ward.clock.at += hourMs;
    expect(await ward.run()).toMatchObject({ delivered: 1, waiting: 0, rejected: 0 });
    expect(ward.chartOf(`Patient/${arrival.id}`)).toHaveLength(1);
  });

  it('B18: is delivered at once when it is released after the Patient came', async () => {
    const ward = await openWard(patient, [], ['late-1']);
    await ward.run();
    ward.clock.at += dayMs;
    await ward.run();
    ward.ehr.store.write('Patient', arrival.id ?? '', { ...arrival });
    ward.clock.at += minuteMs;
    expect(await ward.run()).toMatchObject({ delivered: 0 });
    expect(await ward.service.operations.release({ code: 'patient-not-found' }, asker)).toBe(1);
    expect(await ward.run()).toMatchObject({ delivered: 1, waiting: 0 });
  });

  it('B18: is rejected by name once patient.maxWait has passed, and written to nobody', async () => {
    const ward = await openWard({ ...patient, maxWait: '2d' }, [], ['late-1']);
    await ward.run();
    ward.clock.at += 2 * dayMs + hourMs;
    expect(await ward.run()).toMatchObject({ waiting: 0, rejected: 1 });
    expect(await ward.held('rejected')).toEqual(['patient-not-found']);
    expect(ward.ehr.store.count('Communication')).toBe(0);
  });

  it('B18: is rejected at once where patient.missing says so, and released like any other', async () => {
    const ward = await openWard({ ...patient, missing: 'reject' }, [known], ['late-1', 'known-1']);
    expect(await ward.run()).toMatchObject({ delivered: 1, waiting: 0, rejected: 1 });
    ward.ehr.store.write('Patient', arrival.id ?? '', { ...arrival });
    ward.clock.at += minuteMs;
    expect(await ward.service.operations.release({ code: 'patient-not-found' }, asker)).toBe(1);
    expect(await ward.run()).toMatchObject({ delivered: 1, rejected: 0 });
  });

  it('B18: goes to nobody when the Patient was deleted meanwhile', async () => {
    const ward = await openWard(patient, [known], ['known-1']);
    ward.ehr.store.remove('Patient', known.id ?? '');
    expect(await ward.run()).toMatchObject({ delivered: 0, waiting: 1 });
    expect(ward.ehr.store.count('Communication')).toBe(0);
  });
});

describe.each(['lookup', 'conditional'])('a message whose identifier leads to several Patients (%s)', (reference) => {
  const patient = { reference, system };

  it('B18: goes to whom its Patient was merged into', async () => {
    const merged = person('old', 'MRN1', {
      active: false,
      link: [{ type: 'replaced-by', other: { reference: 'Patient/new' } }],
    });
    const ward = await openWard(patient, [merged, person('new', 'MRN1')], ['MRN1']);
    expect(await ward.run()).toMatchObject({ delivered: 1 });
    expect(ward.chartOf('Patient/new')).toHaveLength(1);
  });

  it('B19: is never guessed: it waits, without a subject nothing is written, and it is rejected in the end', async () => {
    const ward = await openWard(
      { ...patient, missing: 'send-identifier' },
      [person('a', 'MRN1'), person('b', 'MRN1')],
      ['MRN1'],
    );
    expect(await ward.run()).toMatchObject({ delivered: 0, waiting: 1 });
    expect(await ward.held('waiting')).toEqual(['patient-ambiguous']);
    ward.clock.at += 31 * dayMs;
    expect(await ward.run()).toMatchObject({ waiting: 0, rejected: 1 });
    expect(await ward.held('rejected')).toEqual(['patient-ambiguous']);
    expect(ward.ehr.store.count('Communication')).toBe(0);
  });

  it('B19: is delivered once one of them is merged into the other', async () => {
    const ward = await openWard(patient, [person('a', 'MRN1'), person('b', 'MRN1')], ['MRN1']);
    await ward.run();
    const link = [{ type: 'replaced-by', other: { reference: 'Patient/b' } }];
    ward.ehr.store.write('Patient', 'a', { ...person('a', 'MRN1', { active: false }), link });
    ward.clock.at += hourMs;
    expect(await ward.run()).toMatchObject({ delivered: 1, waiting: 0 });
    expect(ward.chartOf('Patient/b')).toHaveLength(1);
  });
});

describe('a person id that is not of this EHR', () => {
  it('F12: is rejected where it can be no id, and nobody gets its message', async () => {
    const ids = [
      'a/b',
      '../p-1',
      '..',
      'p 1',
      'p_1',
      'p-1?x',
      'p-1#x',
      'Patient/p-1',
      'x'.repeat(65),
      'p-1|',
      'p-1,p-2',
    ];
    const ward = await openWard({ reference: 'literal' }, [person('p-1', 'x'), person('p-2', 'y')], ids);
    expect(await ward.run()).toMatchObject({ delivered: 0, rejected: ids.length });
    expect(new Set(await ward.held('rejected'))).toEqual(new Set(['person-id-unusable']));
    expect(ward.ehr.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  it.each(['lookup', 'conditional'])(
    'F12: finds no Patient that has it in another system, in part, or in other letters (%s)',
    async (reference) => {
      const ward = await openWard(
        { reference, system },
        [
          { resourceType: 'Patient', id: 'other-system', identifier: [{ system: `${system}.1`, value: 'mrn1' }] },
          { resourceType: 'Patient', id: 'no-system', identifier: [{ value: 'mrn1' }] },
          person('mrn1', 'other'),
          person('letters', 'MRN1'),
          person('one', 'a'),
          person('two', 'b'),
        ],
        ['mrn1', 'a,b', `${system}|a`, 'a|'],
      );
      expect(await ward.run()).toMatchObject({ delivered: 0, waiting: 4 });
      expect(ward.ehr.store.count('Communication')).toBe(0);
    },
  );

  it('F12: whose Patient has another name is kept for a person', async () => {
    const ward = await openWard({ reference: 'literal', verify: 'name' }, [person('p-1', 'x')], ['p-1']);
    expect(await ward.run()).toMatchObject({ delivered: 0, rejected: 1 });
    expect(await ward.held('rejected')).toEqual(['patient-mismatch']);
    expect(ward.ehr.store.count('Communication')).toBe(0);
  });
});
