import { describe, expect, it } from 'vitest';
import { validateFully } from './full-validation.ts';

const good = { resourceType: 'Communication', status: 'completed', payload: [{ contentString: 'Hello' }] };

const inBundle = (resource: unknown): unknown => ({
  resourceType: 'Bundle',
  type: 'batch',
  entry: [{ resource, request: { method: 'PUT', url: 'Communication/a' } }],
});

describe('the full validation of the tests', () => {
  it('finds nothing in a good Communication and in a Bundle of it', () => {
    expect(validateFully(good)).toEqual([]);
    expect(validateFully(inBundle(good))).toEqual([]);
  });

  it.each([
    ['a missing status', { ...good, status: undefined }, 'Communication.status'],
    ['a status of no required code', { ...good, status: 'sent' }, 'Communication.status'],
    ['an unknown element', { ...good, colour: 'red' }, 'Communication.colour'],
    ['an empty text', { ...good, payload: [{ contentString: '' }] }, 'Communication.payload[0]'],
    [
      'a code of a contact point',
      { ...good, contained: [relative('fax-sms')] },
      'Communication.contained[0].telecom[0]',
    ],
    [
      'two contents of a payload',
      { ...good, payload: [{ contentString: 'a', contentReference: { display: 'b' } }] },
      '',
    ],
  ])('finds %s', (_, resource, path) => {
    expect(validateFully(resource).join('\n')).toContain(path);
    expect(validateFully(resource)).not.toEqual([]);
  });

  it('finds what is wrong inside a Bundle', () => {
    expect(validateFully(inBundle({ ...good, status: 'sent' })).join('\n')).toContain(
      'Bundle.entry[0].resource.status',
    );
  });
});

function relative(system: string): unknown {
  return { resourceType: 'RelatedPerson', id: 'r', patient: { display: 'p' }, telecom: [{ system, value: '1' }] };
}
