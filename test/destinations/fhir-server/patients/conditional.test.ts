import { describe, expect, it } from 'vitest';
import { messageTo, openPatients, person, policyOf, system } from './patient-place.ts';

const conditional = policyOf('conditional');
const posts = (paths: readonly { readonly method: string; readonly path: string }[]): number =>
  paths.filter(({ method, path }) => method === 'POST' && path === '/fhir').length;

describe('a Patient that the EHR finds as it writes', () => {
  it('is asked for by nobody else', async () => {
    const { send, written, asked, ehr } = await openPatients([person('p-1', 'MRN1'), person('p-2', 'a,b|c')]);
    expect(await send([messageTo('m1', 'MRN1', conditional), messageTo('m2', 'a,b|c', conditional)])).toEqual([
      'created',
      'created',
    ]);
    expect(asked()).toEqual([]);
    expect(posts(ehr.requests)).toBe(1);
    const named = { reference: 'Patient/p-2', type: 'Patient', identifier: { system, value: 'a,b|c' } };
    expect(written().get('m2')).toMatchObject({ subject: named, recipient: [named] });
  });

  it('that is missing, or is two, holds up no other message, and the EHR is not asked in vain again at once', async () => {
    const { send, written, ehr } = await openPatients([
      person('p-1', 'MRN1'),
      person('p-2', 'twice'),
      person('p-3', 'twice'),
    ]);
    const all = ['MRN1', 'nobody', 'twice'].map((value) => messageTo(value, value, conditional));
    expect(await send(all)).toEqual(['created', 'patient-not-found', 'patient-ambiguous']);
    expect([...written().keys()]).toEqual(['MRN1']);
    const before = posts(ehr.requests);
    expect(await send([messageTo('m2', 'MRN1', conditional)])).toEqual(['created']);
    expect(posts(ehr.requests)).toBe(before + 1);
  });

  it('is looked for first where there are no transactions', async () => {
    for (const type of ['batch', 'none'] as const) {
      const { send, written, asked } = await openPatients(
        [person('p-1', 'MRN1')],
        {},
        { bundle: { type, maxEntries: 100, maxBytes: 4 * 1024 * 1024 } },
      );
      expect(await send([messageTo('m1', 'MRN1', conditional)])).toEqual(['created']);
      expect(asked()).toHaveLength(1);
      expect(written().get('m1')?.subject?.reference).toBe('Patient/p-1');
    }
  });

  it('is looked for first where the message may be there already', async () => {
    const { send, asked, ehr } = await openPatients([person('p-1', 'MRN1')]);
    ehr.faults.add({ fault: 'drop-after-commit', times: 1 });
    const message = messageTo('m1', 'MRN1', conditional);
    expect(await send([message])).toEqual(['ehr-answer-lost']);
    expect(await send([{ ...message, unsure: true }])).toEqual(['unchanged']);
    expect(asked()).toHaveLength(1);
    expect(ehr.store.versions('Communication', message.key)).toHaveLength(1);
  });

  it('is asked for no more once the EHR is down', async () => {
    const { send, asked, ehr } = await openPatients([person('p-1', 'MRN1')]);
    await send([]);
    ehr.faults.add({ fault: 'unavailable', times: 1 });
    expect(await send([messageTo('m1', 'MRN1', conditional), messageTo('m2', 'MRN1', policyOf('lookup'))])).toEqual([
      'ehr-server-error',
      'ehr-server-error',
    ]);
    expect(asked()).toEqual([]);
  });

  it('may be named by the identifier alone where it is missing', async () => {
    const policy = policyOf('conditional', { missing: 'send-identifier' });
    const { send, written } = await openPatients([person('p-1', 'MRN1')]);
    expect(await send([messageTo('m1', 'MRN1', policy), messageTo('m2', 'nobody', policy)])).toEqual([
      'created',
      'created',
    ]);
    expect(written().get('m2')?.subject?.reference).toBeUndefined();
  });
});
