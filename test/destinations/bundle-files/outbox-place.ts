import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { makeBundleFiles, type BundleFilesOptions } from '../../../src/destinations/bundle-files/bundle-files.ts';
import type { Destination } from '../../../src/destinations/destination.ts';
import type { Delivery, DeliveryOutcome } from '../../../src/exchange/delivery.ts';
import { pickUpFrom, type PickUp } from '../../support/pick-up.ts';

export interface OutboxPlace {
  readonly folder: string;
  readonly destination: Destination;
  readonly engine: PickUp;
  /** What the next file meets at that point of its writing: an error of the system. */
  readonly failAt: (point: string, code: string) => void;
  readonly setClock: (at: number) => void;
  readonly send: (deliveries: readonly Delivery[]) => Promise<readonly DeliveryOutcome[]>;
  /** The next process on the same folder. */
  readonly restarted: () => Destination;
}

/** A folder, who writes into it, and who picks up from it; gone with the test. */
export function outboxPlace(options: Partial<BundleFilesOptions> = {}): OutboxPlace {
  const folder = mkdtempSync(join(tmpdir(), 'bundle-files-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const failures: { readonly point: string; readonly code: string }[] = [];
  let now = Date.UTC(2026, 2, 5, 14);
  const make = (): Destination =>
    makeBundleFiles({
      name: 'bundle-files',
      folder,
      bundle: { maxEntries: 100, maxBytes: 64 * 1024 },
      ...options,
      now: () => now,
      reached(point) {
        const index = failures.findIndex((failure) => failure.point === point);
        const [failure] = index < 0 ? [] : failures.splice(index, 1);
        if (failure !== undefined) throw Object.assign(new Error('as the system says'), { code: failure.code });
      },
    });
  const destination = make();
  return {
    folder,
    destination,
    engine: pickUpFrom(folder),
    failAt: (point, code) => void failures.push({ point, code }),
    setClock: (at) => void (now = at),
    send: (deliveries) => destination.send(deliveries, new AbortController().signal),
    restarted: make,
  };
}
