import type { Page } from '../exchange/reports.ts';
import type { PageRequest } from './ledger.ts';

/** The cursor of a list is not one that a page gave. */
export class BadCursor extends Error {
  override name = 'BadCursor';
}

/** Cursors are opaque to the reader: the position of the last row given. */
export function positionOf(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  const match = /^s(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (match === null) throw new BadCursor('the cursor is not one that a page gave');
  return Number(match[1]);
}

/** A page out of one row more than asked for. */
export function pageOf<Row extends { readonly seq: number }, Item>(
  rows: readonly Row[],
  { limit }: PageRequest,
  show: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  return {
    items: shown.map(show),
    next: last === undefined ? null : Buffer.from(`s${last.seq}`).toString('base64url'),
  };
}
