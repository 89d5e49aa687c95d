import type { Bundle, BundleEntry } from 'fhir/r4.js';
import type { RecordKey } from '../exchange/record-key.ts';
import type { Reading, SourceRecord, UnreadableRecord } from '../exchange/record.ts';
import type { Translation } from '../exchange/reports.ts';
import type { Mapping } from '../mapping/mapping.ts';

/**
 * The FHIR Bundle of one vendor answer, without a ledger: each message once, with the newest content of the answer and
 * every reply of the answer linked. The same answer gives the same bytes.
 */
export function translationOf(readings: readonly Reading[], mapping: Mapping): Translation {
  const messages = new Map<RecordKey, SourceRecord>();
  const unreadable: UnreadableRecord[] = [];
  for (const reading of readings) {
    if (reading.kind === 'unreadable') unreadable.push(reading.unreadable);
    else for (const record of reading.records) messages.set(record.key, merged(messages.get(record.key), record));
  }
  const entry: BundleEntry[] = [];
  const left: Translation['left'][number][] = [];
  for (const record of messages.values()) {
    const mapped = mapping.map(record);
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
    rows: readings.length,
    unreadable: unreadable.map(({ position, problem }) => ({ position, problem })),
    left,
  };
}

/** Later in the answer is newer, unless it knows less; the links of both count. */
function merged(before: SourceRecord | undefined, record: SourceRecord): SourceRecord {
  if (before === undefined) return record;
  const newest = record.stage.rank >= before.stage.rank ? record : before;
  const related = [...new Set([...before.related, ...record.related])].toSorted();
  return { ...newest, related };
}
