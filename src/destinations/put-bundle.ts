import { hash } from 'node:crypto';
import type { Delivery } from '../exchange/delivery.ts';

/**
 * The Bundle that an integration engine takes: a `batch` of `PUT Communication/<id>`, as `translate` makes it. Whoever
 * carries it out twice changes nothing the second time.
 */

/** One Communication as an entry. */
export interface PutEntry {
  readonly delivery: Delivery;
  /** `Communication/<id>`: under the id the EHR gave it, once known; else under its key. */
  readonly reference: string;
  readonly json: string;
  /** Of the JSON text in UTF-8. */
  readonly bytes: number;
}

export interface BundleLimits {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

export function putEntry(delivery: Delivery): PutEntry {
  const { key, resource, knownReference = '' } = delivery;
  const id = /^Communication\/([A-Za-z0-9.-]{1,64})$/.exec(knownReference)?.[1] ?? key;
  const reference = `Communication/${id}`;
  const json = JSON.stringify({
    fullUrl: `urn:uuid:${key}`,
    resource: { ...resource, id },
    request: { method: 'PUT', url: reference },
  });
  return { delivery, reference, json, bytes: Buffer.byteLength(json) };
}

/** One entry a line: people look at it. */
const head = '{"resourceType":"Bundle","type":"batch","entry":[\n';
const separator = ',\n';
const tail = '\n]}\n';

export const putBundle = (entries: readonly PutEntry[]): string =>
  head + entries.map(({ json }) => json).join(separator) + tail;

/** How long that text is in UTF-8. */
export const putBundleBytes = (entries: readonly PutEntry[]): number =>
  entries.reduce(
    (bytes, entry) => bytes + entry.bytes + separator.length,
    head.length + tail.length - separator.length,
  );

/** The same keys with the same contents, and nothing else, give the same 32 characters. */
export const putBundleDigest = (bundle: string): string => hash('sha256', bundle, 'hex').slice(0, 32);

/** Cuts entries into Bundles, in their order: none larger than the limits but for one entry that is so by itself. */
export function cutIntoPutBundles(
  entries: readonly PutEntry[],
  { maxEntries, maxBytes }: BundleLimits,
): readonly (readonly PutEntry[])[] {
  const bundles: PutEntry[][] = [];
  let current: PutEntry[] = [];
  let bytes = putBundleBytes([]);
  for (const entry of entries) {
    const more = entry.bytes + separator.length;
    if (current.length > 0 && (current.length >= maxEntries || bytes + more > maxBytes)) {
      bundles.push(current);
      [current, bytes] = [[], putBundleBytes([])];
    }
    current.push(entry);
    bytes += more;
  }
  return current.length === 0 ? bundles : [...bundles, current];
}
