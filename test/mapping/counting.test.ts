import { describe, expect, it } from 'vitest';
import { anyRecord, extensionOf, loaded, outgoingOf, row } from './dialog-health.ts';

const mapping = loaded();

function countsOf(changed: typeof row, direction: 'outgoing' | 'incoming' = 'outgoing'): readonly string[] {
  const mapped = mapping.map(anyRecord({ ...row, ...changed }, direction));
  if (mapped.kind !== 'communication') throw new Error(`no Communication: ${mapped.problem.code}`);
  return mapped.counts;
}

describe('what an analyst should know of is counted', () => {
  it('nothing for a message like any other', () => {
    expect(countsOf({})).toEqual([]);
  });

  it('A26, F10: a status that no row lists, and which is unknown in the chart', () => {
    const changed = { delivered: 'false', messageStatus: 'CARRIER_PENDING' };
    expect(countsOf(changed)).toEqual(['status-unlisted']);
    const made = outgoingOf(changed);
    expect(made.status).toBe('unknown');
    expect(extensionOf(made, 'sms-message-status')).toBe('CARRIER_PENDING');
  });

  it('a message without a status', () => {
    expect(countsOf({ delivered: null, messageStatus: ' ' })).toEqual(['status-missing']);
  });

  it('a message that was delivered and failed', () => {
    expect(countsOf({ delivered: 'true', messageStatus: 'Invalid_Phone' })).toEqual(['status-conflict']);
  });

  it('A26: a type of message that no row lists', () => {
    expect(countsOf({ messageType: 'Something new' })).toEqual(['message-type-unlisted']);
  });

  it('a text with code points that FHIR forbids', () => {
    expect(countsOf({ outgoingMessage: 'half an emoji \uD83D' })).toEqual(['code-points-replaced']);
    expect(countsOf({ outgoingMessage: 'a NUL \u0000' })).toEqual(['code-points-replaced']);
    expect(countsOf({ outgoingMessage: 'whole 🙂\nand a line' })).toEqual([]);
  });

  it('several at once', () => {
    expect(countsOf({ delivered: 'x', messageStatus: 'NEW', personMisc1: '\u0001' })).toEqual([
      'status-unlisted',
      'code-points-replaced',
    ]);
  });

  it('no status of a reply: it reached us', () => {
    expect(countsOf({ incomingMessage: 'Yes', delivered: null, messageStatus: null }, 'incoming')).toEqual([]);
  });
});
