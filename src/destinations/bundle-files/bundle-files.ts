import type { Delivery, DeliveryOutcome } from '../../exchange/delivery.ts';
import type { Problem } from '../../exchange/problem.ts';
import type { Instant } from '../../exchange/window.ts';
import type { Destination, DestinationCheck } from '../destination.ts';
import {
  cutIntoPutBundles,
  putBundle,
  putBundleDigest,
  putEntry,
  type BundleLimits,
  type PutEntry,
} from '../put-bundle.ts';
import { fileName, momentOf, stampIn, stampOf } from './file-name.ts';
import { errorCode, folderProblem } from './folder-problem.ts';
import { waitingAlready } from './look.ts';
import { makeOutbox, type FileReached } from './outbox.ts';

export interface BundleFilesOptions {
  readonly name: string;
  /** Its path; somebody else makes it. */
  readonly folder: string;
  readonly bundle: BundleLimits;
  readonly now: () => Instant;
  readonly reached?: FileReached;
}

/**
 * A folder that an integration engine picks Bundles up from: each is a file, there whole or not at all. What becomes of
 * it behind the folder is not known here, so the same message may be written again, and is the same to whoever takes
 * it by its id.
 */
export function makeBundleFiles(options: BundleFilesOptions): Destination {
  const { name, folder, bundle: limits, now, reached = () => {} } = options;
  const outbox = makeOutbox(folder, reached);
  /** At first, and after a failure (another folder may be mounted there): tidied, and the newest stamp learned. */
  let begun: Promise<void> | undefined;
  let newest = -Infinity;

  async function begin(): Promise<void> {
    await outbox.tidy();
    const stamp = stampIn((await outbox.waiting()).at(-1) ?? '');
    newest = Math.max(newest, momentOf(stamp ?? '') ?? -Infinity);
  }

  /** Later than every file that was written or waits, and than the last one that held one of these, whatever the clock says. */
  function nextStamp(entries: readonly PutEntry[]): string {
    const before = entries.map(({ delivery }) => momentOf(delivery.knownVersion ?? '') ?? -Infinity);
    newest = Math.max(now(), newest + 1, ...before.map((at) => at + 1));
    return stampOf(newest);
  }

  async function check(): Promise<DestinationCheck> {
    try {
      await outbox.tryAccess();
      const room = await outbox.room();
      if (room < limits.maxBytes) {
        return failed(
          { code: 'folder-full' },
          `${folder} has room for ${room} bytes, which may be less than one Bundle.`,
        );
      }
    } catch (error) {
      return failed(folderProblem(error), whyNot(error, folder));
    }
    return {
      kind: 'ready',
      write: 'put-by-id',
      bundle: 'batch',
      why: `Each Bundle becomes a file in ${folder}; what the integration engine makes of it cannot be told from here.`,
      cannotBeAsked: true,
    };
  }

  async function writeAll(entries: readonly PutEntry[], signal: AbortSignal): Promise<readonly DeliveryOutcome[]> {
    const outcomes: DeliveryOutcome[] = [];
    let problem: Problem | undefined;
    for (const group of cutIntoPutBundles(entries, limits)) {
      const text = putBundle(group);
      const stamp = nextStamp(group);
      if (signal.aborted) problem ??= { code: 'folder-failed' };
      // What concerns the folder concerns every file in it.
      problem ??= await outbox.write(fileName(stamp, putBundleDigest(text)), text).then(() => undefined, folderProblem);
      const told = problem;
      if (told !== undefined) begun = undefined;
      outcomes.push(
        ...group.map((entry) => (told === undefined ? written(entry, stamp) : refused(entry.delivery, told))),
      );
    }
    return outcomes;
  }

  async function send(deliveries: readonly Delivery[], signal: AbortSignal): Promise<readonly DeliveryOutcome[]> {
    if (deliveries.length === 0) return [];
    try {
      await (begun ??= begin());
      const unsure = deliveries.filter((delivery) => delivery.unsure);
      const waiting = signal.aborted ? new Map<string, string>() : await waitingAlready(unsure, outbox);
      const outcomes = deliveries.flatMap((delivery) => {
        const stamp = waiting.get(delivery.key);
        return stamp === undefined ? [] : [unchanged(putEntry(delivery), stamp)];
      });
      const open = deliveries.filter(({ key }) => !waiting.has(key));
      return [...outcomes, ...(await writeAll(open.map(putEntry), signal))];
    } catch (error) {
      begun = undefined;
      return deliveries.map((delivery) => refused(delivery, folderProblem(error)));
    }
  }

  return {
    name,
    check,
    send,
    held: (deliveries) =>
      Promise.resolve(deliveries.map(() => ({ kind: 'unknown', problem: { code: 'ehr-not-readable' } }))),
    judge: () => Promise.resolve({ kind: 'not-offered' }),
    close: () => Promise.resolve(),
  };
}

/** For whoever checks the configuration: the folder by its path. */
function whyNot(error: unknown, folder: string): string {
  const code = errorCode(error);
  if (code === 'ENOENT') return `There is no ${folder}.`;
  return code === 'ENOTDIR' ? `${folder} is no folder.` : `The folder is ${folder} (${code}).`;
}

const failed = (problem: Problem, why: string): DestinationCheck => ({ kind: 'failed', problem, why });

const refused = ({ key }: Delivery, problem: Problem): DeliveryOutcome => ({ kind: 'refused', key, problem });

/** The version is the stamp of the file, by which it is found. */
const written = ({ delivery, reference }: PutEntry, version: string): DeliveryOutcome => ({
  kind: 'accepted',
  key: delivery.key,
  reference,
  version,
  change: delivery.knownReference === undefined ? 'created' : 'updated',
});

const unchanged = ({ delivery: { key }, reference }: PutEntry, version: string): DeliveryOutcome => ({
  kind: 'accepted',
  key,
  reference,
  version,
  change: 'unchanged',
});
