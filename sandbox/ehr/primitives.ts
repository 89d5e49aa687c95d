const matching =
  (pattern: RegExp) =>
  (value: unknown): boolean =>
    typeof value === 'string' && pattern.test(value);

/** Control characters but TAB, LF and CR; those from U+007F on are allowed. */
const forbidden = /[^\P{Cc}\t\n\r\x7f-\x9f]/u;

/** Something besides space. */
const isText = (value: unknown): boolean => typeof value === 'string' && /\S/.test(value) && !forbidden.test(value);

const isWhole = (least: number) => (value: unknown) =>
  Number.isInteger(value) && Number(value) >= least && Number(value) < 2 ** 31;

const date = String.raw`(?!0000)\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?`;
const fullDate = String.raw`(?!0000)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])`;
const time = String.raw`T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))`;

/** A day that exists: 2023-02-30 has the form of one. */
function isCalendar(value: unknown): boolean {
  const day = typeof value === 'string' ? /^\d{4}-\d\d-\d\d/.exec(value)?.[0] : undefined;
  return day === undefined || new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

const dated = (form: string) => {
  const hasForm = matching(new RegExp(`^(?:${form})$`));
  return (value: unknown): boolean => hasForm(value) && isCalendar(value);
};

/** Whether a JSON value is one of that type. https://hl7.org/fhir/R4/datatypes.html#primitive */
export const primitives: Readonly<Record<string, (value: unknown) => boolean>> = {
  base64Binary: matching(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/),
  boolean: (value) => typeof value === 'boolean',
  canonical: matching(/^\S+$/),
  code: matching(/^[^\s]+(?:\s[^\s]+)*$/),
  date: dated(date),
  dateTime: dated(`${date}|${fullDate}${time}`),
  decimal: (value) => typeof value === 'number',
  id: matching(/^[A-Za-z0-9\-.]{1,64}$/),
  instant: dated(`${fullDate}${time}`),
  integer: isWhole(-(2 ** 31)),
  markdown: isText,
  oid: matching(/^urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+$/),
  positiveInt: isWhole(1),
  string: isText,
  unsignedInt: isWhole(0),
  uri: matching(/^\S+$/),
  url: matching(/^\S+$/),
  uuid: matching(/^urn:uuid:[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/),
  xhtml: matching(/^\s*<div[\s>][\s\S]*<\/div>\s*$/),
};
