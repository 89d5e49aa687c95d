import { LedgerRefused } from '../ledger.ts';

/** Primary result codes of SQLite (sqlite.org/rescode.html). */
const result = { perm: 3, busy: 5, readOnly: 8, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 } as const;

/** What the operating system says when folder or file cannot be made. */
const systemCodes = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ENOENT', 'ENOSPC', 'EDQUOT']);

export const isBusy = (error: unknown): boolean => primaryCode(error) === result.busy;

/** What failed while the file was opened, as a refusal a person can act on; anything else as it is. */
export function refusedBySqlite(error: unknown, path: string): unknown {
  if (error instanceof LedgerRefused) return error;
  const code = primaryCode(error);
  if (code === result.corrupt || code === result.notADatabase) return damaged(path);
  if (code === result.full) return notWritable(path, 'the disk is full');
  if (code === result.perm || code === result.readOnly || code === result.cannotOpen) {
    return notWritable(path, 'SQLite may not write there');
  }
  if (code === result.busy) {
    return new LedgerRefused(
      'held-by-another',
      `Another process is writing to the ledger ${path} and does not come to an end. Stop it, then try again.`,
    );
  }
  if (error instanceof Error && 'code' in error && typeof error.code === 'string' && systemCodes.has(error.code)) {
    return notWritable(path, error.code);
  }
  return error;
}

function notWritable(path: string, why: string): LedgerRefused {
  const user = process.geteuid?.();
  return new LedgerRefused(
    'not-writable',
    `The ledger ${path} cannot be written${user === undefined ? '' : ` by user id ${user}`} (${why}). Give that user its folder, or set ledger.url to another path.`,
  );
}

export function damaged(path: string): LedgerRefused {
  return new LedgerRefused(
    'damaged',
    `The ledger ${path} is damaged; nothing was changed. Stop the service, move ${path} with its -wal and -shm files aside, and put the latest backup in its place. Without a backup start with an empty ledger and startAt inside the vendor's retention: everything is read again, and nothing is doubled at the EHR.`,
  );
}

/** Extended codes carry the primary one in their lowest byte. */
function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}
