import {
  access,
  constants,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  statfs,
  type FileHandle,
} from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from './folder-problem.ts';
import { isUnfinished, stampIn, unfinishedName } from './file-name.ts';

/** Owner and group: the engine reads as a member of the group, and nobody else does. */
const fileMode = 0o640;

/** What a network file system says that cannot sync a folder, or the system where a folder is no file. */
const cannotSync = new Set(['EINVAL', 'EISDIR', 'ENOTSUP', 'EBADF', 'EPERM']);

/** A point in the writing of a file. Does nothing but in tests, which die or fail there. */
export type FileReached = (point: 'file-begun' | 'file-synced' | 'file-named') => void;

/** The folder between this service and an integration engine. Its functions throw what the file system throws. */
export interface Outbox {
  /** Whether files can be written. Writes nothing. */
  tryAccess(): Promise<void>;
  /** Bytes that are free, as far as it is told. */
  room(): Promise<number>;
  /** Takes away what was left unfinished by a process that is gone. Only for the one who writes here. */
  tidy(): Promise<void>;
  /** Our files that wait to be picked up, by name: the oldest first. */
  waiting(): Promise<readonly string[]>;
  /** What a waiting file holds; undefined where it was picked up meanwhile, or cannot be read. */
  read(name: string): Promise<string | undefined>;
  /** The file is there whole under its name and on the disk, or (where this throws) most likely not there at all. */
  write(name: string, text: string): Promise<void>;
}

export function makeOutbox(folder: string, reached: FileReached): Outbox {
  /** Begun and not named yet. */
  const unfinishedNow = new Set<string>();

  async function syncFolder(): Promise<void> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(folder, 'r');
      await handle.sync();
    } catch (error) {
      if (!cannotSync.has(errorCode(error))) throw error;
    } finally {
      await handle?.close();
    }
  }

  async function writeUnfinished(path: string, text: string): Promise<void> {
    const handle = await open(path, 'w', fileMode);
    try {
      reached('file-begun');
      await handle.writeFile(text);
      await handle.sync();
      reached('file-synced');
    } finally {
      await handle.close();
    }
  }

  return {
    async tryAccess() {
      if (!(await stat(folder)).isDirectory()) throw Object.assign(new Error('no folder'), { code: 'ENOTDIR' });
      await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    },
    async room() {
      const { blocks, bavail, bsize } = await statfs(folder);
      // Some network file systems do not tell.
      return blocks === 0 ? Infinity : bavail * bsize;
    },
    async tidy() {
      const left = (await readdir(folder)).filter((name) => isUnfinished(name) && !unfinishedNow.has(name));
      for (const name of left) await rm(join(folder, name), { force: true });
    },
    async waiting() {
      return (await readdir(folder)).filter((name) => stampIn(name) !== undefined).toSorted();
    },
    read: (name) => readFile(join(folder, name), 'utf8').catch(() => undefined),
    async write(name, text) {
      const unfinished = join(folder, unfinishedName(name));
      unfinishedNow.add(unfinishedName(name));
      try {
        await writeUnfinished(unfinished, text);
        await rename(unfinished, join(folder, name));
      } catch (error) {
        // On a full disk it would take the room that somebody makes.
        await rm(unfinished, { force: true }).catch(() => {});
        throw error;
      } finally {
        unfinishedNow.delete(unfinishedName(name));
      }
      reached('file-named');
      await syncFolder();
    },
  };
}
