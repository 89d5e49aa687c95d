import { DatabaseSync } from 'node:sqlite';
import { LedgerRefused } from '../ledger.ts';
import { isBusy } from './sqlite-error.ts';

export interface OwnerLock {
  release(): void;
}

/**
 * Holds `<path>.lock` for as long as this process lives: an exclusive lock that the operating system takes back when the
 * process dies, however it dies. The file may be left behind; it says nothing by being there.
 */
export function holdOwnerLock(path: string): OwnerLock {
  const file = new DatabaseSync(`${path}.lock`, { timeout: 0 });
  try {
    file.exec('begin exclusive');
  } catch (error) {
    file.close();
    if (!isBusy(error)) throw error;
    throw new LedgerRefused(
      'held-by-another',
      `Another process runs with the ledger ${path}. Ask it for what you want (POST /runs, POST /backfills), or stop it first; status, windows, accept-gap and rejected work beside it.`,
    );
  }
  return {
    release() {
      if (file.isOpen) file.close();
    },
  };
}
