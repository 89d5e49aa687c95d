import type { Communication, Extension } from 'fhir/r4.js';
import { describe, expect, it } from 'vitest';
import { extensionDefinitions } from '../../src/artefacts/extension-definitions.ts';
import { outgoingOf, settings } from '../mapping/dialog-health.ts';
import { findingsOf, show, type Rules } from './judge.ts';
import { knownByOurs, knownByR4, unknownAmong } from './known-findings.ts';

const message: Communication = outgoingOf({ carrier: 'Example Wireless', messageStatus: 'DELIVERED' });

const [carrier] = extensionDefinitions(settings.canonicalBase).filter(({ id }) => id === 'sms-carrier');

const profile = `${settings.canonicalBase}/StructureDefinition/sms-communication`;
const r4: Rules = { by: 'r4' };
const ours: Rules = { by: 'ours', profile };

/** What the judge has against a message that our lists do not know. */
async function complaints(resource: unknown, rules: Rules): Promise<string> {
  const findings = await findingsOf(resource, rules);
  return unknownAmong(findings, rules.by === 'r4' ? knownByR4 : knownByOurs)
    .map(show)
    .join('\n');
}

/** The message with one extension of ours put there or put in place of its own. */
function withExtension(id: string, content: Omit<Extension, 'url'>): Communication {
  const url = `${settings.canonicalBase}/StructureDefinition/${id}`;
  const others = message.extension?.filter((each) => each.url !== url) ?? [];
  return { ...message, extension: [...others, { url, ...content }] };
}

describe('the judge judges', () => {
  it('and has nothing against the message that is broken below', async () => {
    expect(await complaints(message, r4)).toBe('');
    expect(await complaints(message, ours)).toBe('');
  });

  it.each<readonly [string, object, RegExp]>([
    ['without status', { status: undefined }, /^error .*status: minimum required = 1/m],
    ['with a status outside the value set', { status: 'sent' }, /^error .*'sent'.*EventStatus/m],
    ['with a time without zone', { sent: '2024-03-07T09:30:00' }, /^error .*must have a timezone/m],
    ['with a time of minutes', { sent: '2024-03-07T09:30Z' }, /^error .*Not a valid date/m],
    ['on 30 February', { sent: '2024-02-30' }, /^error .*Not a valid date/m],
    ['with two contents', { payload: [{ contentString: 'a', contentAttachment: {} }] }, /^error .*content/m],
    ['with a payload of nothing', { payload: [{}] }, /^error .*must have some content/m],
    ['with an empty text', { payload: [{ contentString: '' }] }, /^error .*empty/m],
    ['with an element that is none', { subjekt: {} }, /^error .*Unrecognized property 'subjekt'/m],
    ['with a reference to nothing contained', { sender: { reference: '#nobody' } }, /^error .*#nobody/m],
  ])('reports a message %s, by R4', async (_, broken, complaint) => {
    expect(await complaints({ ...message, ...broken }, r4)).toMatch(complaint);
  });

  it.each<readonly [string, object, RegExp]>([
    [
      'with a number for a text',
      withExtension('sms-carrier', { valueInteger: 7 }),
      /^error .*sms-carrier.* types \[string\] but found type integer/m,
    ],
    [
      'with a wrong kind of address',
      withExtension('sms-recipient-address', { valueString: '+12025550141' }),
      /^error .*sms-recipient-address.* types \[ContactPoint\] but found type string/m,
    ],
    [
      'with a carrier of a value and parts',
      withExtension('sms-carrier', { valueString: 'a', extension: [{ url: 'b', valueString: 'c' }] }),
      /^error .*ext-1/m,
    ],
    [
      'with a part of the caregiver nobody defined',
      withExtension('sms-caregiver', { extension: [{ url: 'age', valueString: 'c' }] }),
      /^error .*'age' is not defined by .*sms-caregiver/m,
    ],
    [
      'with an extension of ours that nobody defined',
      withExtension('sms-undeclared', { valueString: 'a' }),
      /^error .*sms-undeclared could not be found/m,
    ],
    ['without an identifier', { ...message, identifier: undefined }, /^error .*identifier: minimum required = 1/m],
  ])('reports a message %s, by our definitions', async (_, broken, complaint) => {
    expect(await complaints(broken, ours)).toMatch(complaint);
  });

  it.each<readonly [string, unknown, RegExp]>([
    [
      'of an extension on an element that is none',
      { ...carrier, context: [{ type: 'element', expression: 'Comunication' }] },
      /^error .*Comunication/m,
    ],
    [
      'with a rule for an element that is none',
      { ...carrier, differential: { element: [{ id: 'Extension.valu', path: 'Extension.valu' }] } },
      /^error .*Extension\.valu/m,
    ],
    ['without a status', { ...carrier, status: undefined }, /^error .*status: minimum required = 1/m],
  ])('reports a StructureDefinition %s', async (_, broken, complaint) => {
    const findings = await findingsOf(broken, { by: 'ours' });
    expect(findings.map(show).join('\n')).toMatch(complaint);
  });
});
