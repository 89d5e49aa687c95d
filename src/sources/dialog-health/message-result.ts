import { hash } from 'node:crypto';
import type { Problem } from '../../exchange/problem.ts';
import { unreadableKey, type KeySpace } from '../../exchange/record-key.ts';
import type { Reading, SourceRecord, Stage, VendorRow } from '../../exchange/record.ts';
import type { Instant } from '../../exchange/window.ts';
import { canonicalJson } from './lossless-json.ts';
import { sentAt } from './sent-at.ts';

/** A row without any of the fields that the vendor's page lists, in its order. All of them are strings or null. */
const noFields = {
  leadMessageSent: null,
  incomingMessage: null,
  outgoingMessageId: null,
  outgoingMessageSentDate: null,
  outgoingMessageSentTime: null,
  outgoingMessage: null,
  personName: null,
  personId: null,
  mobileNumber: null,
  caregiverName: null,
  caregiverPhone: null,
  messageType: null,
  recipientType: null,
  campaignName: null,
  campaignId: null,
  broadcastName: null,
  broadcastId: null,
  carrier: null,
  delivered: null,
  messageStatus: null,
  messageSentBy: null,
  personMisc1: null,
  personMisc2: null,
  personMisc3: null,
  personMisc4: null,
  personMisc5: null,
};

export type MessageResultField = keyof typeof noFields;

export const messageResultFields: readonly MessageResultField[] = Object.keys(noFields).filter(
  (name): name is MessageResultField => Object.hasOwn(noFields, name),
);

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

/** The listed fields alone, in the page's order, with null for one that is not there. */
function messageResultOf(row: unknown): MessageResult {
  if (!isObject(row)) return unreadable({ code: 'unreadable-row' });
  const fields: Fields = { ...noFields };
  for (const where of messageResultFields) {
    const value = row[where] ?? null;
    if (value !== null && typeof value !== 'string') return unreadable({ code: 'unreadable-row', where });
    fields[where] = value;
  }
  if (isBlank(fields.outgoingMessageId)) return unreadable({ code: 'missing-id', where: 'outgoingMessageId' });
  const sent = sentAt(fields.outgoingMessageSentDate, fields.outgoingMessageSentTime);
  if (sent.kind === 'at') return { kind: 'readable', fields, at: sent.at };
  const where = sent.kind === 'no date' ? 'outgoingMessageSentDate' : 'outgoingMessageSentTime';
  return unreadable({ code: 'unreadable-row', where });
}

const isObject = (row: unknown): row is Readonly<Record<string, unknown>> =>
  typeof row === 'object' && row !== null && !Array.isArray(row);

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
