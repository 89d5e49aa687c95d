import { createHash } from 'node:crypto';
import type { Settlement } from '../../../src/exchange/delivery.ts';
import { keySpace, unreadableKey, type RecordKey } from '../../../src/exchange/record-key.ts';
import type { Reading, SourceRecord } from '../../../src/exchange/record.ts';
import type { Instant } from '../../../src/exchange/window.ts';
import type { Claim, Ledger, WindowRead } from '../../../src/ledger/ledger.ts';
import type { TestClock } from './place.ts';

/** Invented rows, as a source gives them. */

export const source = 'main-clinic';
const keys = keySpace('https://fhir.example-health.org');

export const keyOf = (id: string): RecordKey => keys.outgoing(id);
export const replyKeyOf = (id: string, text = 'C'): RecordKey => keys.reply(id, text);

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

export type Status = 'QUEUED' | 'SENT' | 'DELIVERED' | 'FAILED';
const ranks: Readonly<Record<Status, number>> = { QUEUED: 0, SENT: 1, DELIVERED: 3, FAILED: 3 };

export function message(id: string, status: Status = 'SENT', text = 'Your visit is on Tuesday.'): SourceRecord {
  const key = keyOf(id);
  return {
    key,
    direction: 'outgoing',
    thread: key,
    related: [],
    occurredAt: Date.parse('2026-03-05T14:07:00Z'),
    stage: { rank: ranks[status], final: ranks[status] === 3 },
    contentDigest: digest(text),
    changeDigest: `status ${status}`,
    body: { outgoingMessageId: id, outgoingMessage: text, messageStatus: status, incomingMessage: null },
  };
}

export function reply(id: string, text = 'C'): SourceRecord {
  const thread = keyOf(id);
  return {
    key: replyKeyOf(id, text),
    direction: 'incoming',
    thread,
    related: [thread],
    occurredAt: null,
    stage: { rank: 0, final: true },
    contentDigest: digest(text),
    changeDigest: '',
    body: { outgoingMessageId: id, incomingMessage: text },
  };
}

/** One vendor row. */
export const row = (...records: readonly SourceRecord[]) => ({ kind: 'records', records }) as const;

/** One whose message an earlier row of the same answer was about. */
export const repeated = (...records: readonly SourceRecord[]): Reading => ({ ...row(...records), repeated: true });

export const rows = (...records: readonly SourceRecord[]): readonly Reading[] => records.map((record) => row(record));

export function unreadable(text: string): Reading {
  const problem = { code: 'unreadable-row', where: 'sentDateTime' } as const;
  return { kind: 'unreadable', unreadable: { key: unreadableKey(source, text), position: 0, problem, body: text } };
}

/** What is written down of a window, at that time. */
export const windowRead = (readAt: Instant, from: Instant, to: Instant, name = source): WindowRead => ({
  source: name,
  window: { from, to },
  readAt,
  rows: 12,
});

export const leaseMs = 600_000;

/** Of the last claim of each record. */
const tokens = new Map<RecordKey, number>();

export async function claimDue(ledger: Ledger, clock: TestClock, limit = 100): Promise<readonly Claim[]> {
  const claims = await ledger.messages.claim({ limit, now: clock.at, leaseMs });
  for (const { record, token } of claims) tokens.set(record.key, token);
  return claims;
}

/** What became of a record, without the claim that it is about. */
export type Settling = Untold<Settlement>;
type Untold<Each> = Each extends Settlement ? Omit<Each, 'token'> : never;

/** Settles by the last claims. */
export const settleClaimed = (ledger: Ledger, clock: TestClock, ...settlements: readonly Settling[]) =>
  ledger.messages.settle(
    settlements.map((settlement) => ({ ...settlement, token: tokens.get(settlement.key) ?? 0 })),
    clock.at,
  );

export const accepted = (key: RecordKey, version = '1') => ({
  state: 'delivered' as const,
  key,
  reference: `Communication/${key}`,
  version,
});

/** Delivers everything due. */
export async function deliverDue(ledger: Ledger, clock: TestClock): Promise<readonly Claim[]> {
  const claims = await claimDue(ledger, clock);
  await settleClaimed(ledger, clock, ...claims.map(({ record }) => accepted(record.key)));
  return claims;
}

export async function view(ledger: Ledger, key: RecordKey) {
  const { items } = await ledger.messages.list({ key }, { limit: 1 });
  const [item] = items;
  if (item === undefined) throw new Error('the ledger has no such record');
  return item;
}

export const keysOf = (claims: readonly Claim[]): readonly RecordKey[] => claims.map(({ record }) => record.key);
