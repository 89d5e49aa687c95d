import type { Reference } from 'fhir/r4.js';
import { withoutForbiddenCodePoints } from './code-points.ts';
import type { Give } from './evaluation.ts';
import { messageId } from './message-id.ts';
import type { Surroundings } from './settings.ts';

/**
 * The other messages of the thread, each by its identifier: such a reference needs no order of writing and is the same
 * in every Bundle. Of an outgoing message its replies, of a reply the message it stands beside.
 */
export function relatedMessages({ keys, settings: { canonicalBase } }: Surroundings): Give {
  const reference = (system: string, value: string): Reference => ({
    type: 'Communication',
    identifier: { system: `${canonicalBase}/sid/${system}`, value: withoutForbiddenCodePoints(value) },
  });
  return ({ record }) => {
    if (record.direction === 'outgoing') return record.related.map((key) => reference('sms-reply-key', key));
    const id = messageId(record.body);
    return id === undefined
      ? [reference('sms-record-key', record.thread)]
      : [reference('sms-outgoing-message-id', keys.outgoingIdentifier(id))];
  };
}
