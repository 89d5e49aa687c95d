import { describe, expect, it } from 'vitest';
import { contentDigest } from '../../src/exchange/content-digest.ts';

const patient = { type: 'Patient', identifier: { system: 'urn:oid:2.16.840.1.113883.3.42', value: 'p-1' } };
const found = { reference: 'Patient/1', ...patient };
const message = (party: object, name = 'Grace Example') => ({
  resourceType: 'Communication',
  status: 'completed',
  contained: [{ resourceType: 'RelatedPerson', id: 'caregiver', patient: party, name: [{ text: name }] }],
  subject: party,
  recipient: [{ reference: '#caregiver', type: 'RelatedPerson' }],
});

describe('the digest of a Communication', () => {
  it('is the same before its Patient was found and after', () => {
    expect(contentDigest(message(found))).toBe(contentDigest(message(patient)));
  });

  it('is another one for anything else within it', () => {
    expect(contentDigest(message(patient, 'Another'))).not.toBe(contentDigest(message(patient)));
  });
});
