import { readFileSync, statSync } from 'node:fs';

export type FileText =
  | { readonly kind: 'text'; readonly text: string }
  /** `reason`: the end of a sentence that begins with the file. */
  | { readonly kind: 'failed'; readonly reason: string };

/** The files a configuration names, and which of those that hold secrets lie open. */
export interface ConfigFiles {
  /** Without one newline at the end, which editors leave there. A file without content is a failure. */
  read(path: string, options?: { readonly secret?: boolean }): FileText;
  /** Files with secrets that every user of the machine may read. */
  open(): readonly string[];
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be read by this user',
  EISDIR: 'is a folder',
};
const readableByAll = 0o004;

export function configFiles(): ConfigFiles {
  const open = new Set<string>();
  return {
    open: () => [...open],
    read(path, { secret = false } = {}) {
      try {
        const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
        if (secret && (statSync(path).mode & readableByAll) !== 0) open.add(path);
        return text === '' ? { kind: 'failed', reason: 'is empty' } : { kind: 'text', text };
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
        return { kind: 'failed', reason: reasons[code] ?? `cannot be read (${code})` };
      }
    },
  };
}
