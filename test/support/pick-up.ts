import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundleStore, type BundleStore } from './bundle-store.ts';

/** An integration engine that takes `*.json` from a folder, in the order of the names. */
export interface PickUp extends BundleStore {
  /** What waits for it now. */
  files(): readonly string[];
  /** Takes everything that is there and removes it. */
  pickUp(): void;
}

export function pickUpFrom(folder: string): PickUp {
  const store = bundleStore();
  const files = (): readonly string[] =>
    readdirSync(folder)
      .filter((name) => /^[^.].*\.json$/.test(name))
      .toSorted();
  return {
    ...store,
    files,
    pickUp() {
      for (const name of files()) {
        store.take(readFileSync(join(folder, name), 'utf8'));
        rmSync(join(folder, name));
      }
    },
  };
}
