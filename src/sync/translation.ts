import type { Bundle, BundleEntry } from 'fhir/r4.js';
import type { Explanation } from '../exchange/explanation.ts';
import type { Reading } from '../exchange/record.ts';
import type { Translation } from '../exchange/reports.ts';
import type { Mapping } from '../mapping/mapping.ts';
import { gatherMessages } from './gathering.ts';

/**
 * The FHIR Bundle of one vendor answer, without a ledger: each message once, with the last word of the answer on it and
 * every reply of the answer linked. The same answer gives the same bytes.
 */
export function translationOf(readings: readonly Reading[], { map }: Pick<Mapping, 'map'>): Translation {
  const answer = gatherMessages();
  answer.take(readings);
  const entry: BundleEntry[] = [];
  const left: Translation['left'][number][] = [];
  for (const record of answer.messages()) {
    const mapped = map(record);
    if (mapped.kind === 'communication') {
      entry.push({
        fullUrl: `urn:uuid:${record.key}`,
        resource: mapped.resource,
        request: { method: 'PUT', url: `Communication/${record.key}` },
      });
    } else {
      left.push({ key: record.key, state: mapped.kind, problem: mapped.problem });
    }
  }
  // FHIR knows no empty lists.
  const bundle: Bundle = { resourceType: 'Bundle', type: 'batch', ...(entry.length === 0 ? {} : { entry }) };
  return {
    bundle,
    rows: answer.rows(),
    unreadable: answer.unreadable().map(({ position, problem }) => ({ position, problem })),
    left,
  };
}

/** The explanation of each of these messages, made while one goes through them: it is many times as large. */
export function* explanationsOf(
  readings: readonly Reading[],
  { explain }: Pick<Mapping, 'explain'>,
): Iterable<Explanation> {
  const answer = gatherMessages();
  answer.take(readings);
  for (const record of answer.messages()) yield explain(record);
}
