import { describe, expect, it } from 'vitest';
import { mergedInto, messageTo, openPatients, person, policyOf, system } from './patient-place.ts';

const literal = policyOf('literal');
const name = [{ family: 'Example', given: ['Ada', 'M.'] }];
const telecom = (...values: readonly string[]) => values.map((value) => ({ system: 'phone' as const, value }));

describe('a Patient whose id the message has', () => {
  it('is asked for by nobody: the EHR says whether it is there', async () => {
    const { send, asked } = await openPatients([person('p-1', 'MRN1')]);
    expect(await send([messageTo('m1', 'p-1', literal), messageTo('m2', 'nobody', literal)])).toEqual([
      'created',
      'patient-not-found',
    ]);
    expect(asked()).toEqual([]);
  });

  it('and who is not there may be named by the identifier alone, at once', async () => {
    const policy = policyOf('literal', { missing: 'send-identifier' });
    const { send, written } = await openPatients([person('p-1', 'MRN1')]);
    expect(await send([messageTo('m1', 'p-1', policy), messageTo('m2', 'nobody', policy)])).toEqual([
      'created',
      'created',
    ]);
    expect(written().get('m1')?.subject?.reference).toBe('Patient/p-1');
    const alone = { type: 'Patient', identifier: { system, value: 'nobody' }, display: 'Ada Example' };
    expect(written().get('m2')).toMatchObject({ subject: alone, recipient: [alone] });
    expect(written().get('m2')?.subject?.reference).toBeUndefined();
  });

  it.each([
    ['name', { name }, 'created'],
    ['name', { name: [{ text: 'EXÁMPLE, Ada' }] }, 'created'],
    ['name', { name: [{ family: 'Other', given: ['Ada'] }] }, 'patient-mismatch'],
    ['name', { name: [{ family: 'Example', given: ['Bob'] }] }, 'patient-mismatch'],
    ['name', {}, 'patient-mismatch'],
    ['phone', { telecom: telecom('(212) 555-0123') }, 'created'],
    ['phone', { telecom: telecom('+1 646 555 0199', '001 212 555 0123') }, 'created'],
    ['phone', { name, telecom: telecom('+1 212 555 0124') }, 'patient-mismatch'],
    ['phone', { name, telecom: telecom('555-0123') }, 'patient-mismatch'],
    ['phone', { name }, 'patient-mismatch'],
  ] as const)('is compared before anything is written, by %s: %j', async (verify, more, expected) => {
    const { send, written } = await openPatients([person('p-1', 'MRN1', JSON.parse(JSON.stringify(more)))]);
    expect(await send([messageTo('m1', 'p-1', policyOf('literal', { verify }))])).toEqual([expected]);
    expect(written().size).toBe(expected === 'created' ? 1 : 0);
  });

  it('is compared by name where the message has no number of the patient', async () => {
    const { send } = await openPatients([person('p-1', 'MRN1', { name }), person('p-2', 'MRN2')]);
    const toCaregiver = (id: string) => {
      const message = messageTo(`m-${id}`, id, policyOf('literal', { verify: 'phone' }));
      const { extension: _, ...resource } = message.resource;
      return { ...message, resource };
    };
    expect(await send([toCaregiver('p-1'), toCaregiver('p-2')])).toEqual(['created', 'patient-mismatch']);
  });

  it('is read once for many messages, and is not written where it is not there', async () => {
    const { send, asked } = await openPatients([person('p-1', 'MRN1', { name })]);
    const policy = policyOf('literal', { verify: 'name' });
    expect(
      await send([messageTo('m1', 'p-1', policy), messageTo('m2', 'p-1', policy), messageTo('m3', 'nobody', policy)]),
    ).toEqual(['created', 'created', 'patient-not-found']);
    expect(asked().toSorted()).toEqual(['Patient/nobody', 'Patient/p-1']);
  });

  it('and was merged is the one that it was merged into, once it is looked at', async () => {
    const { send, written } = await openPatients([mergedInto('old', 'MRN1', 'new'), person('new', 'MRN2', { name })]);
    expect(await send([messageTo('m1', 'old', policyOf('literal', { verify: 'name' }))])).toEqual(['created']);
    expect(written().get('m1')).toMatchObject({
      subject: { reference: 'Patient/new' },
      recipient: [{ reference: 'Patient/new' }],
    });
  });
});
