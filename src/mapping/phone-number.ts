import { isSupportedCountry, parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/max';

/** A phone number as E.164 where that is certain, else undefined. */
export type PhoneNumberReader = (text: string) => string | undefined;

/** The same people are written to again and again; reading a number takes longer than all the rest of a mapping. */
const remembered = 50_000;
/** Nothing longer is a number, nor worth remembering. */
const longest = 40;

export const isRegion = (region: string): region is CountryCode => isSupportedCountry(region);

/** @param region of numbers without a country code; undefined: such a number stays as it is. */
export function phoneNumberReader(region: CountryCode | undefined): PhoneNumberReader {
  // When the one is full it becomes the other, and what did not come again in the meantime is forgotten.
  let recent = new Map<string, string | undefined>();
  let older = new Map<string, string | undefined>();
  return (text) => {
    if (text.length > longest) return undefined;
    if (recent.has(text)) return recent.get(text);
    const number = older.has(text) ? older.get(text) : read(text, region);
    if (recent.size === remembered) [older, recent] = [recent, new Map()];
    recent.set(text, number);
    return number;
  };
}

/** Short codes, sender names, withheld numbers and numbers with an extension are not certain. */
function read(text: string, region: CountryCode | undefined): string | undefined {
  const options = region === undefined ? { extract: false } : { defaultCountry: region, extract: false };
  const number = parsePhoneNumberFromString(text, options);
  return number?.isValid() === true && number.ext === undefined ? number.number : undefined;
}
