import type { Instant } from '../../exchange/window.ts';

/**
 * A file is called `<stamp>-<digest>.json`: the time it was written, to the millisecond, and a digest of what it holds.
 * By name, files are in the order in which they were written: a status that came later is in a later file.
 */

/** `20260305T140000123Z`. Stamps sort as the moments do. */
export const stampOf = (at: Instant): string => new Date(at).toISOString().replaceAll(/[-:.]/g, '');

export const fileName = (stamp: string, digest: string): string => `${stamp}-${digest}.json`;

/** The stamp of a file of ours; undefined for any other. */
export const stampIn = (name: string): string | undefined => /^(\d{8}T\d{9}Z)-[0-9a-f]{32}\.json$/.exec(name)?.[1];

/** The moment of a stamp; undefined for what is none. */
export function momentOf(stamp: string): Instant | undefined {
  const [, year, month, day, hour, minute, second, rest] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/.exec(stamp) ?? [];
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${rest}Z`);
  return Number.isNaN(at) ? undefined : at;
}

/** While it is written: no pattern for `*.json` finds it, and most engines pass over names with a dot in front. */
export const unfinishedName = (name: string): string => `.${name}.part`;

/** Left by a process that was killed while it wrote. */
export const isUnfinished = (name: string): boolean => /^\.\d{8}T\d{9}Z-[0-9a-f]{32}\.json\.part$/.test(name);
