import type { VendorRow } from '../exchange/record.ts';

/** The vendor's id of the message that was sent; undefined where the row has none. */
export function messageId(row: VendorRow): string | undefined {
  const id = row['outgoingMessageId'];
  return id == null || id.trim() === '' ? undefined : id;
}
