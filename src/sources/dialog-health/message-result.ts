import { createHash } from 'node:crypto';
import type { Problem } from '../../exchange/problem.ts';
import { unreadableKey, type KeySpace } from '../../exchange/record-key.ts';
import type { Reading, SourceRecord, Stage, VendorRow } from '../../exchange/record.ts';
import type { Instant } from '../../exchange/window.ts';

/** The fields of a message result, as the vendor's page lists them. All of them are strings or null. */
export const messageResultFields = [
  'leadMessageSent',
  'incomingMessage',
  'outgoingMessageId',
  'outgoingMessageSentDate',
  'outgoingMessageSentTime',
  'outgoingMessage',
  'personName',
  'personId',
  'mobileNumber',
  'caregiverName',
  'caregiverPhone',
  'messageType',
  'recipientType',
  'campaignName',
  'campaignId',
  'broadcastName',
  'broadcastId',
  'carrier',
  'delivered',
  'messageStatus',
  'messageSentBy',
  'personMisc1',
  'personMisc2',
  'personMisc3',
  'personMisc4',
  'personMisc5',
] as const;

export type MessageResultField = (typeof messageResultFields)[number];

/** What a row needs to become messages. */
export interface ReadingContext {
  /** The name of the source. */
  readonly source: string;
  readonly keys: KeySpace;
  /** How far the outgoing message of a row has come, by the mapping's decision table. */
  readonly stageOf: (row: VendorRow) => Stage;
}

/** An incoming text has reached us: it will not change. */
const replyStage: Stage = { rank: 3, final: true };

/**
 * One row of the answer: its outgoing message, and the reply to it where there is one; or why it is neither. Fields
 * that the page does not list are ignored. A value that is not a string or null makes the row unreadable: a number may
 * have lost digits on its way, and ids are compared to the letter.
 */
export function readMessageResult(row: unknown, position: number, context: ReadingContext): Reading {
  const fields = typeof row === 'object' && row !== null && !Array.isArray(row) ? row : undefined;
  const problem = fields === undefined ? { code: 'unreadable-row' as const } : problemOf(fields);
  if (fields === undefined || problem !== undefined) {
    const body = canonicalJson(row);
    return {
      kind: 'unreadable',
      unreadable: {
        key: unreadableKey(context.source, body),
        position,
        problem: problem ?? { code: 'unreadable-row' },
        body,
      },
    };
  }
  return { kind: 'records', records: messagesOf(rowOf(fields), context) };
}

function problemOf(fields: object): Problem | undefined {
  for (const where of messageResultFields) {
    const value: unknown = Object.hasOwn(fields, where) ? Reflect.get(fields, where) : null;
    if (value !== null && typeof value !== 'string') return { code: 'unreadable-row', where };
  }
  const row = rowOf(fields);
  if (isBlank(row.outgoingMessageId)) return { code: 'missing-id', where: 'outgoingMessageId' };
  if (!isBlank(row.outgoingMessageSentDate) && dateOf(row.outgoingMessageSentDate) === undefined) {
    return { code: 'unreadable-row', where: 'outgoingMessageSentDate' };
  }
  if (!isBlank(row.outgoingMessageSentTime) && minutesOf(row.outgoingMessageSentTime) === undefined) {
    return { code: 'unreadable-row', where: 'outgoingMessageSentTime' };
  }
  return undefined;
}

type MessageResult = Record<MessageResultField, string | null>;

/** The listed fields alone, in the page's order; one that is not there is null. */
function rowOf(fields: object): MessageResult {
  const entries = messageResultFields.map((name) => {
    const value: unknown = Object.hasOwn(fields, name) ? Reflect.get(fields, name) : null;
    return [name, typeof value === 'string' ? value : null] as const;
  });
  return Object.fromEntries(entries) as MessageResult;
}

function messagesOf(row: MessageResult, { keys, stageOf }: ReadingContext): readonly SourceRecord[] {
  const id = row.outgoingMessageId ?? '';
  const outgoing = keys.outgoing(id);
  const text = isBlank(row.incomingMessage) ? undefined : (row.incomingMessage ?? undefined);
  const reply = text === undefined ? undefined : keys.reply(id, text);
  const occurredAt = sentAt(row);
  const message: SourceRecord = {
    key: outgoing,
    direction: 'outgoing',
    thread: outgoing,
    related: reply === undefined ? [] : [reply],
    occurredAt,
    stage: stageOf(row),
    contentDigest: digest(row.outgoingMessageSentDate, row.outgoingMessageSentTime, row.outgoingMessage, row.personId),
    changeDigest: digest(row.delivered, row.messageStatus),
    body: { ...row, incomingMessage: null },
  };
  if (reply === undefined) return [message];
  const answer: SourceRecord = {
    key: reply,
    direction: 'incoming',
    thread: outgoing,
    related: [outgoing],
    // The vendor gives no time of its own for an incoming text.
    occurredAt,
    stage: replyStage,
    // Its text and the message's id are in the key.
    contentDigest: digest(row.personId),
    changeDigest: digest(),
    body: { ...row, outgoingMessage: null },
  };
  return [message, answer];
}

/** Null where the row has no date. A date alone is its midnight, UTC as all times of the vendor. */
function sentAt(row: MessageResult): Instant | null {
  const day = isBlank(row.outgoingMessageSentDate) ? undefined : dateOf(row.outgoingMessageSentDate);
  if (day === undefined) return null;
  const minutes = isBlank(row.outgoingMessageSentTime) ? 0 : (minutesOf(row.outgoingMessageSentTime) ?? 0);
  return day + minutes * 60_000;
}

/** `MM/dd/yyyy`, a day that exists. */
function dateOf(text: string | null): Instant | undefined {
  const match = /^(\d{2})\/(\d{2})\/(\d{4})$/.exec(text?.trim() ?? '');
  if (match === null) return undefined;
  const [, month, day, year] = match;
  const at = Date.parse(`${year}-${month}-${day}T00:00:00Z`);
  // Date.parse takes 02/30 for 03/02.
  return Number.isNaN(at) || new Date(at).getUTCDate() !== Number(day) ? undefined : at;
}

/** `HH:mm`, in minutes since midnight. */
function minutesOf(text: string | null): number | undefined {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text?.trim() ?? '');
  return match === null ? undefined : Number(match[1]) * 60 + Number(match[2]);
}

const isBlank = (value: string | null): boolean => value === null || value.trim() === '';

/** Null, blank and padded are the same: the vendor sends both null and "" for nothing. */
function digest(...values: readonly (string | null)[]): string {
  const text = JSON.stringify(values.map((value) => value?.trim() ?? ''));
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

/** The same value gives the same text, in whatever order its keys came. */
function canonicalJson(value: unknown): string {
  return (
    JSON.stringify(value, (_, each: unknown) =>
      typeof each === 'object' && each !== null && !Array.isArray(each)
        ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : each,
    ) ?? 'null'
  );
}
