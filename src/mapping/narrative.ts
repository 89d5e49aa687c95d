import type { Communication, Narrative } from 'fhir/r4.js';

/**
 * What a Communication says, as text for people: made from the finished resource alone, so that it never says anything
 * else and the same message gives the same bytes. Texts are escaped: a viewer of the EHR must not take them for markup.
 * https://hl7.org/fhir/R4/narrative.html
 */
export function narrativeOf({ status, statusReason, sent, payload }: Communication): Narrative {
  const reason = statusReason?.text === undefined ? '' : ` (${statusReason.text})`;
  const when = sent === undefined ? '' : `, ${sent}`;
  const texts = (payload ?? []).flatMap(({ contentString }) => contentString ?? []);
  const paragraphs = [`SMS message${when}: ${status}${reason}`, ...texts].map((text) => `<p>${escaped(text)}</p>`);
  return { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${paragraphs.join('')}</div>` };
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** XML 1.0 knows no U+FFFE and U+FFFF, and would read a carriage return as a new line. */
const escaped = (text: string): string =>
  text
    .replaceAll(/[&<>"]/g, (character) => entities[character] ?? character)
    .replaceAll('\r', '&#13;')
    .replaceAll(/[\uFFFE\uFFFF]/g, '\uFFFD')
    .replaceAll('\n', '<br/>');
