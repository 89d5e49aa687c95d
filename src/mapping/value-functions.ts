import type { Problem } from '../exchange/problem.ts';
import { withoutForbiddenCodePoints } from './code-points.ts';
import type { Evaluation, Give } from './evaluation.ts';
import { isRegion, phoneNumberReader } from './phone-number.ts';
import { daysInMonth } from './primitive-check.ts';
import type { Surroundings } from './settings.ts';

/** What a function makes: a text fits every element that is written as text, the others only their own type. */
export type FunctionResult = 'text' | 'boolean' | 'dateTime' | 'base64Binary' | 'Coding' | 'Reference';

/** A function of fields: how many it takes, what it gives, and how it is bound to them. */
export interface FieldFunction {
  readonly fields: { readonly atLeast: number; readonly atMost: number };
  readonly gives: FunctionResult;
  /** Binds the function once; a text says why it cannot be used with these settings. */
  readonly bind: (fields: readonly [string, ...string[]], surroundings: Surroundings) => Give | string;
}

const oneField = { atLeast: 1, atMost: 1 };

/** The closed list of functions of fields. What none of them does needs one more here, with its test. */
export const fieldFunctions = {
  /** The field as it is. */
  text: {
    fields: oneField,
    gives: 'text',
    bind:
      ([field]) =>
      (evaluation) =>
        text(evaluation, field),
  },
  /** Without the space around it. */
  trim: {
    fields: oneField,
    gives: 'text',
    bind:
      ([field]) =>
      (evaluation) =>
        text(evaluation, field)?.trim(),
  },
  /** Without the space around it, in lower case: for ids that are the same in any case. */
  lower: {
    fields: oneField,
    gives: 'text',
    bind:
      ([field]) =>
      (evaluation) =>
        text(evaluation, field)?.trim().toLowerCase(),
  },
  /** The first of the fields that has text. */
  first: {
    fields: { atLeast: 1, atMost: Infinity },
    gives: 'text',
    bind: (fields) => (evaluation) => {
      for (const field of fields) {
        const found = text(evaluation, field);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  },
  /** Only `true` and `false`, to the letter. */
  boolean: {
    fields: oneField,
    gives: 'boolean',
    bind:
      ([field]) =>
      ({ row }) =>
        row[field] === 'true' ? true : row[field] === 'false' ? false : undefined,
  },
  /** E.164 when the number is certain, else as given. */
  phone: {
    fields: oneField,
    gives: 'text',
    bind: ([field], { settings: { region } }) => {
      if (region !== '' && !isRegion(region))
        return 'needs mapping.region: two letters of a country such as US, or empty';
      const read = phoneNumberReader(region === '' ? undefined : region);
      return (evaluation) => {
        const given = text(evaluation, field);
        return given === undefined ? undefined : (read(given) ?? given);
      };
    },
  },
  /** The field as the data of an Attachment: UTF-8 in base64. */
  base64: {
    fields: oneField,
    gives: 'base64Binary',
    bind:
      ([field]) =>
      (evaluation) => {
        const given = text(evaluation, field);
        return given === undefined ? undefined : Buffer.from(given, 'utf8').toString('base64');
      },
  },
  /** `MM/dd/yyyy` and `HH:mm`, UTC, as a FHIR dateTime. Never guesses: a malformed one refuses the record. */
  instant: {
    fields: { atLeast: 2, atMost: 2 },
    gives: 'dateTime',
    bind:
      ([date, time = date]) =>
      (evaluation) =>
        instant(evaluation, date, time),
  },
  /** The Patient, referenced the way `patient.reference` says; the field is the name to show. */
  patient: { fields: oneField, gives: 'Reference', bind: patient },
} as const satisfies Readonly<Record<string, FieldFunction>>;

/** Undefined for null and blank; code points that FHIR forbids become U+FFFD. */
function text(evaluation: Evaluation, field: string): string | undefined {
  const value = evaluation.row[field];
  if (value == null || !/\S/.test(value)) return undefined;
  const allowed = withoutForbiddenCodePoints(value);
  // The same text is given back where nothing was replaced.
  if (allowed !== value) evaluation.replaced = true;
  return allowed;
}

function refuse(evaluation: Evaluation, problem: Problem): undefined {
  evaluation.problem ??= problem;
  return undefined;
}

function instant(evaluation: Evaluation, dateField: string, timeField: string): string | undefined {
  const date = evaluation.row[dateField]?.trim() ?? '';
  if (date === '') return undefined;
  const day = isoDate(date);
  if (day === undefined) return refuse(evaluation, { code: 'resource-invalid', where: dateField });
  const time = evaluation.row[timeField]?.trim() ?? '';
  if (time === '') return day;
  if (!/^(?:[01]\d|2[0-3]):[0-5]\d$/.test(time)) {
    return refuse(evaluation, { code: 'resource-invalid', where: timeField });
  }
  return `${day}T${time}:00Z`;
}

/** `MM/dd/yyyy` as `yyyy-MM-dd`, if the day exists. */
function isoDate(date: string): string | undefined {
  if (!/^(?:0[1-9]|1[0-2])\/(?:0[1-9]|[12]\d|3[01])\/\d{4}$/.test(date)) return undefined;
  const [month, day, year] = [date.slice(0, 2), date.slice(3, 5), date.slice(6)];
  const exists = year !== '0000' && Number(day) <= daysInMonth(Number(year), Number(month));
  return exists ? `${year}-${month}-${day}` : undefined;
}

/** An id as FHIR allows it, but for `.` and `..`, which an address would take for the way up. */
const fhirId = /^(?!\.+$)[A-Za-z0-9\-.]{1,64}$/;

/**
 * The id trimmed, never altered: another id is another person. All but `literal` name the Patient by identifier here;
 * which Patient of the EHR that is, is found out when the message is sent.
 */
function patient([nameField]: readonly [string, ...string[]], surroundings: Surroundings): Give | string {
  const { fields, settings } = surroundings;
  const { reference, from, system } = settings.patient;
  if (!fields.includes(from)) return `needs patient.from: "${from}" is no field of the source`;
  const literal = reference === 'literal';
  return (evaluation) => {
    const value = evaluation.row[from]?.trim() ?? '';
    if (value === '') return refuse(evaluation, { code: 'person-id-missing', where: from });
    if (literal && !fhirId.test(value)) return refuse(evaluation, { code: 'person-id-unusable', where: from });
    const display = text(evaluation, nameField)?.trim();
    return {
      ...(literal ? { reference: `Patient/${value}` } : {}),
      type: 'Patient',
      identifier: { system, value },
      ...(display === undefined ? {} : { display }),
    };
  };
}
