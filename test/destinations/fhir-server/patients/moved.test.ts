import type { Communication } from 'fhir/r4.js';
import { describe, expect, it } from 'vitest';
import { mergedInto, messageTo, openPatients, person, policyOf, type PatientPlace } from './patient-place.ts';

const statuses = ['in-progress', 'completed'] as const;

/** The message as it was written first, and as it is to be now. */
function versionsOf(reference: 'lookup' | 'conditional' | 'literal', value: string) {
  const first = messageTo('m1', value, policyOf(reference));
  const of = (status: Communication['status']) => ({ ...first, resource: { ...first.resource, status } });
  const [before, after] = statuses.map(of);
  if (before === undefined || after === undefined) throw new Error('there are two');
  return {
    before,
    after: { ...after, knownReference: `Communication/${first.key}`, knownVersion: '1' },
  };
}

/** What an EHR does with a message of a Patient that is merged into another. */
function moveTo({ ehr, written }: PatientPlace, id: string, more: Partial<Communication> = {}): void {
  const message = written().get('m1');
  if (message === undefined) throw new Error('it was not written');
  const { meta: _, ...content } = message;
  const party = { ...content.subject, reference: `Patient/${id}` };
  ehr.store.write('Communication', content.id ?? '', { ...content, subject: party, recipient: [party], ...more });
}

describe('a message that the EHR moved with its Patient', () => {
  it.each(['lookup', 'conditional'] as const)(
    'B20: is updated there once that is the Patient who is meant (%s), whatever was remembered',
    async (reference) => {
      const place = await openPatients([person('old', 'MRN1'), person('new', 'MRN2')]);
      const { before, after } = versionsOf(reference, 'MRN1');
      expect(await place.send([before])).toEqual(['created']);
      place.ehr.store.write('Patient', 'old', { ...mergedInto('old', 'MRN1', 'new') });
      moveTo(place, 'new');
      expect(await place.send([after])).toEqual(['updated']);
      expect(place.written().get('m1')).toMatchObject({
        status: 'completed',
        subject: { reference: 'Patient/new' },
        recipient: [{ reference: 'Patient/new' }],
      });
    },
  );

  it('B20: is not moved back where another Patient is meant', async () => {
    const place = await openPatients([person('one', 'MRN1'), person('two', 'MRN2')]);
    const { before, after } = versionsOf('lookup', 'MRN1');
    await place.send([before]);
    moveTo(place, 'two');
    expect(await place.send([after])).toEqual(['subject-moved']);
    expect(place.written().get('m1')).toMatchObject({ status: 'in-progress', subject: { reference: 'Patient/two' } });
  });

  it('B20: is left alone where more than its Patient was changed', async () => {
    const place = await openPatients([person('old', 'MRN1'), person('new', 'MRN2')]);
    const { before, after } = versionsOf('lookup', 'MRN1');
    await place.send([before]);
    place.ehr.store.write('Patient', 'old', { ...mergedInto('old', 'MRN1', 'new') });
    moveTo(place, 'new', { note: [{ text: 'Moved by hand.' }] });
    expect(await place.send([after])).toEqual(['changed-at-ehr']);
    expect(place.written().get('m1')?.note).toHaveLength(1);
  });

  it('B20: is looked at once where its Patient is named by id alone', async () => {
    const place = await openPatients([person('one', 'MRN1'), person('two', 'MRN2')]);
    const { before, after } = versionsOf('literal', 'one');
    await place.send([before]);
    moveTo(place, 'two');
    const asked = place.ehr.requests.length;
    expect(await place.send([after])).toEqual(['subject-moved']);
    const looks = place.ehr.requests.slice(asked).filter(({ method }) => method === 'GET');
    expect(looks.map(({ path }) => path.replace(/.*Communication\/[^/]+/, ''))).toEqual(['', '/_history/1']);
  });
});
