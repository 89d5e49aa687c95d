import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { LedgerRefused } from '../ledger.ts';

/** `f_type` of the file systems that lock and sync across machines unreliably (Linux, statfs(2)). */
const networkFileSystems: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
]);

export const networkFileSystem = (type: number): string | undefined => networkFileSystems.get(type >>> 0);

/** SQLite's write-ahead log needs memory shared between processes, which network volumes do not have: files get damaged. */
export function refuseNetworkVolume(path: string): void {
  const name = networkFileSystem(statfsSync(dirname(path)).type);
  if (name === undefined) return;
  throw new LedgerRefused(
    'network-volume',
    `The ledger ${path} is on a network volume (${name}), where SQLite loses data. Put it on a local disk, or set ledger.url to a PostgreSQL database.`,
  );
}
