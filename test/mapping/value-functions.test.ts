import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadMapping } from '../../src/mapping/load-mapping.ts';
import type { MappingSettings } from '../../src/mapping/settings.ts';
import {
  anyRecord,
  communicationOf,
  extensionOf,
  folder,
  keys,
  loaded,
  messagesOf,
  options,
  outgoingOf,
  row,
  settings,
} from './dialog-health.ts';

const base = settings.canonicalBase;

const addressOf = (mobileNumber: string | null, changed: Partial<MappingSettings> = {}): unknown =>
  extensionOf(outgoingOf({ mobileNumber }, loaded(changed)), 'sms-recipient-address');

const sentOf = (outgoingMessageSentDate: string | null, outgoingMessageSentTime: string | null): unknown =>
  outgoingOf({ outgoingMessageSentDate, outgoingMessageSentTime }).sent;

const refersTo = (system: string, value: string | undefined): unknown => [
  { type: 'Communication', identifier: { system: `${base}/sid/${system}`, value } },
];

describe('=text', () => {
  it('gives the field as it is, space and all', () => {
    const text = '  two  spaces,\ttab,\r\nline, 🙂, \u200f, <b>bold</b> {{x}} ';
    expect(outgoingOf({ outgoingMessage: text }).payload).toEqual([{ contentString: text }]);
  });

  it.each([null, '', ' ', '\t\n', '\u00a0'])(
    'gives nothing for %j, and the payload around it goes',
    (outgoingMessage) => {
      expect(outgoingOf({ outgoingMessage })).not.toHaveProperty('payload');
    },
  );

  it.each([
    ['a\u0000b', 'a\ufffdb'],
    ['\u001b[31m', '\ufffd[31m'],
    ['half \ud83d pair', 'half \ufffd pair'],
    ['\udc00\ud800', '\ufffd\ufffd'],
  ])('replaces what FHIR forbids in %j', (outgoingMessage, contentString) => {
    expect(outgoingOf({ outgoingMessage }).payload).toEqual([{ contentString }]);
  });

  it('has no space around it and single spaces in it where a code goes', () => {
    const { category } = outgoingOf({ messageType: ' API \t Message ' });
    expect(category?.at(-1)).toEqual({
      coding: [{ system: `${base}/CodeSystem/sms-message-type`, code: 'API Message' }],
      text: ' API \t Message ',
    });
  });
});

describe('=trim', () => {
  it('takes the space around a name away', () => {
    expect(outgoingOf({ messageSentBy: ' exampleuser ' }).sender).toEqual({ display: 'exampleuser' });
  });
});

describe('=lower', () => {
  it.each(['7B2E4F60', ' 7b2E4f60 '])('makes one identifier of %j, the one the key is made of', (id) => {
    expect(outgoingOf({ outgoingMessageId: id }).identifier).toEqual([
      { system: `${base}/sid/sms-outgoing-message-id`, value: keys.outgoingIdentifier(id) },
    ]);
  });
});

describe('=first', () => {
  it.each([
    [{ campaignName: 'a', broadcastName: 'b', messageType: 'c' }, 'a'],
    [{ campaignName: ' ', broadcastName: 'b', messageType: 'c' }, 'b'],
    [{ campaignName: null, broadcastName: '', messageType: 'c' }, 'c'],
  ])('takes the first field that has text of %j', (changed, text) => {
    expect(outgoingOf(changed).topic?.text).toBe(text);
  });

  it('gives nothing where none has', () => {
    expect(outgoingOf({ messageType: null })).not.toHaveProperty('topic');
  });
});

describe('=boolean', () => {
  it.each([
    ['true', true],
    ['false', false],
    ['TRUE', undefined],
    [' true', undefined],
    ['1', undefined],
    [null, undefined],
  ])('reads %j as %j', (delivered, value) => {
    expect(extensionOf(outgoingOf({ delivered }), 'sms-delivered')).toBe(value);
  });
});

describe('=phone', () => {
  it.each([
    ['2025550141', '+12025550141'],
    ['(202) 555-0141', '+12025550141'],
    ['1-202-555-0141', '+12025550141'],
    ['+44 20 7946 0958', '+442079460958'],
  ])('writes %j as E.164', (given, value) => {
    expect(addressOf(given)).toEqual({ system: 'sms', value });
  });

  it.each([
    '12345',
    'EXAMPLE',
    'withheld',
    '555',
    '2025550141 ext. 7',
    '+999 1',
    'call 2025550141 now',
    '2'.repeat(10_000),
    '\u0661',
  ])('leaves %j as it is, since it is not certain', (value) => {
    expect(addressOf(value)).toEqual({ system: 'sms', value });
  });

  it('needs a country code where no region is set', () => {
    expect(addressOf('2025550141', { region: '' })).toEqual({ system: 'sms', value: '2025550141' });
    expect(addressOf('+12025550141', { region: '' })).toEqual({ system: 'sms', value: '+12025550141' });
  });

  it('gives nothing for a blank', () => {
    expect(addressOf(' ')).toBeUndefined();
    expect(addressOf(null)).toBeUndefined();
  });

  it('gives the same when its memory has been full', () => {
    const mapping = loaded();
    const numbers = Array.from({ length: 50_100 }, (_, index) => String(2_025_550_000 + index));
    const once = (number: string): unknown =>
      extensionOf(outgoingOf({ mobileNumber: number }, mapping), 'sms-recipient-address');
    const [first = ''] = numbers;
    const before = once(first);
    for (const number of numbers) once(number);
    expect(once(first)).toEqual(before);
  });
});

describe('=instant', () => {
  it('gives a UTC dateTime with seconds, whatever the zone of the machine', () => {
    expect(sentOf('02/29/2024', '23:59')).toBe('2024-02-29T23:59:00Z');
  });

  it('gives a date where there is no time', () => {
    expect(sentOf('03/07/2024', null)).toBe('2024-03-07');
    expect(sentOf('03/07/2024', ' ')).toBe('2024-03-07');
  });

  it('gives nothing where there is no date', () => {
    expect(sentOf(null, '09:30')).toBeUndefined();
    expect(sentOf('', null)).toBeUndefined();
  });

  it.each([
    ['02/29/2023', '09:30', 'outgoingMessageSentDate'],
    ['13/01/2024', '09:30', 'outgoingMessageSentDate'],
    ['2024-03-07', '09:30', 'outgoingMessageSentDate'],
    ['3/7/2024', '09:30', 'outgoingMessageSentDate'],
    ['01/01/0000', '09:30', 'outgoingMessageSentDate'],
    ['03/07/2024', '24:00', 'outgoingMessageSentTime'],
    ['03/07/2024', '9:30 PM', 'outgoingMessageSentTime'],
  ])('refuses %s %s, and names the field', (outgoingMessageSentDate, outgoingMessageSentTime, where) => {
    const record = anyRecord({ ...row, outgoingMessageSentDate, outgoingMessageSentTime });
    expect(loaded().map(record)).toEqual({ kind: 'rejected', problem: { code: 'resource-invalid', where } });
  });
});

describe('=patient', () => {
  const identifier = { system: settings.patient.system, value: 'tp-1' };

  it('refers to the Patient by id and identifier, with the name trimmed', () => {
    expect(outgoingOf({ personName: ' Testperson Alder ', personId: ' tp-1 ' }).subject).toEqual({
      reference: 'Patient/tp-1',
      type: 'Patient',
      identifier,
      display: 'Testperson Alder',
    });
  });

  it.each(['identifier', 'lookup', 'conditional'] as const)(
    'refers by identifier alone where the configuration says %s',
    (reference) => {
      const mapping = loaded({ patient: { ...settings.patient, reference } });
      expect(outgoingOf({ personName: null }, mapping).subject).toEqual({ type: 'Patient', identifier });
      const { subject } = outgoingOf({ personId: 'an id with / signs', personName: null }, mapping);
      expect(subject).toEqual({ type: 'Patient', identifier: { ...identifier, value: 'an id with / signs' } });
    },
  );

  it('takes the id from the field that the configuration names', () => {
    const mapping = loaded({ patient: { ...settings.patient, from: 'personMisc1' } });
    expect(outgoingOf({ personMisc1: 'MRN-7' }, mapping).subject?.reference).toBe('Patient/MRN-7');
    expect(mapping.map(anyRecord(row))).toEqual({
      kind: 'rejected',
      problem: { code: 'person-id-missing', where: 'personMisc1' },
    });
  });

  it('never alters an id', () => {
    expect(outgoingOf({ personId: 'Qy.UJ-yuj' }).subject?.reference).toBe('Patient/Qy.UJ-yuj');
  });

  it.each(['a b', 'a_b', '+1', 'a/b', '../x', '.', '..', '#x', 'é', 'a'.repeat(65), 'a\u0000'])(
    'refuses %j as the id of a Patient',
    (personId) => {
      expect(loaded().map(anyRecord({ ...row, personId }))).toEqual({
        kind: 'rejected',
        problem: { code: 'person-id-unusable', where: 'personId' },
      });
    },
  );

  it.each([null, '', '  '])('refuses a message without a person: %j', (personId) => {
    expect(loaded().map(anyRecord({ ...row, personId }))).toEqual({
      kind: 'rejected',
      problem: { code: 'person-id-missing', where: 'personId' },
    });
  });
});

describe('=recordKey', () => {
  const systemOf = (name: string): string => `${base}/sid/${name}`;

  it.each([null, '', '  '])('is the key of a message whose id is %j, and its only identifier', (outgoingMessageId) => {
    const made = outgoingOf({ outgoingMessageId });
    expect(made.identifier).toEqual([{ system: systemOf('sms-record-key'), value: made.id }]);
  });

  it('gives nothing where the vendor gives an id', () => {
    expect(outgoingOf({}).identifier).toEqual([
      { system: systemOf('sms-outgoing-message-id'), value: row['outgoingMessageId'] },
    ]);
  });

  it('stands in every dialect', () => {
    for (const dialect of ['r4-strict', 'oracle-health', 'epic']) {
      const layers = [folder, join(folder, 'dialects', dialect)] as const;
      const organization = { ...settings.organization, reference: 'Group/1' };
      const result = loadMapping({ ...options, layers, settings: { ...settings, organization } });
      if (result.kind === 'invalid') throw new Error(JSON.stringify(result.problems));
      const made = communicationOf(result.mapping.map(anyRecord({ ...row, outgoingMessageId: null })));
      expect(made.identifier?.map(({ system }) => system)).toEqual([systemOf('sms-record-key')]);
    }
  });
});

describe('=related', () => {
  it('stands message and reply beside each other by their identifiers', () => {
    const mapping = loaded();
    const [message, reply] = messagesOf({ incomingMessage: 'Yes' }, mapping).map((record) =>
      communicationOf(mapping.map(record)),
    );
    expect(message?.about).toEqual(refersTo('sms-reply-key', reply?.identifier?.[0]?.value));
    expect(reply?.about).toEqual(refersTo('sms-outgoing-message-id', message?.identifier?.[0]?.value));
    expect(reply?.identifier?.[0]?.value).toBe(reply?.id);
  });

  it('does so for a message without an id, by its key', () => {
    const mapping = loaded();
    const [message, reply] = messagesOf({ outgoingMessageId: null, incomingMessage: 'Yes' }, mapping).map((record) =>
      communicationOf(mapping.map(record)),
    );
    expect(message?.about).toEqual(refersTo('sms-reply-key', reply?.id));
    expect(reply?.about).toEqual(refersTo('sms-record-key', message?.identifier?.[0]?.value));
    expect(message?.identifier?.[0]?.value).toBe(message?.id);
  });

  it('names every reply of a message', () => {
    const record = { ...anyRecord(row), related: [keys.reply('a', 'one'), keys.reply('a', 'two')] };
    expect(communicationOf(loaded().map(record)).about).toHaveLength(2);
  });

  it('gives nothing for a message without a reply', () => {
    expect(communicationOf(loaded().map({ ...anyRecord(row), related: [] }))).not.toHaveProperty('about');
  });
});

describe('=setting', () => {
  it('is absent where the setting is empty, and the party goes with it', () => {
    const mapping = loaded({ organization: { system: '', value: '', display: '', reference: '' } });
    expect(outgoingOf({}, mapping)).not.toHaveProperty('sender');
  });

  it('leaves a party with a name alone', () => {
    const mapping = loaded({ organization: { system: '', value: '', display: 'Example Clinic', reference: '' } });
    expect(outgoingOf({}, mapping).sender).toEqual({ type: 'Organization', display: 'Example Clinic' });
  });
});
