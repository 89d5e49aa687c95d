import { readdirSync } from 'node:fs';
import { join } from 'node:path';
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
  tuple,
  type Arbitrary,
} from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isProblemCode } from '../../src/exchange/problem.ts';
import { checkCommunication } from '../../src/mapping/communication-check.ts';
import { loadMapping } from '../../src/mapping/load-mapping.ts';
import type { Mapped, Mapping } from '../../src/mapping/mapping.ts';
import { readMessageResult } from '../../src/sources/dialog-health/message-result.ts';
import { validateFully } from '../fhir/full-validation.ts';
import {
  anyRecord,
  communicationOf,
  extensionOf,
  fields,
  folder,
  keys,
  loaded,
  options,
  outgoingOf,
  row,
  settings,
} from './dialog-health.ts';

/** Any text at all: every plane, control characters, half surrogate pairs, names of object members. */
const anyText = oneof(
  string({ unit: 'binary' }),
  array(integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit))).map((units) => units.join('')),
  constantFrom(
    '',
    ' ',
    '\u00a0',
    '\u3000',
    'a\u2028b',
    '\u0000',
    'a\ud83d',
    '__proto__',
    'constructor',
    '<script>',
    '=text(a)',
    '"',
    '🙂',
    '\ufffe',
  ),
);

const two = (number: number): string => String(number).padStart(2, '0');
/** Of days that exist, and of some that do not. */
const anyDate = tuple(integer({ min: 0, max: 13 }), integer({ min: 0, max: 32 }), integer({ min: 0, max: 9_999 })).map(
  ([month, day, year]) => `${two(month)}/${two(day)}/${String(year).padStart(4, '0')}`,
);
const anyTime = tuple(integer({ min: 0, max: 24 }), integer({ min: 0, max: 60 })).map((parts) =>
  parts.map(two).join(':'),
);

const likely: Readonly<Record<string, Arbitrary<string>>> = {
  recipientType: constantFrom('PATIENT', 'CAREGIVER', 'STAFF'),
  personId: constantFrom('tp-1', '2025550141'),
  outgoingMessageId: constantFrom('7b2e4f60'),
  outgoingMessageSentDate: oneof(constantFrom('03/07/2024', '02/29/2023'), anyDate),
  outgoingMessageSentTime: oneof(constantFrom('09:30', '25:00'), anyTime),
  delivered: constantFrom('true', 'false'),
  messageStatus: constantFrom('INVALID_PHONE', 'MESSAGE_REJECTED'),
  messageSentBy: constantFrom('System'),
  mobileNumber: constantFrom('2025550141', '+1 202 555 0141'),
  caregiverPhone: constantFrom('2025550148'),
};

/** A value that the field may well have most of the time, so that not every record is rejected; else anything. */
const valueOf = (field: string): Arbitrary<string | null> => {
  const known = likely[field];
  const anything = option(anyText);
  if (known === undefined) return anything;
  const often = { arbitrary: known, weight: 12 };
  return oneof(often, { arbitrary: anything, weight: 1 });
};

const anyBody = record(Object.fromEntries(fields.map((field) => [field, valueOf(field)])));
const anyDirection = constantFrom('outgoing' as const, 'incoming' as const);

const mapping = loaded();

/** Each way in which a site may have set it up: settings, and the dialect of its EHR. */
const mappings: Readonly<Record<string, Mapping>> = {
  'as it comes': mapping,
  'by identifier': loaded({ patient: { ...settings.patient, reference: 'identifier' } }),
  'without organization and region': loaded({
    region: '',
    organization: { system: '', value: '', display: '', reference: '' },
  }),
  'with narrative, profile and labels': loaded({ narrative: true, profile: true, labels: ['restricted', 'test-data'] }),
  ...Object.fromEntries(
    readdirSync(join(folder, 'dialects')).map((dialect) => [
      `for ${dialect}`,
      loadedFor(join(folder, 'dialects', dialect)),
    ]),
  ),
};

function loadedFor(dialect: string): Mapping {
  const reference = dialect.endsWith('oracle-health') ? 'Group/4521' : 'Organization/12';
  const organization = { ...settings.organization, reference };
  const result = loadMapping({ ...options, layers: [folder, dialect], settings: { ...settings, organization } });
  if (result.kind === 'loaded') return result.mapping;
  throw new Error(result.problems.map(({ file, line, message }) => `${file}:${line} ${message}`).join('\n'));
}

describe('any record of texts and nulls', () => {
  it.each(Object.entries(mappings))(
    'becomes a Communication that is valid FHIR R4, or a problem with a name: %s',
    (_, mapping) => {
      let communications = 0;
      assert(
        property(anyBody, anyDirection, (body, direction) => {
          const mapped = mapping.map(anyRecord(body, direction));
          if (mapped.kind === 'communication') communications += 1;
          expect(faultsOf(mapped)).toEqual([]);
        }),
        { numRuns: 400 },
      );
      expect(communications).toBeGreaterThan(60);
    },
  );

  it('does so as the source reads it, or is a row that cannot be read', () => {
    let communications = 0;
    assert(
      property(anyBody, (body) => {
        const reading = readMessageResult(body, 0, { source: 's', keys, stageOf: mapping.stageOf });
        if (reading.kind === 'unreadable') {
          expect(isProblemCode(reading.unreadable.problem.code)).toBe(true);
          return;
        }
        for (const mapped of reading.records.map((each) => mapping.map(each))) {
          if (mapped.kind === 'communication') communications += 1;
          expect(faultsOf(mapped)).toEqual([]);
        }
      }),
      { numRuns: 400 },
    );
    expect(communications).toBeGreaterThan(25);
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
  const given = (number: number, text: string): unknown =>
    extensionOf(outgoingOf({ [`personMisc${number}`]: text }, mapping), `sms-person-misc-${number}`);

  it.each([1, 2, 3, 4, 5])('%i comes out unchanged, whatever it says', (number) => {
    const allowed = anyText.filter((text) => text === allowedOf(text) && text.trim() !== '');
    assert(
      property(allowed, (text) => {
        expect(given(number, text)).toBe(text);
      }),
    );
  });

  it('comes out with a mark where FHIR forbids a letter, and not at all where it is blank', () => {
    assert(
      property(anyText, (text) => {
        expect(given(1, text)).toBe(text.trim() === '' ? undefined : allowedOf(text));
      }),
    );
  });
});

describe('a text', () => {
  const made = (outgoingMessage: string): Mapped => mapping.map(anyRecord({ ...row, outgoingMessage }));

  it.each([
    ['10,000 letters', 'abcde fghi'.repeat(1_000)],
    ['the most that R4 allows', 'a'.repeat(1_048_576)],
    ['spaces around it', ' a \n'],
    ['no-break, wide and line spaces', '\u00a0a\u3000b\u2028c\ufeff'],
    ['letters from right to left', 'שלום \u202eמרחבא\u202c'],
    ['emoji', '👩‍👩‍👧 🇨🇿 🙂'],
  ])('of %s arrives unchanged', (_, text) => {
    const mapped = made(text);
    expect(faultsOf(mapped)).toEqual([]);
    expect(communicationOf(mapped).payload).toEqual([{ contentString: text }]);
  });

  it('over one megabyte is a problem with the name of the element', () => {
    const problem = { code: 'resource-invalid', where: 'payload[0].contentString' };
    expect(made('a'.repeat(1_048_577))).toEqual({ kind: 'rejected', problem });
  });
});

/** What is wrong with a Communication, by the full validator and by ours; or with a problem, which holds no value. */
function faultsOf(mapped: Mapped): readonly string[] {
  if (mapped.kind === 'communication') {
    const checked = checkCommunication(mapped.resource);
    return [...validateFully(mapped.resource), ...(checked.kind === 'invalid' ? [checked.where] : [])];
  }
  const { code, where = '' } = mapped.problem;
  const named =
    where.split(', ').every((field) => fields.includes(field)) || /^[A-Za-z]+(?:\[\d+\]|\.[A-Za-z]+)*$/.test(where);
  return [...(isProblemCode(code) ? [] : ['code']), ...(named ? [] : [`where ${where}`])];
}

/** Letter by letter, as the specification says it. */
function allowedOf(text: string): string {
  return Array.from(text.toWellFormed(), (letter) =>
    letter < ' ' && !'\t\n\r'.includes(letter) ? '\ufffd' : letter,
  ).join('');
}
