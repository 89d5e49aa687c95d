import { createHmac } from 'node:crypto';
import { uuidNamespace, uuidV5 } from './uuid.ts';

/** UUIDv5 of one Communication: its FHIR id where the EHR lets clients choose, and the record's name in API and logs. */
export type RecordKey = string;

/**
 * The keys under one canonical base: the same message always gets the same key, on every machine, with or without a
 * ledger. That is what makes every write idempotent. A key tells nothing about the message without the vendor's id.
 */
export interface KeySpace {
  /** The value of the outgoing message's identifier: the vendor's id, trimmed, in lower case. */
  outgoingIdentifier(outgoingMessageId: string): string;
  outgoing(outgoingMessageId: string): RecordKey;
  /** A message to which the vendor gives no id. @param name made by `contentName` */
  withoutId(name: string): RecordKey;
  /**
   * The reply to that message with that text. The vendor gives an incoming text no id: two equal texts to one message
   * are one reply.
   * @param message its id; of one without an id its key
   */
  reply(message: string, incomingMessage: string): RecordKey;
}

const outgoingIdentifier = (id: string): string => id.trim().toLowerCase();

/** @param canonicalBase without a slash at its end. Another base gives other keys: it must never change. */
export function keySpace(canonicalBase: string): KeySpace {
  const namespace = uuidNamespace(`${canonicalBase}/sid/sms-outgoing-message-id`);
  const keyOf = (name: string): RecordKey => uuidV5(name, namespace);
  return {
    outgoingIdentifier,
    outgoing: (id) => keyOf(`out|${outgoingIdentifier(id)}`),
    withoutId: (name) => keyOf(`record|${name}`),
    reply: (message, text) => keyOf(`reply|${outgoingIdentifier(message)}|${text.trim().normalize('NFC')}`),
  };
}

/**
 * A name made of what a message says, as HMAC-SHA-256 in hexadecimal digits: the same facts always have the same name.
 * Whoever lacks the secret cannot tell from a name whether a message that he guesses has it; that two names are equal
 * anybody sees. Another secret gives other names: it must never change.
 * @param facts as they are compared: the caller takes away what does not tell messages apart
 * @param ordinal how many messages with the same facts come before
 */
export function contentName(secret: string, facts: readonly string[], ordinal: number): string {
  return createHmac('sha256', secret)
    .update(JSON.stringify([...facts, ordinal]))
    .digest('hex');
}

/** Tells one secret from another without giving it away. No name is made of the same text. */
export function secretFingerprint(secret: string): string {
  return createHmac('sha256', secret).update('fingerprint of mapping.keySecret').digest('hex').slice(0, 32);
}

const unreadableNamespace = uuidNamespace('urn:dialog-health-fhir:unreadable-row');

/** The name of a row that is no message: the same row of the same source has the same name at every read. */
export function unreadableKey(source: string, rowJson: string): RecordKey {
  return uuidV5(`${source}|${rowJson}`, unreadableNamespace);
}

/** The name under which a message is set apart whose id was read before with another content. */
export const conflictKey = (
  source: string,
  message: { readonly key: RecordKey; readonly contentDigest: string },
): RecordKey => unreadableKey(source, `${message.key}|${message.contentDigest}`);
