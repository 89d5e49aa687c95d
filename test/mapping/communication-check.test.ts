import { describe, expect, it } from 'vitest';
import { checkCommunication } from '../../src/mapping/communication-check.ts';

const good = {
  resourceType: 'Communication',
  id: 'e7944007-600e-51f9-a22e-a99780454081',
  meta: { source: 'https://fhir.example-health.org/api' },
  contained: [{ resourceType: 'RelatedPerson', id: 'caregiver', patient: { reference: 'Patient/tp-1' } }],
  extension: [
    { url: 'https://fhir.example-health.org/a', valueString: 'one' },
    { url: 'https://fhir.example-health.org/b', extension: [{ url: 'name', valueBoolean: true }] },
  ],
  identifier: [{ system: 'https://fhir.example-health.org/sid', value: 'v' }],
  status: 'completed',
  category: [{ coding: [{ system: 'https://fhir.example-health.org/c', code: 'API Message' }], text: 'API Message' }],
  subject: { reference: 'Patient/tp-1', type: 'Patient', display: 'Testperson' },
  about: [{ type: 'Communication', identifier: { system: 'urn:oid:1.2.3', value: 'v' } }],
  sent: '2024-02-29T09:30:00Z',
  recipient: [{ reference: '#caregiver' }],
  payload: [{ contentString: 'Tab\t, line\r\nfeed, 🙂 and \u00a0 may be in a text' }],
};

/** Where the check refuses the good resource with these elements changed. */
function whereOf(changed: object): string {
  const checked = checkCommunication({ ...good, ...changed });
  return checked.kind === 'invalid' ? checked.where : 'valid';
}

const without = (name: keyof typeof good): object =>
  Object.fromEntries(Object.entries(good).filter(([element]) => element !== name));

describe('the R4 minimum of a Communication', () => {
  it('lets a good one through, untouched', () => {
    const checked = checkCommunication(good);
    expect(checked).toEqual({ kind: 'valid', resource: good });
  });

  it.each(['resourceType', 'id', 'identifier', 'status'] as const)('refuses one without %s', (name) => {
    expect(checkCommunication(without(name))).toEqual({ kind: 'invalid', where: name });
  });

  it.each([undefined, null, 'Communication', 7, [], {}])('refuses what is no resource: %j', (value) => {
    expect(checkCommunication(value).kind).toBe('invalid');
  });

  it.each([
    ['a status outside event-status', { status: 'sent' }, 'status'],
    ['a status in capitals', { status: 'COMPLETED' }, 'status'],
    ['another resource type', { resourceType: 'Patient' }, 'resourceType'],
    ['an unknown element', { colour: 'red' }, 'colour'],
    ['an element of another release', { reason: [] }, 'reason'],
    [
      'a modifier extension',
      { modifierExtension: [{ url: 'https://a.example', valueBoolean: true }] },
      'modifierExtension',
    ],
    ['an unknown element deep inside', { meta: { sauce: 'a' } }, 'meta.sauce'],
    ['a dateTime without seconds', { sent: '2024-03-05T14:07Z' }, 'sent'],
    ['a dateTime without zone', { sent: '2024-03-05T14:07:00' }, 'sent'],
    ['a day that does not exist', { sent: '2023-02-29' }, 'sent'],
    ['a month that does not exist', { sent: '2024-13-01T00:00:00Z' }, 'sent'],
    ['the year 0', { sent: '0000-01-01' }, 'sent'],
    ['an hour that does not exist', { sent: '2024-03-05T24:00:00Z' }, 'sent'],
    ['an empty text', { payload: [{ contentString: '' }] }, 'payload[0].contentString'],
    ['a blank text', { payload: [{ contentString: ' \n' }] }, 'payload[0].contentString'],
    ['null', { topic: null }, 'topic'],
    ['null in a list', { about: [null] }, 'about[0]'],
    ['undefined', { topic: undefined }, 'topic'],
    ['an empty list', { category: [] }, 'category'],
    ['an empty object', { topic: {} }, 'topic'],
    ['one value where a list goes', { category: { text: 'a' } }, 'category'],
    ['a list where one value goes', { subject: [{ reference: 'Patient/a' }] }, 'subject'],
    ['a number where a text goes', { payload: [{ contentString: 7 }] }, 'payload[0].contentString'],
    [
      'a text where true or false goes',
      { extension: [{ url: 'a', valueBoolean: 'true' }] },
      'extension[0].valueBoolean',
    ],
    ['an extension without url', { extension: [{ valueString: 'a' }] }, 'extension[0].url'],
    ['an extension without value', { extension: [{ url: 'a' }] }, 'extension[0]'],
    [
      'an extension with two values',
      { extension: [{ url: 'a', valueString: 'b', valueBoolean: true }] },
      'extension[0]',
    ],
    [
      'an extension with a value and extensions',
      { extension: [{ url: 'a', valueString: 'b', extension: [{ url: 'c', valueString: 'd' }] }] },
      'extension[0]',
    ],
    ['a payload without content', { payload: [{ id: 'a' }] }, 'payload[0]'],
    [
      'a payload with two contents',
      { payload: [{ contentString: 'a', contentReference: { display: 'b' } }] },
      'payload[0]',
    ],
    ['an identifier without value', { identifier: [{ system: 'https://a.example' }] }, 'identifier[0].value'],
    ['an id with a space', { id: 'a b' }, 'id'],
    ['an id of 65 characters', { id: 'a'.repeat(65) }, 'id'],
    ['a reference to no type', { subject: { reference: 'tp-1' } }, 'subject.reference'],
    ['a reference to an id that is none', { subject: { reference: 'Patient/a b' } }, 'subject.reference'],
    ['a reference with nothing in it', { subject: { type: 'Patient' } }, 'subject'],
    ['a reference to what is not contained', { sender: { reference: '#organization' } }, 'sender.reference'],
    ['a contained resource nobody refers to', { recipient: [{ reference: 'Patient/a' }] }, 'contained[0]'],
    ['a contained resource without id', { contained: [{ resourceType: 'RelatedPerson' }] }, 'contained[0].id'],
    ['a code with two spaces', { category: [{ coding: [{ code: 'a  b' }] }] }, 'category[0].coding[0].code'],
    ['a code with a space at its end', { category: [{ coding: [{ code: 'a ' }] }] }, 'category[0].coding[0].code'],
    ['an address with a space', { meta: { source: 'https://a.example/b c' } }, 'meta.source'],
    ['a NUL', { payload: [{ contentString: 'a\u0000b' }] }, 'payload[0].contentString'],
    ['an escape character', { payload: [{ contentString: 'a\u001bb' }] }, 'payload[0].contentString'],
    ['half of a surrogate pair', { payload: [{ contentString: 'a\ud83d' }] }, 'payload[0].contentString'],
    ['a text over one megabyte', { payload: [{ contentString: 'a'.repeat(1_048_577) }] }, 'payload[0].contentString'],
    [
      'a contact point of no known system',
      { extension: [{ url: 'a', valueContactPoint: { system: 'pigeon', value: 'b' } }] },
      'extension[0].valueContactPoint.system',
    ],
  ])('refuses %s', (_, changed, where) => {
    expect(whereOf(changed)).toBe(where);
  });

  it.each([
    ['a day', '2024-03-05'],
    ['a month', '2024-03'],
    ['a year', '2024'],
    ['another zone', '2024-03-05T14:07:00.123+13:00'],
  ])('takes %s as a dateTime', (_, sent) => {
    expect(whereOf({ sent })).toBe('valid');
  });

  it.each([
    'Patient/tp-1',
    'Patient/tp-1/_history/2',
    'Patient?identifier=https://a.example%7Cb',
    'https://ehr.example/fhir/Patient/1',
    'urn:uuid:e7944007-600e-51f9-a22e-a99780454081',
  ])('follows the reference %s', (reference) => {
    expect(whereOf({ subject: { reference } })).toBe('valid');
  });

  it('names no value, even of an element it does not know', () => {
    expect(whereOf({ topic: { text: 'a', [`note`]: 'private' } })).toBe('topic.note');
  });
});
