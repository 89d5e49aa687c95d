import type { RecordKey } from '../exchange/record-key.ts';
import { floorToGrain, grainMs, type TimeWindow } from '../exchange/window.ts';
import type { Ledger } from '../ledger/ledger.ts';

export type OneResend =
  | { readonly kind: 'found'; readonly source: string; readonly range: TimeWindow }
  /** The ledger has no message with the key. */
  | { readonly kind: 'unknown-record' }
  /** It has, and does not know when it was sent: a range has to be given. */
  | { readonly kind: 'no-time' };

/**
 * What is read to send one message again: the minute in which it was sent; a reply comes with the message it answers.
 * @param range read instead, where one is given
 */
export async function resendOf(
  messages: Pick<Ledger['messages'], 'origin'>,
  key: RecordKey,
  range?: TimeWindow,
): Promise<OneResend> {
  const origin = await messages.origin(key);
  if (origin === undefined) return { kind: 'unknown-record' };
  const { source, sentAt } = origin;
  if (range !== undefined) return { kind: 'found', source, range };
  if (sentAt === null) return { kind: 'no-time' };
  const from = floorToGrain(sentAt);
  return { kind: 'found', source, range: { from, to: from + grainMs } };
}
