import { hasForbiddenCodePoint } from './code-points.ts';
import type { PrimitiveType } from './r4-elements.ts';

/** R4 allows one megabyte for a string. */
const longestString = 1_048_576;

/**
 * White space of R4 is that of XML: a server may take a text of it for nothing. A text of no-break spaces (U+00A0) or
 * of wide ones (U+2028, U+3000) is a text. https://hl7.org/fhir/R4/datatypes.html#string
 */
const isText = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.length <= longestString &&
  /[^ \t\r\n]/.test(value) &&
  !hasForbiddenCodePoint(value);

const matching =
  (pattern: RegExp) =>
  (value: unknown): boolean =>
    typeof value === 'string' && pattern.test(value);

/** No white space but single spaces between. */
const isCode = (value: unknown): boolean => isText(value) && /^\S+(?: \S+)*$/.test(value);

/** The same few addresses stand in every resource of a mapping: those seen to be good are not read again. */
const goodUris = new Set<unknown>();
const rememberedUris = 1_000;

function isUri(value: unknown): boolean {
  if (goodUris.has(value)) return true;
  const good = typeof value === 'string' && /^[^\s\p{Cc}\p{Cs}]+$/v.test(value);
  if (good && goodUris.size < rememberedUris) goodUris.add(value);
  return good;
}

// A time without seconds or zone is none in FHIR.
const dateTime =
  /^(\d{4})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01])(?:T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00)))?)?)?$/;

function isDateTime(value: unknown): boolean {
  const match = typeof value === 'string' ? dateTime.exec(value) : null;
  if (match === null) return false;
  const [, year, month, day] = match;
  if (year === '0000') return false;
  return day === undefined || Number(day) <= daysInMonth(Number(year), Number(month));
}

/** @param month 1 is January. */
export function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Whether a value is one of that type, as R4 writes it in JSON. https://hl7.org/fhir/R4/datatypes.html#primitive */
export const primitiveChecks: Readonly<Record<PrimitiveType, (value: unknown) => boolean>> = {
  string: isText,
  markdown: isText,
  code: isCode,
  id: matching(/^[A-Za-z0-9\-.]{1,64}$/),
  uri: isUri,
  boolean: (value) => typeof value === 'boolean',
  integer: (value) => Number.isInteger(value) && Math.abs(Number(value)) < 2 ** 31,
  decimal: (value) => typeof value === 'number' && Number.isFinite(value),
  dateTime: isDateTime,
  instant: (value) => isDateTime(value) && String(value).includes('T'),
  base64Binary: matching(/^(?=.)(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/),
  xhtml: (value) => isText(value) && value.startsWith('<div xmlns="http://www.w3.org/1999/xhtml"'),
};
