import { hash } from 'node:crypto';
import type { Problem } from '../../exchange/problem.ts';
import { unreadableKey, type KeySpace, type RecordKey } from '../../exchange/record-key.ts';
import type { Reading, SourceRecord, Stage, VendorRow } from '../../exchange/record.ts';
import type { Instant } from '../../exchange/window.ts';
import { canonicalJson } from './lossless-json.ts';
import type { NamelessRows } from './nameless-rows.ts';
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

export const isListedField = (name: string): name is MessageResultField => Object.hasOwn(noFields, name);

export const messageResultFields: readonly MessageResultField[] = Object.keys(noFields).filter(isListedField);

/** What a row needs to become messages. */
export interface ReadingContext {
  /** The name of the source. */
  readonly source: string;
  readonly keys: KeySpace;
  /** How far the outgoing message of a row has come, by the mapping's decision table. */
  readonly stageOf: (row: VendorRow) => Stage;
  /** Names the rows of this answer that have no id; without it they are set apart. */
  readonly nameless?: Pick<NamelessRows, 'name'> | undefined;
}

/** An incoming text has reached us: it will not change. */
const replyStage: Stage = { rank: 3, final: true };

/**
 * One row of the answer: its outgoing message, and the reply to it where there is one; or why it is neither. Fields
 * that the page does not list are ignored. A value that is not a string or null makes the row unreadable: a number may
 * have lost digits on its way, and ids are compared to the letter.
 */
export function readMessageResult(row: unknown, position: number, context: ReadingContext): Reading {
  const result = messageResultOf(row, context);
  switch (result.kind) {
    case 'message':
      return { kind: 'records', records: messagesOf(result, context) };
    case 'elsewhere':
      return { kind: 'records', records: [] };
    case 'unreadable': {
      const body = canonicalJson(row);
      const key = unreadableKey(context.source, body);
      return { kind: 'unreadable', unreadable: { key, position, problem: result.problem, body } };
    }
  }
}

type Fields = Readonly<Record<MessageResultField, string | null>>;

/** The outgoing message of a row. */
interface Message {
  readonly kind: 'message';
  readonly row: Fields;
  readonly key: RecordKey;
  /** What the keys of its replies are made of. */
  readonly id: string;
  readonly occurredAt: Instant | null;
}

type MessageResult =
  | Message
  /** A message that another answer names. */
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'unreadable'; readonly problem: Problem };

function messageResultOf(given: unknown, context: ReadingContext): MessageResult {
  if (!isObject(given)) return unreadable({ code: 'unreadable-row' });
  const listed = listedFields(given);
  if (listed.kind === 'unreadable') return listed;
  const { row } = listed;
  if (isBlank(row.outgoingMessageId)) return namelessResult(row, context);
  const sent = sentAt(row.outgoingMessageSentDate, row.outgoingMessageSentTime);
  if (sent.kind === 'at') {
    const id = row.outgoingMessageId ?? '';
    return { kind: 'message', row, key: context.keys.outgoing(id), id, occurredAt: sent.at };
  }
  const where = sent.kind === 'no date' ? 'outgoingMessageSentDate' : 'outgoingMessageSentTime';
  return unreadable({ code: 'unreadable-row', where });
}

/** The listed fields alone, in the page's order, with null for one that is not there. */
function listedFields(given: Readonly<Record<string, unknown>>) {
  if (isAsListed(given)) return { kind: 'listed', row: given } as const;
  const row: Record<MessageResultField, string | null> = { ...noFields };
  for (const where of messageResultFields) {
    const value = given[where] ?? null;
    if (value !== null && typeof value !== 'string') {
      return { kind: 'unreadable', problem: { code: 'unreadable-row', where } } as const;
    }
    row[where] = value;
  }
  return { kind: 'listed', row } as const;
}

/** Whether it is so already, as nearly every row of the vendor is: nothing has to be copied. */
function isAsListed(given: Readonly<Record<string, unknown>>): given is Fields {
  let at = 0;
  for (const name in given) {
    const value = given[name];
    if (name !== messageResultFields[at] || (value !== null && typeof value !== 'string')) return false;
    at += 1;
  }
  return at === messageResultFields.length;
}

/** Without an id a row is known by its minute and its content; one that has no minute by nothing. */
function namelessResult(row: Fields, { nameless }: ReadingContext): MessageResult {
  const noId = unreadable({ code: 'missing-id', where: 'outgoingMessageId' });
  if (nameless === undefined || isBlank(row.outgoingMessageSentTime)) return noId;
  const sent = sentAt(row.outgoingMessageSentDate, row.outgoingMessageSentTime);
  if (sent.kind !== 'at' || sent.at === null) return noId;
  const named = nameless.name(row, sent.at);
  switch (named.kind) {
    case 'named':
      return { kind: 'message', row, key: named.key, id: named.replyId, occurredAt: sent.at };
    case 'elsewhere':
      return named;
    case 'unplaced':
      return noId;
  }
}

const isObject = (row: unknown): row is Readonly<Record<string, unknown>> =>
  typeof row === 'object' && row !== null && !Array.isArray(row);

const unreadable = (problem: Problem): MessageResult => ({ kind: 'unreadable', problem });

function messagesOf(
  { row, key: outgoing, id, occurredAt }: Message,
  { keys, stageOf }: ReadingContext,
): readonly SourceRecord[] {
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
