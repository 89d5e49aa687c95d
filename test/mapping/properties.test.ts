import {
  array,
  assert,
  constantFrom,
  integer,
  oneof,
  option,
  property,
  record,
  string,
  type Arbitrary,
} from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isProblemCode } from '../../src/exchange/problem.ts';
import { checkCommunication } from '../../src/mapping/communication-check.ts';
import type { Mapped } from '../../src/mapping/mapping.ts';
import { validateFully } from '../fhir/full-validation.ts';
import { anyRecord, extensionOf, fields, loaded, outgoingOf, settings } from './dialog-health.ts';

/** Any text at all: every plane, control characters, half surrogate pairs, names of object members. */
const anyText = oneof(
  string({ unit: 'binary' }),
  array(integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit))).map((units) => units.join('')),
  constantFrom('', ' ', '\u00a0', '__proto__', 'constructor', '<script>', '=text(a)', '"', '🙂', '\ufffe'),
);

const likely: Readonly<Record<string, readonly string[]>> = {
  recipientType: ['PATIENT', 'CAREGIVER', 'STAFF'],
  personId: ['tp-1', '2025550141'],
  outgoingMessageId: ['7b2e4f60'],
  outgoingMessageSentDate: ['03/07/2024', '02/29/2023'],
  outgoingMessageSentTime: ['09:30', '25:00'],
  delivered: ['true', 'false'],
  messageStatus: ['INVALID_PHONE', 'MESSAGE_REJECTED'],
  messageSentBy: ['System'],
  mobileNumber: ['2025550141', '+1 202 555 0141'],
  caregiverPhone: ['2025550148'],
};

/** A value that the field may well have most of the time, so that not every record is rejected; else anything. */
const valueOf = (field: string): Arbitrary<string | null> => {
  const known = likely[field];
  const anything = option(anyText);
  if (known === undefined) return anything;
  const often = { arbitrary: constantFrom(...known), weight: 12 };
  return oneof(often, { arbitrary: anything, weight: 1 });
};

const anyBody = record(Object.fromEntries(fields.map((field) => [field, valueOf(field)])));
const anyDirection = constantFrom('outgoing' as const, 'incoming' as const);

const byIdentifier = { ...settings.patient, reference: 'identifier' } as const;
const mapping = loaded();
const mappings = [
  mapping,
  loaded({ patient: byIdentifier }),
  loaded({ region: '', organization: { system: '', value: '', display: '', reference: '' } }),
];

describe('any record of texts and nulls', () => {
  it('becomes a Communication that is valid FHIR R4, or a problem with a name', () => {
    let communications = 0;
    assert(
      property(anyBody, anyDirection, constantFrom(...mappings), (body, direction, mapping) => {
        const mapped = mapping.map(anyRecord(body, direction));
        if (mapped.kind === 'communication') communications += 1;
        expect(faultsOf(mapped)).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
    expect(communications).toBeGreaterThan(300);
  });

  it('gives the same bytes each time, from any loading of the mapping', () => {
    const again = loaded();
    assert(
      property(anyBody, anyDirection, (body, direction) => {
        const bytes = JSON.stringify(mapping.map(anyRecord(body, direction)));
        expect(JSON.stringify(mapping.map(anyRecord(body, direction)))).toBe(bytes);
        expect(JSON.stringify(again.map(anyRecord(body, direction)))).toBe(bytes);
      }),
      { numRuns: 1_000 },
    );
  });

  it('has a stage', () => {
    assert(
      property(anyBody, (body) => {
        const { rank } = mapping.stageOf(body);
        expect([0, 2, 3]).toContain(rank);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a misc field', () => {
  it.each([1, 2, 3, 4, 5])('%i comes out as it went in, but for what FHIR forbids', (number) => {
    assert(
      property(anyText, (text) => {
        const made = outgoingOf({ [`personMisc${number}`]: text }, mapping);
        const given = extensionOf(made, `sms-person-misc-${number}`);
        expect(given).toBe(text.trim() === '' ? undefined : allowedOf(text));
      }),
    );
  });
});

/** What is wrong with a Communication, by the full validator and by ours; or with a problem, which holds no value. */
function faultsOf(mapped: Mapped): readonly string[] {
  if (mapped.kind === 'communication') {
    const checked = checkCommunication(mapped.resource);
    return [...validateFully(mapped.resource), ...(checked.kind === 'invalid' ? [checked.where] : [])];
  }
  const { code, where = '' } = mapped.problem;
  const named = fields.includes(where) || /^[A-Za-z]+(?:\[\d+\]|\.[A-Za-z]+)*$/.test(where);
  return [...(isProblemCode(code) ? [] : ['code']), ...(named ? [] : [`where ${where}`])];
}

/** Letter by letter, as the specification says it. */
function allowedOf(text: string): string {
  return Array.from(text.toWellFormed(), (letter) =>
    letter < ' ' && !'\t\n\r'.includes(letter) ? '\ufffd' : letter,
  ).join('');
}
