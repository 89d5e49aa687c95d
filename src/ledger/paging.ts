import type { Page } from '../exchange/reports.ts';
import { BadCursor, type PageRequest } from './ledger.ts';

/** Each list has cursors of its own: one list's are not taken by another. */
export type PagedList = 'messages' | 'windows' | 'runs' | 'backfills';

/** Cursors are opaque to the reader: the position of the last row given. Throws `BadCursor`. */
export function positionOf(list: PagedList, cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  const match = /^([a-z]+) (\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  const position = Number(match?.[2]);
  if (match?.[1] !== list || cursorOf(list, position) !== cursor) {
    throw new BadCursor('the cursor is not one that a page of this list gave');
  }
  return position;
}

/** A page out of one row more than asked for. */
export function pageOf<Row extends { readonly position: number }, Item>(
  list: PagedList,
  rows: readonly Row[],
  { limit }: PageRequest,
  show: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  return { items: shown.map(show), next: last === undefined ? null : cursorOf(list, last.position) };
}

const cursorOf = (list: PagedList, position: number): string =>
  Buffer.from(`${list} ${position}`).toString('base64url');
