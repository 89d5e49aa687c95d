import type { Token } from './search-index.ts';

/**
 * `system|value`, `|value` (no system), `value` (any system), `system|` (any value); several with commas between them.
 * A backslash takes the meaning from `|`, `,`, `$` and itself. https://hl7.org/fhir/R4/search.html#token
 */
export function readTokens(text: string): readonly Token[] {
  return splitAt(text, ',').map((part) => {
    const [first = '', second] = splitAt(part, '|');
    if (second === undefined) return { system: undefined, value: unescape(first) };
    return { system: unescape(first), value: second === '' ? undefined : unescape(second) };
  });
}

function splitAt(text: string, separator: string): readonly string[] {
  const parts: string[] = [];
  let part = '';
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at] ?? '';
    if (letter === '\\') {
      part += letter + (text[at + 1] ?? '');
      at += 1;
    } else if (letter === separator) {
      parts.push(part);
      part = '';
    } else part += letter;
  }
  return [...parts, part];
}

const unescape = (text: string): string => text.replaceAll(/\\(.)/gs, '$1');
