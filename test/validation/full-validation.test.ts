import { globSync, readFileSync } from 'node:fs';
import { anything, array, assert, constantFrom, dictionary, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fullValidator } from '../../src/validation/full-validation.ts';
import { caregiver, good, inBundle } from './messages.ts';

const validate = await fullValidator();

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

  it('loads its library when it is asked for, not with the program', () => {
    const sources = globSync('src/validation/*.ts').map((file) => readFileSync(file, 'utf8'));
    expect(sources.filter((text) => text.includes("await import('@medplum/core')"))).toHaveLength(1);
    expect(sources.filter((text) => text.includes("from '@medplum/core'"))).toEqual([]);
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
