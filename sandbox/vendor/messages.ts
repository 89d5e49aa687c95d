import { sentAtOf, type Instant, type Message, type Row } from './message.ts';
import type { SyntheticMessages } from './synthetic-messages.ts';

/** What the vendor holds, for tests and people to look at and to change. */
export interface Messages {
  /** Adds the row as it is, or takes it for the one with the same `outgoingMessageId`. Shown from now on, or from then. */
  put(row: Row, shownFrom?: Instant): void;
  /** From now on these fields of the message are so, whatever becomes of it otherwise. */
  change(id: string, fields: Row): void;
  /** The vendor no longer shows it. */
  remove(id: string): void;
  /** The rows of a window that are shown now: synthetic ones first, all of them in no order of time. */
  rows(window: Window, now: Instant): Iterable<Row>;
}

/** In full minutes: sent at `from` or later, and before `to`. */
export interface Window {
  readonly from: Instant;
  readonly to: Instant;
}

export function messagesOf(synthetic: SyntheticMessages | undefined, rows: readonly Row[]): Messages {
  const exact = new Map<string, Message>();
  const changes = new Map<string, Row>();
  const removed = new Set<string>();

  /** Undefined while the vendor does not show it. */
  function shown({ id, shownFrom, rowAt }: Message, now: Instant): Row | undefined {
    if (now < shownFrom || removed.has(id)) return undefined;
    const change = changes.get(id);
    return change === undefined ? rowAt(now) : { ...rowAt(now), ...change };
  }

  const messages: Messages = {
    put(row, shownFrom = -Infinity) {
      const { outgoingMessageId: given } = row;
      const id = typeof given === 'string' && given !== '' ? given : `row ${exact.size}`;
      removed.delete(id);
      exact.set(id, { id, sentAt: sentAtOf(row), shownFrom, rowAt: () => row });
    },
    change: (id, fields) => void changes.set(id, { ...changes.get(id), ...fields }),
    remove: (id) => void removed.add(id),
    *rows({ from, to }, now) {
      for (const message of syntheticIn(synthetic, from, Math.min(to, now + 1))) {
        const row = exact.has(message.id) ? undefined : shown(message, now);
        if (row !== undefined) yield row;
      }
      for (const message of exact.values()) {
        const { sentAt } = message;
        const row = sentAt === undefined || (sentAt >= from && sentAt < to) ? shown(message, now) : undefined;
        if (row !== undefined) yield row;
      }
    },
  };
  for (const row of rows) messages.put(row);
  return messages;
}

/** Each once, jumping to and fro: the vendor promises no order, and nobody shall come to rely on one. */
function* syntheticIn(synthetic: SyntheticMessages | undefined, from: Instant, to: Instant): Iterable<Message> {
  if (synthetic === undefined || to <= from) return;
  const { first, count } = synthetic.numbers(from, to);
  let step = Math.floor(count * 0.618) + 1;
  while (greatestCommonDivisor(step, count) > 1) step += 1;
  for (let n = 0, at = 0; n < count; n += 1, at = (at + step) % count) yield synthetic.message(first + at);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
