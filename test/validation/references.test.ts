import { describe, expect, it } from 'vitest';
import { fullValidator } from '../../src/validation/full-validation.ts';
import { caregiver, good, inBundle } from './messages.ts';

const validate = await fullValidator();

describe('a reference', () => {
  it.each([
    ['of subject to a Patient', { subject: { reference: 'Patient/a' } }],
    ['of subject to a Group by its address', { subject: { reference: 'https://ehr.example/fhir/Group/a/_history/1' } }],
    ['of subject to one found by identifier', { subject: { reference: 'Patient?identifier=a' } }],
    ['of subject by identifier, of no stated type', { subject: { identifier: { value: 'a' } } }],
    ['of about to anything', { about: [{ reference: 'Slot/a' }, { type: 'Communication', display: 'a' }] }],
    ['of sender to who is contained', { contained: [caregiver], sender: { reference: '#c', type: 'RelatedPerson' } }],
    [
      'of subject to an entry of the Bundle',
      { subject: { reference: 'urn:uuid:e7944007-600e-51f9-a22e-a99780454081' } },
    ],
  ])('%s is good', (_, changed) => {
    expect(validate({ ...good, ...changed })).toEqual([]);
    expect(validate(inBundle({ ...good, ...changed }))).toEqual([]);
  });

  const subject = 'Communication.subject: may lead to Patient or Group only';
  it.each([
    ['of subject to an Organization', { subject: { reference: 'Organization/a' } }, subject],
    ['of subject to one at an address', { subject: { reference: 'https://ehr.example/fhir/Device/a' } }, subject],
    ['of subject to one found by identifier', { subject: { reference: 'Person?identifier=a' } }, subject],
    ['of subject by identifier', { subject: { type: 'Person', identifier: { value: 'a' } } }, subject],
    ['of subject to who is contained', { contained: [caregiver], subject: { reference: '#c' } }, subject],
    [
      'of another type than it states',
      { subject: { reference: 'Patient/a', type: 'Group' } },
      'Communication.subject: states another type than the one it leads to',
    ],
    [
      'of a type that R4 does not know',
      { about: [{ type: 'Message', display: 'a' }] },
      'Communication.about[0]: states a type that R4 does not know',
    ],
    [
      'to a type that R4 does not know',
      { about: [{ reference: 'Message/a' }] },
      'Communication.about[0]: leads nowhere: neither relative, absolute, urn: nor contained',
    ],
    ['to nothing', { sender: { reference: '#x' } }, 'Communication.sender: leads to nothing that is contained'],
    [
      'of a contained person to an Organization',
      { contained: [{ ...caregiver, patient: { reference: 'Organization/a' } }], sender: { reference: '#c' } },
      'Communication.contained[0].patient: may lead to Patient only',
    ],
  ])('%s is a fault', (_, changed, fault) => {
    expect(validate({ ...good, ...changed })).toEqual([fault]);
  });

  it('leads to what is contained in the same message, not in another one of the Bundle', () => {
    const containing = { ...good, contained: [caregiver], sender: { reference: '#c' } };
    const entry = [containing, { ...good, sender: { reference: '#c' } }].map((resource) => ({
      resource,
      request: { method: 'POST', url: 'Communication' },
    }));
    expect(validate({ resourceType: 'Bundle', type: 'batch', entry })).toEqual([
      'Bundle.entry[1].resource.sender: leads to nothing that is contained',
    ]);
  });

  it('tells two contained resources of one id', () => {
    const twice = { ...good, contained: [caregiver, caregiver], sender: { reference: '#c' } };
    expect(validate(twice)).toEqual([0, 1].map((at) => `Communication.contained[${at}]: has the id of another one`));
  });
});
