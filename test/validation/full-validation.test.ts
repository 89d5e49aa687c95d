import { anything, array, assert, constantFrom, dictionary, property, string } from 'fast-check';
import type { ElementDefinition, StructureDefinition } from 'fhir/r4.js';
import { describe, expect, it } from 'vitest';
import { fullValidator } from '../../src/validation/full-validation.ts';

const base = 'https://fhir.example-health.org';

const ours: readonly StructureDefinition[] = [
  extension(
    'carrier',
    ['Communication'],
    [
      { id: 'Extension.extension', path: 'Extension.extension', max: '0' },
      { id: 'Extension.value[x]', path: 'Extension.value[x]', type: [{ code: 'string' }] },
    ],
  ),
  extension(
    'caregiver',
    ['Communication'],
    [
      { id: 'Extension.extension:name', path: 'Extension.extension', min: 1, max: '1' },
      { id: 'Extension.extension:name.url', path: 'Extension.extension.url', fixedUri: 'name' },
      { id: 'Extension.extension:name.value[x]', path: 'Extension.extension.value[x]', type: [{ code: 'string' }] },
      { id: 'Extension.value[x]', path: 'Extension.value[x]', max: '0' },
    ],
  ),
  extension('on-recipient', ['Communication.recipient'], []),
  extension('on-coding', ['Communication.category.coding'], []),
  extension('on-any-reference', ['Reference'], []),
  extension('anywhere', ['Element'], []),
];

const validate = await fullValidator({ definitions: ours, canonicalBase: base });

const good = {
  resourceType: 'Communication',
  status: 'completed',
  category: [{ coding: [{ code: 'a' }] }],
  recipient: [{ reference: 'Patient/a' }],
  payload: [{ contentString: 'Hello' }],
};
const caregiver = { resourceType: 'RelatedPerson', id: 'c', patient: { reference: 'Patient/a' } };

const inBundle = (resource: unknown): unknown => ({
  resourceType: 'Bundle',
  type: 'batch',
  entry: [{ resource, request: { method: 'PUT', url: 'Communication/a' } }],
});

const named = (id: string, content: object = { valueString: 'a' }): object => ({ url: `${base}/${id}`, ...content });

describe('full validation', () => {
  it('finds nothing in a good Communication, and in a Bundle of it', () => {
    expect(validate(good)).toEqual([]);
    expect(validate(inBundle(good))).toEqual([]);
  });

  it.each([
    ['a missing status', { ...good, status: undefined }, 'Communication.status: Missing required property'],
    ['a status of no required code', { ...good, status: 'sent' }, 'Communication.status: is no code of'],
    ['an unknown element', { ...good, colour: 'red' }, 'Communication.colour: is no element here'],
    [
      'an empty text',
      { ...good, payload: [{ contentString: '' }] },
      'Communication.payload[0].contentString: is empty',
    ],
    ['an empty list', { ...good, about: [] }, 'Communication.about: is empty'],
    [
      'a code of a contact point',
      {
        ...good,
        contained: [{ ...caregiver, telecom: [{ system: 'fax-sms', value: '1' }] }],
        sender: { reference: '#c' },
      },
      'Communication.contained[0].telecom[0].system: is no code of',
    ],
    [
      'two contents of a payload',
      { ...good, payload: [{ contentString: 'a', contentReference: { display: 'b' } }] },
      'Communication.payload[0]: has more than one content[x]',
    ],
    [
      'an invariant that does not hold',
      { ...good, payload: [{ contentAttachment: { data: 'YQ==' } }] },
      'Communication.payload[0].contentAttachment: Constraint att-1 not met',
    ],
    [
      'a period that ends before it begins',
      { ...good, about: [{ identifier: { value: 'a', period: { start: '2024-03-07', end: '2024-03-06' } } }] },
      'Communication.about[0].identifier.period: Constraint per-1 not met',
    ],
    [
      'a contact point without a system, in what is contained',
      { ...good, contained: [{ ...caregiver, telecom: [{ value: '1' }] }], sender: { reference: '#c' } },
      'Communication.contained[0].telecom[0]: Constraint cpt-2 not met',
    ],
    [
      'a version of what is contained',
      { ...good, contained: [{ ...caregiver, meta: { versionId: '1' } }], sender: { reference: '#c' } },
      'Communication: Constraint dom-4 not met',
    ],
  ])('finds %s, and tells the element', (_, resource, fault) => {
    expect(validate(resource).join('\n')).toContain(fault);
    expect(validate(inBundle(resource)).join('\n')).toContain(
      fault.replace(/^Communication/, 'Bundle.entry[0].resource'),
    );
  });

  it.each([null, undefined, 'Communication', 7, [], {}, { resourceType: 'Patient' }, { resourceType: null }])(
    'refuses what is no resource that is written here: %j',
    (value) => {
      expect(validate(value)).toHaveLength(1);
    },
  );
});

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

describe('an extension', () => {
  it.each([
    ['that is defined', { extension: [named('carrier')] }],
    ['with a part', { extension: [named('caregiver', { extension: [{ url: 'name', valueString: 'a' }] })] }],
    ['of another owner', { extension: [{ url: 'https://other.example/a', valueBoolean: true }] }],
    ['of another owner whose name begins like ours', { extension: [{ url: `${base}-two/a`, valueBoolean: true }] }],
    ['on an element', { recipient: [{ display: 'a', extension: [named('on-recipient')] }] }],
    ['on an element inside another', { category: [{ coding: [{ code: 'a', extension: [named('on-coding')] }] }] }],
    ['on a type of data', { sender: { display: 'a', extension: [named('on-any-reference')] } }],
    ['on anything', { topic: { text: 'a', extension: [named('anywhere')] } }],
    ['on a primitive', { sent: '2024-03-07', _sent: { extension: [named('anywhere')] } }],
  ])('%s is good', (_, changed) => {
    expect(validate({ ...good, ...changed })).toEqual([]);
  });

  const [place, first] = ['may not stand here', 'Communication.extension[0]'];
  it.each([
    [
      'on another element',
      { topic: { text: 'a', extension: [named('carrier')] } },
      `Communication.topic.extension[0]: ${place}`,
    ],
    ['on the message', { extension: [named('on-recipient')] }, `${first}: ${place}`],
    ['on a resource, though defined for elements', { extension: [named('anywhere')] }, `${first}: ${place}`],
    [
      'on what is contained',
      { contained: [{ ...caregiver, extension: [named('carrier')] }], sender: { reference: '#c' } },
      `Communication.contained[0].extension[0]: ${place}`,
    ],
    [
      'inside another',
      { extension: [{ url: 'https://other.example/a', extension: [named('carrier')] }] },
      `${first}.extension[0]: ${place}`,
    ],
    [
      'with a value of another type',
      { extension: [named('carrier', { valueCode: 'a' })] },
      `${first}: takes valueString`,
    ],
    [
      'with parts where it takes a value',
      { extension: [named('carrier', { extension: [{ url: 'name', valueString: 'a' }] })] },
      `${first}: has a part that it does not know`,
    ],
    [
      'with a value where it takes parts',
      { extension: [named('caregiver')] },
      `${first}: takes no value\n${first}: has "name" 0 times`,
    ],
    [
      'with a part twice',
      { extension: [named('caregiver', { extension: [1, 2].map(() => ({ url: 'name', valueString: 'a' })) })] },
      `${first}: has "name" 2 times`,
    ],
    [
      'with a part of another type',
      { extension: [named('caregiver', { extension: [{ url: 'name', valueCode: 'a' }] })] },
      `${first}: "name" takes valueString`,
    ],
    [
      'below our base that is not defined',
      { extension: [named('nothing')] },
      `${first}: is below the canonical base, and no such extension is defined`,
    ],
    [
      'of a url that is not absolute',
      { extension: [{ url: 'name', valueString: 'a' }] },
      `${first}: has a url that is not absolute`,
    ],
  ])('%s is a fault', (_, changed, fault) => {
    expect(validate({ ...good, ...changed }).join('\n')).toBe(fault);
  });
});

describe('whatever it is given', () => {
  const names = constantFrom(
    ...['resourceType', 'contained', 'extension', 'status', 'payload', 'subject', 'id', '_sent', 'url'],
  );
  const anyResource = dictionary(names, anything({ maxDepth: 4 })).map((changed) => ({ ...good, ...changed }));

  it('full validation never throws', () => {
    const endless: Record<string, unknown> = { ...good };
    endless['topic'] = { extension: [endless] };
    let deep: unknown = { url: 'a', valueString: 'a' };
    for (let depth = 0; depth < 20_000; depth += 1) deep = { url: 'a', extension: [deep] };
    expect(validate(endless)).not.toEqual([]);
    expect(validate({ ...good, extension: [deep] })).not.toEqual([]);
    assert(
      property(anything(), (value) => {
        expect(validate(value)).not.toEqual([]);
      }),
    );
    assert(
      property(anyResource, (resource) => {
        expect(Array.isArray(validate(resource))).toBe(true);
      }),
    );
  });

  it('its lines begin with an element and hold no value', () => {
    const secret = string({ minLength: 1 }).map((text) => `Q${text}-2025550141`);
    const anySecret = array(secret, { minLength: 8, maxLength: 8 });
    assert(
      property(anySecret, ([a, b, c, d, e, f, g, h]) => {
        const lines = validate({
          ...good,
          id: a,
          status: b,
          sent: c,
          subject: { reference: d, type: e },
          extension: [{ url: f, valueCode: ` ${g}` }],
          topic: h,
          contained: [{ resourceType: a, id: b, telecom: c }],
          language: ` ${e}`,
        });
        expect(lines.length).toBeGreaterThan(5);
        for (const line of lines) {
          expect(line).toMatch(/^Communication[\w.[\]]*: /);
          expect(line).not.toContain('2025550141');
        }
      }),
    );
  });
});

function extension(id: string, contexts: readonly string[], element: ElementDefinition[]): StructureDefinition {
  return {
    resourceType: 'StructureDefinition',
    url: `${base}/${id}`,
    name: id,
    status: 'active',
    kind: 'complex-type',
    abstract: false,
    type: 'Extension',
    derivation: 'constraint',
    context: contexts.map((expression) => ({ type: 'element', expression })),
    differential: { element },
  };
}
