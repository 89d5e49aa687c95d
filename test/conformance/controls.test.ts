import type { Communication } from 'fhir/r4.js';
import { describe, expect, it } from 'vitest';
import { outgoingOf } from '../mapping/dialog-health.ts';
import { findingsOf, show } from './judge.ts';
import { knownByR4, unknownAmong } from './known-findings.ts';

/** What the judge has against a message by R4 and our list does not know. */
async function errorsIn(broken: unknown): Promise<readonly string[]> {
  const findings = await findingsOf(broken, { by: 'r4' });
  return unknownAmong(findings, knownByR4).map(show);
}

describe('the judge judges', () => {
  const message: Communication = outgoingOf({});

  it('has nothing against the message that these break', async () => {
    expect(await errorsIn(message)).toEqual([]);
  });

  it.each<readonly [string, object, RegExp]>([
    ['without status', { status: undefined }, /status: minimum required = 1/],
    ['with a status outside the value set', { status: 'sent' }, /'sent'.*EventStatus/],
    ['with a time without zone', { sent: '2024-03-07T09:30:00' }, /must have a timezone/],
    ['with a time of minutes', { sent: '2024-03-07T09:30Z' }, /Not a valid date/],
    ['on 30 February', { sent: '2024-02-30' }, /Not a valid date/],
    ['with two texts in one payload', { payload: [{ contentString: 'a', contentAttachment: {} }] }, /content/],
    ['with a payload of nothing', { payload: [{}] }, /must have some content/],
    ['with an empty text', { payload: [{ contentString: '' }] }, /empty/],
    ['with an element that is none', { subjekt: {} }, /Unrecognized property 'subjekt'/],
    ['with a reference to nothing contained', { sender: { reference: '#nobody' } }, /#nobody/],
    [
      'with an extension of two values',
      { extension: [{ url: 'https://example.org/x', valueString: 'a', valueCode: 'b' }] },
      /value/,
    ],
  ])('reports a message %s', async (_, broken, complaint) => {
    const errors = await errorsIn({ ...message, ...broken });
    expect(errors.join('\n')).toMatch(complaint);
    expect(errors.join('\n')).toMatch(/^(?:error|fatal) /m);
  });
});
