/** A text in which nothing is invisible or a command to the terminal: what a patient writes must not steer it. */
export const plain = (text: string): string =>
  text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );

/** A value as JSON on one line. */
export const shown = (value: unknown): string => (value === undefined ? 'nothing' : plain(JSON.stringify(value)));
