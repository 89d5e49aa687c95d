import { array, assert, constantFrom, nat, oneof, property, record, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkCommunication } from '../../src/mapping/communication-check.ts';
import { r4Types } from '../../src/mapping/r4-elements.ts';
import { validateFully } from '../fhir/full-validation.ts';
import { good } from '../mapping/bad-resources.ts';

/** One with most elements that there are. */
const rich: unknown = {
  ...good,
  text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">a</div>' },
  language: 'en',
  priority: 'routine',
  instantiatesUri: ['https://a.example/b'],
  statusReason: { text: 'a' },
  topic: { text: 'a' },
  received: '2024',
  encounter: { reference: 'Encounter/a' },
  sender: { display: 'a' },
  payload: [
    { contentString: 'a' },
    { contentAttachment: { contentType: 'text/plain', data: 'YQ==', size: 1 } },
    { contentReference: { display: 'a' } },
  ],
  note: [{ text: 'a', authorString: 'b' }],
};

type Step = string | number;

/** The ways to every value in it, itself included. */
function ways(value: unknown, way: readonly Step[] = []): readonly (readonly Step[])[] {
  if (typeof value !== 'object' || value === null) return [way];
  return [way, ...Object.entries(value).flatMap(([name, below]) => ways(below, [...way, name]))];
}

/** A copy with another value there. */
function changedAt(value: unknown, [step, ...rest]: readonly Step[], other: unknown): unknown {
  if (step === undefined) return other;
  if (Array.isArray(value))
    return value.map((each, at) => (String(at) === String(step) ? changedAt(each, rest, other) : each));
  if (typeof value !== 'object' || value === null) return value;
  return { ...value, [step]: changedAt(Reflect.get(value, step), rest, other) };
}

const places = ways(rich);
const elementNames = [...new Set(Object.values(r4Types).flatMap(({ elements }) => Object.keys(elements)))];

/** Good in one place or another, and bad in most. */
const anyValue = oneof(
  constantFrom<unknown>(
    ...['a', ' a', 'a ', 'a  b', '', ' ', '\u00a0', 'a\u3000', 'a\u0000', 'a\ud83d', 'YQ==', 'YQ=', 'completed', 'sms'],
    ...['2024', '2024-02-29', '2024-02-30', '2024-03-07T09:30:00Z', '2024-03-07T09:30:00', 'https://a.example/b'],
    ...['Patient/a', '#caregiver', '#', 'urn:uuid:a', 'https://', '<div xmlns="http://www.w3.org/1999/xhtml">a</div>'],
    ...[
      null,
      true,
      7,
      0,
      -1,
      1.5,
      1e20,
      [],
      {},
      ['a'],
      [{}],
      [[]],
      { a: 1 },
      { text: 'a' },
      { code: 'a' },
      { value: 'a' },
    ],
    ...[{ reference: 'Patient/a' }, { display: 'a' }, { start: '2024' }, { coding: [{ code: 'a' }] }, { id: 'a' }],
    ...[[{ text: 'a' }], [{ display: 'a' }], [{ value: 'a' }], [{ contentString: 'a' }], good.contained],
    ...[[{ url: 'https://a.example/b', valueString: 'a' }], [{ url: 'https://a.example/b' }], { contentString: 'a' }],
  ),
  string({ unit: 'binary' }),
);

const anyChange = record({
  at: nat(places.length - 1),
  name: oneof(constantFrom(...elementNames), constantFrom('')),
  value: anyValue,
});

const anyCommunication = array(anyChange, { minLength: 1, maxLength: 2 }).map((changes) =>
  changes.reduce((resource, { at, name, value }) => {
    const place = places[at] ?? [];
    return changedAt(resource, name === '' ? place : [...place, name], value);
  }, rich),
);

/** What only full validation looks at: what an element may refer to, where an extension is defined, and invariants. */
const fullAlone =
  /: (?:may lead to|states a|has a url that is not absolute|has the id of another one|Constraint|Expected number to be in the range)/;

describe('the check of each record and full validation', () => {
  it('begin with a Communication that both let through', () => {
    expect(checkCommunication(rich).kind).toBe('valid');
    expect(validateFully(rich)).toEqual([]);
    expect(places.length).toBeGreaterThan(80);
  });

  it('agree on the form of whatever is changed in it', () => {
    const seen = { valid: 0, invalid: 0 };
    assert(
      property(anyCommunication, (resource) => {
        const checked = checkCommunication(resource);
        const faults = validateFully(resource);
        seen[checked.kind] += 1;
        if (checked.kind === 'valid') expect(faults.filter((fault) => !fullAlone.test(fault))).toEqual([]);
        // The check of each record knows fewer elements of a contained person than R4.
        else if (!checked.where.startsWith('contained')) expect(faults).not.toEqual([]);
      }),
      { numRuns: 1_500 },
    );
    expect(seen.valid).toBeGreaterThan(200);
    expect(seen.invalid).toBeGreaterThan(200);
  });
});
