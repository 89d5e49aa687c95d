import type { Delivery } from '../../exchange/delivery.ts';
import type { RecordKey } from '../../exchange/record-key.ts';
import { putEntry } from '../put-bundle.ts';
import { stampIn } from './file-name.ts';
import type { Outbox } from './outbox.ts';

/** So many of the newest files are looked into: what a crash left is among them, and what is not found is written again. */
const mostFiles = 100;

/**
 * Which of these messages wait in the folder as they are to be, each with the stamp of its file. Of each, the newest
 * file that names it decides: one before it holds an earlier status.
 */
export async function waitingAlready(
  deliveries: readonly Delivery[],
  outbox: Pick<Outbox, 'waiting' | 'read'>,
): Promise<ReadonlyMap<RecordKey, string>> {
  const found = new Map<RecordKey, string>();
  const open = new Map(deliveries.map((delivery) => [delivery.key, putEntry(delivery).json]));
  if (open.size === 0) return found;
  const newest = (await outbox.waiting()).slice(-mostFiles).toReversed();
  for (const name of newest) {
    if (open.size === 0) break;
    const there = entriesIn((await outbox.read(name)) ?? '');
    for (const [key, entry] of there) {
      if (open.get(key) === entry) found.set(key, stampIn(name) ?? '');
      open.delete(key);
    }
  }
  return found;
}

/** Each entry as JSON text by its key. A file that somebody has changed holds none. */
function entriesIn(text: string): readonly (readonly [key: string, json: string])[] {
  try {
    const bundle: unknown = JSON.parse(text);
    const entries: unknown = typeof bundle === 'object' && bundle !== null && 'entry' in bundle ? bundle.entry : [];
    return (Array.isArray(entries) ? entries : []).map((entry: unknown) => {
      const url = typeof entry === 'object' && entry !== null && 'fullUrl' in entry ? String(entry.fullUrl) : '';
      return [url.replace('urn:uuid:', ''), JSON.stringify(entry)] as const;
    });
  } catch {
    return [];
  }
}
