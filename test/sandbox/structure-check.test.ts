import { beforeAll, describe, expect, it } from 'vitest';
import { loadFullCheck } from '../../sandbox/ehr/full-check.ts';
import type { JsonObject } from '../../sandbox/ehr/json.ts';
import { structureIssues } from '../../sandbox/ehr/structure-check.ts';
import { patientsOf } from '../../sandbox/persons.ts';

const communication: JsonObject = {
  resourceType: 'Communication',
  id: 'e7944007-600e-51f9-a22e-a99780454081',
  meta: { source: 'https://vendor.example/api' },
  contained: [{ resourceType: 'RelatedPerson', id: 'caregiver', patient: { reference: 'Patient/one' } }],
  extension: [
    { url: 'https://fhir.example.org/StructureDefinition/carrier', valueString: 'Example Wireless' },
    { url: 'https://fhir.example.org/x', extension: [{ url: 'y', valueContactPoint: { system: 'sms', value: '1' } }] },
  ],
  identifier: [{ system: 'https://fhir.example.org/sid/message', value: 'abc' }],
  status: 'not-done',
  statusReason: { coding: [{ system: 'urn:x', code: 'MESSAGE_REJECTED' }], text: 'MESSAGE_REJECTED' },
  category: [{ coding: [{ code: 'notification' }] }],
  medium: [{ text: 'SMS' }],
  subject: { reference: 'Patient/one', display: 'Testperson Alder' },
  about: [{ type: 'Communication', identifier: { system: 'urn:x', value: 'y' } }],
  sent: '2023-11-07T08:32:00Z',
  recipient: [{ reference: '#caregiver' }],
  sender: { display: 'Testuser' },
  payload: [{ contentString: 'Line one\nLine two' }],
};

const issues = (changes: JsonObject): readonly string[] =>
  structureIssues(JSON.parse(JSON.stringify({ ...communication, ...changes }))).map(
    ({ code, expression }) => `${code} ${expression}`,
  );

describe('the structure of a Communication', () => {
  it('is good as it is', () => {
    expect(structureIssues(communication)).toEqual([]);
  });

  it.each<[string, JsonObject, string]>([
    ['no status', { status: undefined }, 'required Communication.status'],
    ['a status that is none', { status: 'sent' }, 'value Communication.status'],
    ['a time without zone', { sent: '2023-11-07T08:32:00' }, 'value Communication.sent'],
    ['a time without seconds', { sent: '2023-11-07T08:32Z' }, 'value Communication.sent'],
    ['a day that does not exist', { sent: '2023-02-30' }, 'value Communication.sent'],
    ['an element that is not known', { colour: 'red' }, 'structure Communication.colour'],
    ['an empty text', { payload: [{ contentString: '' }] }, 'value Communication.payload[0].contentString'],
    ['an empty list', { payload: [] }, 'structure Communication.payload'],
    ['an empty object', { topic: {} }, 'structure Communication.topic'],
    ['null', { topic: null }, 'structure Communication.topic'],
    ['an object for a list', { identifier: { value: 'x' } }, 'structure Communication.identifier'],
    ['a list for an object', { topic: [{ text: 'x' }] }, 'structure Communication.topic'],
    ['a number for a text', { statusReason: { text: 7 } }, 'value Communication.statusReason.text'],
    ['a payload without content', { payload: [{ id: 'x' }] }, 'required Communication.payload[0].content[x]'],
    [
      'two contents',
      { payload: [{ contentString: 'x', contentReference: { display: 'y' } }] },
      'structure Communication.payload[0].content[x]',
    ],
    [
      'a code with two spaces',
      { category: [{ coding: [{ code: 'a  b' }] }] },
      'value Communication.category[0].coding[0].code',
    ],
    ['an extension without a value', { extension: [{ url: 'urn:x' }] }, 'invariant Communication.extension[0]'],
    [
      'an extension with two values',
      { extension: [{ url: 'urn:x', valueString: 'a', valueBoolean: true }] },
      'structure Communication.extension[0].value[x]',
    ],
    ['a subject of another type', { subject: { reference: 'Device/x' } }, 'value Communication.subject.reference'],
    ['a reference to nowhere', { subject: { reference: 'nowhere at all' } }, 'value Communication.subject.reference'],
    [
      'a contained resource that is not there',
      { recipient: [{ reference: '#x' }] },
      'invariant Communication.recipient[0].reference',
    ],
    [
      'a control character',
      { payload: [{ contentString: 'a\u0007' }] },
      'value Communication.payload[0].contentString',
    ],
    ['an id that is none', { id: 'a_b' }, 'value Communication.id'],
  ])('is refused with %s', (_, changes, issue) => {
    expect(issues(changes)).toEqual([issue]);
  });
});

describe('the full check', () => {
  let check: Awaited<ReturnType<typeof loadFullCheck>>;

  beforeAll(async () => {
    check = await loadFullCheck();
  });

  it('agrees that the Communication and the Patients of the sandbox are good', () => {
    expect(check(communication)).toEqual([]);
    for (const patient of patientsOf(1, 20)) {
      expect(check({ ...patient })).toEqual([]);
      expect(structureIssues({ ...patient })).toEqual([]);
    }
  });

  it('names what is wrong by its path', () => {
    expect(check({ ...communication, colour: 'red' })).toMatchObject([{ expression: 'Communication.colour' }]);
  });
});
