import { packagedBase } from './packaged.ts';

/**
 * A copy in which every URL that stood below the packaged base stands below another one. Pure.
 * @param base without a slash at its end
 */
export function rebased<Json>(json: Json, base: string): Json {
  const text = JSON.stringify(json, (_, value: unknown) => (typeof value === 'string' ? moved(value, base) : value));
  const copy: Json = JSON.parse(text);
  return copy;
}

/** The slash is part of what is looked for: `…/fhir-other` is another base. */
const moved = (text: string, base: string): string =>
  text === packagedBase ? base : text.replaceAll(`${packagedBase}/`, () => `${base}/`);
