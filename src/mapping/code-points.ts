/** What a FHIR string may not hold: control characters below U+0020 but TAB, LF and CR, and half surrogate pairs. */
const forbidden = /[[\p{Cc}\p{Cs}]--[\t\n\r\u007f-\u009f]]/v;
const everyForbidden = new RegExp(forbidden, 'gv');

export const hasForbiddenCodePoint = (text: string): boolean => forbidden.test(text);

/** The text with U+FFFD in place of each code point that FHIR forbids; any other text as it is. */
export const withoutForbiddenCodePoints = (text: string): string =>
  forbidden.test(text) ? text.replace(everyForbidden, '\uFFFD') : text;
