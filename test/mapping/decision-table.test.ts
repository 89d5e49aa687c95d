import { describe, expect, it } from 'vitest';
import { readDecisionTable } from '../../src/mapping/decision-table.ts';
import { readMappingFile } from '../../src/mapping/mapping-file.ts';
import { anyRecord, communicationOf, loaded, messagesOf, outgoingOf, row, settings } from './dialog-health.ts';

const vendorCoding = (code: string): object => ({
  system: `${settings.canonicalBase}/CodeSystem/sms-message-status`,
  code,
});

describe('what became of a message', () => {
  it('is completed when it was delivered, whatever the vendor status says', () => {
    for (const messageStatus of [null, '', 'DELIVERED', 'INVALID_PHONE', 'MESSAGE_REJECTED']) {
      const made = outgoingOf({ delivered: 'true', messageStatus });
      expect(made.status).toBe('completed');
      expect(made).not.toHaveProperty('statusReason');
    }
  });

  it('is not done for an invalid phone, with the code of HL7 and of the vendor', () => {
    const { status, statusReason } = outgoingOf({ delivered: 'false', messageStatus: 'INVALID_PHONE' });
    expect(status).toBe('not-done');
    expect(statusReason?.coding?.map(({ code }) => code)).toEqual(['invalid-phone-number', 'INVALID_PHONE']);
  });

  it('is not done for a rejected message, with the code of the vendor alone', () => {
    const { status, statusReason } = outgoingOf({ delivered: 'false', messageStatus: 'MESSAGE_REJECTED' });
    expect(status).toBe('not-done');
    expect(statusReason).toEqual({ coding: [vendorCoding('MESSAGE_REJECTED')], text: 'MESSAGE_REJECTED' });
  });

  it.each([' message_rejected ', 'Message_Rejected'])(
    'compares %j without regard to case and space',
    (messageStatus) => {
      expect(outgoingOf({ delivered: 'false', messageStatus }).status).toBe('not-done');
    },
  );

  it.each(['TRUE', 'True', ' true', 'yes', '1'])('takes delivered to the letter: %j is not delivered', (delivered) => {
    expect(outgoingOf({ delivered, messageStatus: null }).status).toBe('unknown');
  });

  it('is unknown for a status nobody has listed, which is kept as it came', () => {
    const { status, statusReason } = outgoingOf({ delivered: 'false', messageStatus: 'TELEPATHY' });
    expect(status).toBe('unknown');
    expect(statusReason).toEqual({ coding: [vendorCoding('TELEPATHY')], text: 'TELEPATHY' });
  });

  it('is unknown without a reason where the vendor gives no status', () => {
    expect(outgoingOf({ delivered: 'false', messageStatus: null })).not.toHaveProperty('statusReason');
  });
});

describe('how far a message has come', () => {
  it.each([
    ['true', null, { rank: 3, final: true }],
    ['false', 'INVALID_PHONE', { rank: 2, final: true }],
    ['false', 'message_rejected', { rank: 2, final: true }],
    ['false', 'TELEPATHY', { rank: 0, final: false }],
    [null, null, { rank: 0, final: false }],
  ])('delivered %j with status %j', (delivered, messageStatus, stage) => {
    expect(loaded().stageOf({ ...row, delivered, messageStatus })).toEqual(stage);
  });
});

describe('whose chart it belongs to', () => {
  it.each(['STAFF', 'staff '])('keeps messages to %j out, and their replies', (recipientType) => {
    const mapping = loaded();
    const skipped = { kind: 'skipped', problem: { code: 'not-for-a-chart', where: 'recipientType' } };
    for (const record of messagesOf({ recipientType, incomingMessage: 'OK' })) {
      expect(mapping.map(record)).toEqual(skipped);
    }
  });

  it('keeps a message to staff out even where the person id is missing', () => {
    expect(loaded().map(anyRecord({ ...row, recipientType: 'STAFF', personId: null })).kind).toBe('skipped');
  });

  it.each([null, '', 'VISITOR', '__proto__', 'constructor'])(
    'A26, F10: rejects the recipient type %j',
    (recipientType) => {
      expect(loaded().map(anyRecord({ ...row, recipientType }))).toEqual({
        kind: 'rejected',
        problem: { code: 'recipient-type-unknown', where: 'recipientType' },
      });
    },
  );

  it('contains the caregiver who got the message, and who wrote the reply', () => {
    const mapping = loaded();
    const to = { recipientType: 'CAREGIVER', caregiverName: 'Testcarer Hazel', caregiverPhone: '2025550148' };
    const [message, reply] = messagesOf({ ...to, incomingMessage: 'Yes' }).map((record) =>
      communicationOf(mapping.map(record)),
    );
    expect(message?.recipient).toEqual([{ reference: '#caregiver', type: 'RelatedPerson' }]);
    expect(reply?.sender).toEqual(message?.recipient?.[0]);
    expect(message?.contained).toMatchObject([
      { id: 'caregiver', name: [{ text: 'Testcarer Hazel' }], patient: { reference: 'Patient/tp-1' } },
    ]);
    expect(message?.subject?.reference).toBe('Patient/tp-1');
  });

  it('contains a caregiver nobody gave a name', () => {
    const { contained } = outgoingOf({ recipientType: 'CAREGIVER' });
    expect(contained).toHaveLength(1);
    expect(contained?.[0]).not.toHaveProperty('name');
  });
});

describe('who sent a message', () => {
  it.each([
    ['System', { display: 'Example Clinic' }],
    ['exampleuser', { display: 'exampleuser' }],
  ])('%s', (messageSentBy, sender) => {
    expect(outgoingOf({ messageSentBy }).sender).toMatchObject(sender);
  });

  it('is left out where the vendor does not say', () => {
    expect(outgoingOf({ messageSentBy: null })).not.toHaveProperty('sender');
  });
});

describe('a row that is never used', () => {
  function mistakes(rows: string, exact = ''): readonly string[] {
    const told: string[] = [];
    const report = ({ line }: { readonly line: number }, _: string, message: string): number =>
      told.push(`${line} ${message}`);
    const table = readMappingFile('t', `when: [a, b]\nthen: [c]\nrows:\n${rows}${exact}`, report);
    expect.assert(table !== undefined);
    readDecisionTable('t', table, ['a', 'b'], report);
    return told;
  }

  const rows = '  - [Opt-Out, "*", x]\n  - [" OPT-OUT", y, x]\n  - ["*", "*", x]\n';

  it('is told also where the one above differs in case and space alone', () => {
    expect(mistakes(rows)).toEqual(['5 this row is never used: the one in line 4 fits first']);
  });

  it('is none where the field is exact', () => {
    expect(mistakes(rows, 'exact: [a]\n')).toEqual([]);
  });
});
