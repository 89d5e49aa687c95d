import { describe, expect, it } from 'vitest';
import { jsonataMapping } from '../../bench/jsonata.ts';
import { syntheticRow } from '../../bench/synthetic-rows.ts';
import { loaded, messagesOf, row, settings } from '../mapping/dialog-health.ts';

const mapping = loaded();
const jsonata = jsonataMapping(settings);

/** What the two make of each message of a row. */
const both = (changed: Readonly<Record<string, string | null>>) =>
  Promise.all(
    messagesOf(changed, mapping).map(async (record) => {
      const mapped = mapping.map(record);
      // As JSON: JSONata marks its lists.
      const made: unknown = JSON.parse(JSON.stringify(await jsonata(record)));
      return { ours: mapped.kind === 'communication' ? mapped.resource : mapped, jsonata: made };
    }),
  );

describe('the mapping in JSONata that the benchmark measures against', () => {
  it.each([...Array(24).keys()])('makes of synthetic row %i what the mapping makes', async (index) => {
    const messages = await both(syntheticRow(index));
    expect(messages).not.toEqual([]);
    for (const { ours, jsonata } of messages) expect(jsonata).toEqual(ours);
  });

  it.each([
    ['a caregiver', { recipientType: 'CAREGIVER', caregiverName: 'Testcarer Ash', caregiverPhone: '2025550142' }],
    ['a caregiver on file', { caregiverName: ' Testcarer Ash', caregiverPhone: '(202) 555-0143' }],
    ['a user of the platform', { messageSentBy: ' testuser ' }],
    ['an invalid number', { delivered: 'false', messageStatus: 'invalid_phone', mobileNumber: '555' }],
    ['an unlisted status', { delivered: null, messageStatus: 'CARRIER  PENDING ' }],
    ['campaign and broadcast', { campaignId: ' c 1', campaignName: 'One', broadcastId: 'b', broadcastName: 'Two' }],
    ['a reply, a lead and misc fields', { incomingMessage: 'YES', leadMessageSent: 'Hello', personMisc5: '5' }],
    ['hardly anything', { outgoingMessageSentTime: null, outgoingMessage: ' ', personName: null, mobileNumber: '' }],
    ['no date', { outgoingMessageSentDate: null, outgoingMessageSentTime: null, messageType: null }],
  ])('makes of a message with %s what the mapping makes', async (_, changed) => {
    for (const { ours, jsonata } of await both({ ...row, ...changed })) expect(jsonata).toEqual(ours);
  });
});
