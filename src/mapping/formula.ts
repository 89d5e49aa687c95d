/** `=function(argument, …)`, taken apart. */
export type FormulaText =
  | { readonly kind: 'formula'; readonly name: string; readonly arguments: readonly string[] }
  | { readonly kind: 'mistake'; readonly message: string };

/** Takes apart a text that starts with `=`. */
export function readFormula(text: string): FormulaText {
  const match = /^=([A-Za-z][A-Za-z0-9]*)\(([^()]*)\)$/.exec(text.trim());
  if (match === null) return { kind: 'mistake', message: mistakeIn(text) };
  const [, name = '', inside = ''] = match;
  const given = inside.trim() === '' ? [] : inside.split(',').map((each) => each.trim());
  if (given.includes('')) return { kind: 'mistake', message: 'has an empty place between its commas' };
  return { kind: 'formula', name, arguments: given };
}

function mistakeIn(text: string): string {
  if (/^=[A-Za-z0-9]+\([^()]*$/.test(text)) {
    return 'is cut off. A comma inside { } or [ ] ends the formula: put the whole formula in quotes';
  }
  if (/\(.*\(/.test(text)) return 'has a function inside a function; a formula is one function of fields';
  return 'is no formula; write =function(field, ...)';
}
