import { readFileSync } from 'node:fs';
import jsonata from 'jsonata';
import type { SourceRecord } from '../src/exchange/record.ts';
import { isRegion, phoneNumberReader } from '../src/mapping/phone-number.ts';
import type { MappingSettings } from '../src/mapping/settings.ts';

/** Makes a message into its Communication, the way JSONata does it. */
export type JsonataMapping = (record: SourceRecord) => Promise<unknown>;

/**
 * The same mapping as one JSONata expression, to measure against. Phone numbers are read by the reader of the mapping
 * itself, with a memory of its own. It does less: what it makes is not checked against R4, nothing is refused, skipped
 * or counted, and code points that FHIR forbids stay in the texts.
 */
export function jsonataMapping(settings: MappingSettings): JsonataMapping {
  const expression = jsonata(readFileSync(new URL('communication.jsonata', import.meta.url), 'utf8'));
  const readNumber = phoneNumberReader(isRegion(settings.region) ? settings.region : undefined);
  expression.registerFunction('phone', (given: string) => readNumber(given) ?? given, '<s:s>');
  return (record) => expression.evaluate({ record, settings });
}
