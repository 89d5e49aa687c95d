import { shown } from './shown.ts';

/** Rows as lines in which the columns stand under each other. */
export function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, text] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, widthOf(text));
  }
  return rows.map((row) =>
    row
      .map((text, column) => text + ' '.repeat((widths[column] ?? 0) - widthOf(text)))
      .join('  ')
      .trimEnd(),
  );
}

/** Longer values are cut. */
const longest = 40;

const characters = new Intl.Segmenter('en', { granularity: 'grapheme' });

const plain = /^[ -~…]*$/;

/** The segmenter takes its time, and most texts do without. */
const charactersIn = (text: string): readonly string[] =>
  plain.test(text) ? Array.from(text) : Array.from(characters.segment(text), ({ segment }) => segment);

/** A value as JSON, on one line, in which nothing is invisible or a command to the terminal. */
export function shownValue(value: string | number | boolean): string {
  const text = shown(value);
  const all = charactersIn(text);
  return all.length <= longest ? text : `${all.slice(0, longest - 1).join('')}…`;
}

/** Of two places in a terminal: emoji, and the letters of East Asia. */
const wide = /\p{Emoji_Presentation}|\uFE0F|[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}\uFF01-\uFF60]/u;

const widthOf = (text: string): number =>
  plain.test(text)
    ? text.length
    : charactersIn(text).reduce((width, character) => width + (wide.test(character) ? 2 : 1), 0);
