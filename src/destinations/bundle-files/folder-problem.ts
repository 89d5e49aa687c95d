import type { Problem, ProblemCode } from '../../exchange/problem.ts';

/** What the operating system says, by what a person has to do. */
const codes: Readonly<Record<string, ProblemCode>> = {
  ENOENT: 'folder-missing',
  ENOTDIR: 'folder-missing',
  EACCES: 'folder-not-writable',
  EPERM: 'folder-not-writable',
  EROFS: 'folder-not-writable',
  ENOSPC: 'folder-full',
  EDQUOT: 'folder-full',
};

/** Why nothing could be written, from what the file system threw. Its message, which holds paths, goes no further. Pure. */
export function folderProblem(error: unknown): Problem {
  const code = errorCode(error);
  const known = codes[code];
  return known === undefined
    ? { code: 'folder-failed', ...(/^E[A-Z0-9]{1,20}$/.test(code) ? { issue: code } : {}) }
    : { code: known };
}

export function errorCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}
