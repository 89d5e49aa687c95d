import { describe, expect, it } from 'vitest';
import { hourMs } from '../../../../src/exchange/window.ts';
import { mergedInto, messageTo, openPatients, person, policyOf, system } from './patient-place.ts';

const lookup = policyOf('lookup');

describe('a Patient that is looked for by identifier', () => {
  it('is referred to wherever the message names it, beside the identifier', async () => {
    const { send, written } = await openPatients([person('p-7', 'MRN1')]);
    expect(await send([messageTo('m1', 'MRN1', lookup)])).toEqual(['created']);
    const named = { reference: 'Patient/p-7', type: 'Patient', identifier: { system, value: 'MRN1' } };
    expect(written().get('m1')).toMatchObject({ subject: named, recipient: [named] });
  });

  it('is looked for together with the others, and not again for an hour', async () => {
    const patients = Array.from({ length: 60 }, (_, number) => person(`p-${number}`, `MRN${number}`));
    const { send, asked, pass } = await openPatients(patients);
    const messages = patients.map((_, number) => messageTo(`m${number}`, `MRN${number}`, lookup));
    expect(new Set(await send(messages))).toEqual(new Set(['created']));
    const searches = asked().length;
    expect(searches).toBeLessThanOrEqual(4);
    pass(hourMs - 1);
    await send(messages);
    expect(asked()).toHaveLength(searches);
    pass(1);
    await send(messages);
    expect(asked()).toHaveLength(2 * searches);
  });

  it('has to have the identifier to the letter, whatever signs are in it', async () => {
    const { send, written } = await openPatients([
      person('one', 'a'),
      person('two', 'b'),
      person('three', 'a,b'),
      person('four', 'a|b'),
      person('five', String.raw`a\b$c`),
      person('six', 'MRN 7&x=ü%'),
    ]);
    const values = ['a,b', 'a|b', String.raw`a\b$c`, 'MRN 7&x=ü%', 'A'];
    expect(await send(values.map((value) => messageTo(value, value, lookup)))).toEqual([
      'created',
      'created',
      'created',
      'created',
      'patient-not-found',
    ]);
    const references = values.map((value) => written().get(value)?.subject?.reference);
    expect(references).toEqual(['Patient/three', 'Patient/four', 'Patient/five', 'Patient/six', undefined]);
  });

  it('that is missing is looked for again after ten seconds', async () => {
    const { send, ehr, asked, pass } = await openPatients([]);
    const message = messageTo('m1', 'MRN1', lookup);
    expect(await send([message])).toEqual(['patient-not-found']);
    ehr.store.write('Patient', 'p-1', { ...person('p-1', 'MRN1') });
    expect(await send([message])).toEqual(['patient-not-found']);
    expect(asked()).toHaveLength(1);
    pass(10_000);
    expect(await send([message])).toEqual(['created']);
  });

  it('and was deleted meanwhile is not taken from memory twice', async () => {
    const { send, ehr, asked } = await openPatients([person('p-1', 'MRN1')]);
    expect(await send([messageTo('m1', 'MRN1', lookup)])).toEqual(['created']);
    ehr.store.remove('Patient', 'p-1');
    expect(await send([messageTo('m2', 'MRN1', lookup)])).toEqual(['patient-not-found']);
    ehr.store.write('Patient', 'p-2', { ...person('p-2', 'MRN1') });
    expect(await send([messageTo('m2', 'MRN1', lookup)])).toEqual(['created']);
    expect(asked()).toHaveLength(2);
  });

  it('may go by the identifier alone where it is missing, and gets its reference with the next change', async () => {
    const policy = policyOf('lookup', { missing: 'send-identifier' });
    const { send, ehr, written, pass } = await openPatients([]);
    expect(await send([messageTo('m1', 'MRN1', policy)])).toEqual(['created']);
    expect(written().get('m1')?.subject).toEqual({
      type: 'Patient',
      identifier: { system, value: 'MRN1' },
      display: 'Ada Example',
    });
    ehr.store.write('Patient', 'p-1', { ...person('p-1', 'MRN1') });
    pass(10_000);
    expect(await send([messageTo('m1', 'MRN1', policy)])).toEqual(['updated']);
    expect(written().get('m1')?.subject?.reference).toBe('Patient/p-1');
  });

  it('does not hold up messages that name theirs another way', async () => {
    const { send } = await openPatients([person('p-1', 'MRN1')]);
    expect(
      await send([
        messageTo('m1', 'nobody', lookup),
        messageTo('m2', 'p-1', policyOf('literal')),
        messageTo('m3', 'MRN9', policyOf('identifier')),
      ]),
    ).toEqual(['patient-not-found', 'created', 'created']);
  });
});

describe('a Patient that was merged', () => {
  it('is the one that it was merged into, step by step', async () => {
    const { send, written } = await openPatients([
      mergedInto('old', 'MRN1', 'middle'),
      mergedInto('middle', 'MRN2', 'new'),
      person('new', 'MRN3'),
    ]);
    expect(await send([messageTo('m1', 'MRN1', lookup)])).toEqual(['created']);
    expect(written().get('m1')?.subject?.reference).toBe('Patient/new');
  });

  it('is one with the Patient that has its identifier now', async () => {
    const { send, written } = await openPatients([mergedInto('old', 'MRN1', 'new'), person('new', 'MRN1')]);
    expect(await send([messageTo('m1', 'MRN1', lookup)])).toEqual(['created']);
    expect(written().get('m1')?.subject?.reference).toBe('Patient/new');
  });

  it('waits where the trail turns in a circle, ends, leads to another server or to two', async () => {
    const link = (reference: string) => ({ type: 'replaced-by' as const, other: { reference } });
    const { send, written } = await openPatients([
      mergedInto('a', 'circle', 'b'),
      mergedInto('b', 'circle-2', 'a'),
      mergedInto('c', 'gone', 'never-was'),
      person('d', 'inactive', { active: false }),
      person('e', 'elsewhere', { active: false, link: [link('https://other.example.org/fhir/Patient/f')] }),
      person('f', 'MRN-F'),
      person('g', 'two', { active: false, link: [link('Patient/f'), link('Patient/h')] }),
      person('h', 'MRN-H'),
    ]);
    const values = ['circle', 'gone', 'inactive', 'elsewhere', 'two'];
    expect(await send(values.map((value) => messageTo(value, value, lookup)))).toEqual([
      'patient-inactive',
      'patient-inactive',
      'patient-inactive',
      'patient-inactive',
      'patient-ambiguous',
    ]);
    expect(written().size).toBe(0);
  });
});
