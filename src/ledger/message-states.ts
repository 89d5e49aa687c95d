import type { Settlement } from '../exchange/delivery.ts';
import type { Problem } from '../exchange/problem.ts';
import type { RecordKey } from '../exchange/record-key.ts';
import type { SourceRecord } from '../exchange/record.ts';
import type { Instant } from '../exchange/window.ts';
import type { MessageRow, SettledRow } from './database/tables.ts';

/** What a message becomes: pure functions from the row as it is stored to the row to store. */

const noProblem = { code: null, problem: null } as const;
const unclaimed = { claim_epoch: null, claim_revision: null } as const;

const problemColumns = (problem: Problem): Pick<MessageRow, 'code' | 'problem'> => ({
  code: problem.code,
  problem: JSON.stringify(problem),
});

/** Read for the first time: pending. */
export function newMessage(source: string, record: SourceRecord, readAt: Instant, body: string): MessageRow {
  return {
    ...untouched(source, record.key, readAt, body),
    direction: record.direction,
    thread: record.thread,
    related: record.direction === 'incoming' ? JSON.stringify(record.related) : null,
    occurred_at: record.occurredAt,
    rank: record.stage.rank,
    final: record.stage.final ? 1 : 0,
    content_digest: record.contentDigest,
    change_digest: record.changeDigest,
    state: 'pending',
    due_at: readAt,
    pending_since: readAt,
  };
}

/** A row that is no message: for a person to look at. */
export function setApart(source: string, key: RecordKey, problem: Problem, readAt: Instant, body: string): MessageRow {
  return { ...untouched(source, key, readAt, body), ...problemColumns(problem) };
}

function untouched(source: string, key: RecordKey, readAt: Instant, body: string): MessageRow {
  return {
    key,
    source,
    direction: null,
    thread: null,
    related: null,
    occurred_at: null,
    rank: 0,
    final: 1,
    content_digest: '',
    change_digest: '',
    taken_at: readAt,
    held_digest: null,
    held_since: null,
    link_owed: 0,
    state: 'rejected',
    revision: 1,
    claims: 0,
    ...unclaimed,
    due_at: null,
    pending_since: null,
    attempts: 0,
    unsure: 0,
    sent_digests: null,
    ...noProblem,
    reference: null,
    version: null,
    first_read_at: readAt,
    delivered_at: null,
    body,
  };
}

/** Another status to send. */
export function withStatus(row: MessageRow, record: SourceRecord, readAt: Instant, body: string): MessageRow {
  return {
    ...withContent(row, readAt, body),
    rank: record.stage.rank,
    final: record.stage.final ? 1 : 0,
    change_digest: record.changeDigest,
    held_digest: null,
    held_since: null,
  };
}

/** Content to send, once more or for the first time. What is on its way stays so: its settlement sees that it was overtaken. */
export function withContent(row: MessageRow, readAt: Instant, body: string): MessageRow {
  const sent = { ...row, body, taken_at: readAt, revision: row.revision + 1, link_owed: 0 };
  if (row.state === 'delivering') return sent;
  return {
    ...sent,
    state: 'pending',
    due_at: readAt,
    pending_since: row.pending_since ?? readAt,
    attempts: 0,
    ...noProblem,
  };
}

/**
 * Sent once more although nothing has changed; what a person dismissed, or what was forgotten, stays away. Where the EHR
 * keeps it is forgotten: the EHR may come from a backup that has another resource there, or none.
 * @param read its content, where it was read as it is known; else it goes with the content at hand, or is owed
 */
export function resent(row: MessageRow, readAt: Instant, read: string | undefined): MessageRow {
  if (row.state === 'skipped' && row.body === null) return row;
  const unsure = row.code === 'deleted-at-ehr' ? 0 : row.unsure;
  const anew = row.state === 'delivering' ? row : { ...row, reference: null, version: null, unsure };
  const body = read ?? row.body;
  if (body === null) return { ...anew, link_owed: 1 };
  return { ...withContent(anew, readAt, body), ...(read === undefined ? { taken_at: row.taken_at } : {}) };
}

/** What a settlement needs to know of a message. */
export type ClaimedRow = SettledRow & Pick<MessageRow, 'revision' | 'claims'>;

/** What is written of a message that was delivered as it was claimed, whatever it was before; its attempts count one more. */
export function deliveredColumns(settlement: Delivered, now: Instant) {
  const { state, reference, version = null } = settlement;
  const there = { state, reference, version, delivered_at: now, unsure: 0, sent_digests: null } as const;
  const nothingDue = { due_at: null, pending_since: null } as const;
  return { ...there, ...nothingDue, ...unclaimed, ...noProblem } satisfies Partial<SettledRow>;
}

export type Delivered = Extract<Settlement, { state: 'delivered' }>;

/** A settlement written down, by the process that had claimed the message. */
export function settled(claimed: ClaimedRow, settlement: Settlement, now: Instant): SettledRow {
  const { revision, claims: _, ...row } = claimed;
  const overtaken = revision !== row.claim_revision;
  return { ...row, ...unclaimed, ...outcome(row, settlement, overtaken, now) };
}

/** Claimed, and not sent after all. */
export function handedBack(claimed: ClaimedRow, now: Instant): SettledRow {
  const { revision, claims: _, ...row } = claimed;
  const pending = { state: 'pending', pending_since: row.pending_since ?? now, due_at: now } as const;
  const overtaken = revision !== row.claim_revision;
  return { ...row, ...unclaimed, ...pending, ...(overtaken ? { attempts: 0, ...noProblem } : {}) };
}

/** @param overtaken newer content arrived meanwhile, and is still to be sent */
function outcome(row: SettledRow, settlement: Settlement, overtaken: boolean, now: Instant): Partial<SettledRow> {
  const pending = { state: 'pending', pending_since: row.pending_since ?? now } as const;
  if (settlement.state === 'delivered') {
    const delivered = deliveredColumns(settlement, now);
    if (overtaken) return { ...delivered, ...pending, due_at: now, attempts: 0 };
    return { ...delivered, attempts: row.attempts + 1 };
  }
  if (settlement.state === 'pending' || settlement.state === 'waiting') {
    const { state, dueAt, problem, usedAttempt, unsure, sentDigests } = settlement;
    const attempts = row.attempts + (usedAttempt ? 1 : 0);
    const sent = sentDigests === undefined ? row.sent_digests : JSON.stringify(sentDigests);
    const open = { unsure: unsure ? 1 : 0, sent_digests: unsure ? sent : null };
    const tried = { attempts, ...open, ...problemColumns(problem) };
    // What may have arrived is given the time to arrive before it is looked for.
    if (overtaken) return { ...tried, ...pending, due_at: unsure ? dueAt : now };
    return { ...tried, ...(state === 'pending' ? pending : { state, pending_since: null }), due_at: dueAt };
  }
  if (overtaken) return { ...pending, due_at: now, attempts: 0, ...noProblem };
  const { state, problem } = settlement;
  return { state, due_at: null, pending_since: null, attempts: row.attempts + 1, ...problemColumns(problem) };
}
