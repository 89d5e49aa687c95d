/**
 * A value as JSON on one line, for a terminal. What a patient writes must not steer it: JSON escapes the control
 * characters of ASCII, and here go DEL, the C1 controls, Unicode's line ends and what turns the direction of writing.
 */
export const shown = (value: unknown): string => (value === undefined ? 'nothing' : plain(JSON.stringify(value)));

/** The same for a text that is printed as it is. */
export const plain = (text: string): string =>
  text.replaceAll(
    /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
