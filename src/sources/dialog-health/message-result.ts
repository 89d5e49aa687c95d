import { hash } from 'node:crypto';
import type { Problem } from '../../exchange/problem.ts';
import { unreadableKey, type KeySpace } from '../../exchange/record-key.ts';
import type { Reading, SourceRecord, Stage, VendorRow } from '../../exchange/record.ts';
import type { Instant } from '../../exchange/window.ts';
import { canonicalJson } from './lossless-json.ts';
import { sentAt } from './sent-at.ts';

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
  const result = messageResultOf(row);
  if (result.kind === 'readable') return { kind: 'records', records: messagesOf(result.fields, result.at, context) };
  const body = canonicalJson(row);
  const key = unreadableKey(context.source, body);
  return { kind: 'unreadable', unreadable: { key, position, problem: result.problem, body } };
}

type Fields = Record<MessageResultField, string | null>;

type MessageResult =
  | { readonly kind: 'readable'; readonly fields: Fields; readonly at: Instant | null }
  | { readonly kind: 'unreadable'; readonly problem: Problem };

const noFields = Object.fromEntries(messageResultFields.map((name) => [name, null])) as Fields;

/** The listed fields alone, in the page's order, with null for one that is not there. */
function messageResultOf(row: unknown): MessageResult {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return unreadable({ code: 'unreadable-row' });
  const given = row as Readonly<Record<string, unknown>>;
  const fields = { ...noFields };
  for (const where of messageResultFields) {
    const value = given[where] ?? null;
    if (value !== null && typeof value !== 'string') return unreadable({ code: 'unreadable-row', where });
    fields[where] = value;
  }
  if (isBlank(fields.outgoingMessageId)) return unreadable({ code: 'missing-id', where: 'outgoingMessageId' });
  const sent = sentAt(fields.outgoingMessageSentDate, fields.outgoingMessageSentTime);
  if (sent.kind === 'at') return { kind: 'readable', fields, at: sent.at };
  const where = sent.kind === 'no date' ? 'outgoingMessageSentDate' : 'outgoingMessageSentTime';
  return unreadable({ code: 'unreadable-row', where });
}

const unreadable = (problem: Problem): MessageResult => ({ kind: 'unreadable', problem });

function messagesOf(
  row: Fields,
  occurredAt: Instant | null,
  { keys, stageOf }: ReadingContext,
): readonly SourceRecord[] {
  const id = row.outgoingMessageId ?? '';
  const outgoing = keys.outgoing(id);
  const reply = isBlank(row.incomingMessage) ? undefined : keys.reply(id, row.incomingMessage ?? '');
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
    changeDigest: nothingChanges,
    body: { ...row, outgoingMessage: null },
  };
  return [message, answer];
}

const isBlank = (value: string | null): boolean => value === null || value.trim() === '';

/** Null, blank and padded are the same: the vendor sends both null and "" for nothing. */
function digest(...values: readonly (string | null)[]): string {
  return hash('sha256', JSON.stringify(values.map((value) => value?.trim() ?? '')), 'base64url').slice(0, 22);
}

const nothingChanges = digest();
