import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import type { LedgerPlace, NewPlace } from './contract/place.ts';

export interface SqlitePlace extends LedgerPlace {
  readonly folder: string;
  /** The file; it is made by the first owner. */
  readonly path: string;
}

/** An empty folder. */
export const sqlitePlace: (...args: Parameters<NewPlace>) => Promise<SqlitePlace> = (now) => {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-'));
  const path = join(folder, 'ledger.db');
  return Promise.resolve({
    folder,
    path,
    open: (access, options = {}) => openLedger({ url: `sqlite:${path}`, access, now, ...options }),
    breakOwnership() {
      rmSync(`${path}.lock`);
      return Promise.resolve();
    },
    remove() {
      rmSync(folder, { recursive: true, force: true });
      return Promise.resolve();
    },
  });
};
