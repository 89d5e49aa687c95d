import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadMapping } from '../../src/mapping/load-mapping.ts';
import type { MappingSettings } from '../../src/mapping/settings.ts';
import { folder, options, settings } from './dialog-health.ts';

let copy: string;

beforeEach(() => {
  copy = join(mkdtempSync(join(tmpdir(), 'mapping-')), 'site');
  cpSync(folder, copy, { recursive: true });
});

afterEach(() => rmSync(join(copy, '..'), { recursive: true }));

type File = 'outgoing.yaml' | 'reply.yaml' | 'codes.yaml';

/** Changes one place of a file; gives the line it is in. */
function edit(file: File, from: string, to: string): number {
  const path = join(copy, file);
  const text = readFileSync(path, 'utf8');
  const at = text.indexOf(from);
  expect(at).not.toBe(-1);
  writeFileSync(path, text.slice(0, at) + to + text.slice(at + from.length));
  return text.slice(0, at).split('\n').length;
}

function mistakes(changed: Partial<MappingSettings> = {}): readonly string[] {
  const result = loadMapping({ ...options, layers: [copy], settings: { ...settings, ...changed } });
  if (result.kind === 'loaded') return [];
  return result.problems.map(
    ({ file, line, column, element, message }) => `${file}:${line}:${column} ${element}: ${message}`,
  );
}

describe('a mapping that is right', () => {
  it('is loaded', () => {
    expect(mistakes()).toEqual([]);
  });

  it('may write anything in another order, in flow style and with quotes', () => {
    edit(
      'outgoing.yaml',
      'text: =first(campaignName, broadcastName, messageType)',
      'text: "=first(campaignName,messageType)"',
    );
    edit('outgoing.yaml', '  - contentString: =text(outgoingMessage)', '  [{ contentString: =text(outgoingMessage) }]');
    expect(mistakes()).toEqual([]);
  });
});

/** File, what stands there, what is written instead, and what is said: column, element, sentence. */
type Case = readonly [title: string, file: File, from: string, to: string, said: string];

const cases: readonly Case[] = [
  [
    'an unknown function',
    'outgoing.yaml',
    '=text(carrier)',
    '=txt(carrier)',
    '18 extension[1].valueString: "txt" is no function; did you mean "text"?',
  ],
  [
    'an unknown field',
    'outgoing.yaml',
    '=text(carrier)',
    '=text(carier)',
    '18 extension[1].valueString: "carier" is no field of the source; did you mean "carrier"?',
  ],
  [
    'an unknown table',
    'outgoing.yaml',
    '=decide(outcome.status)',
    '=decide(outcom.status)',
    '9 status: "outcom" is no table of codes.yaml; did you mean "outcome"?',
  ],
  [
    'an unknown column',
    'outgoing.yaml',
    '=decide(outcome.status)',
    '=decide(outcome.state)',
    '9 status: "state" is no column of table "outcome"; did you mean "stage"?',
  ],
  [
    'a table without a column',
    'outgoing.yaml',
    '=decide(outcome.status)',
    '=decide(outcome)',
    '9 status: =decide takes table.column of codes.yaml',
  ],
  [
    'an unknown element',
    'outgoing.yaml',
    'sender: ',
    'sendr: ',
    '1 sendr: is no element of Communication; did you mean "sender"?',
  ],
  [
    'an unknown element deep inside',
    'outgoing.yaml',
    'display: SMS message',
    'label: SMS message',
    '9 medium[0].coding[0].label: is no element of Coding',
  ],
  [
    'a constant outside the required codes',
    'reply.yaml',
    'status: completed',
    'status: complete',
    '9 status: "complete" is no code of this element; did you mean "completed"?',
  ],
  [
    'any text where only certain codes go',
    'outgoing.yaml',
    '=decide(outcome.status)',
    '=text(messageStatus)',
    '9 status: =text gives any text, and only certain codes may stand here: use =decide(table.column)',
  ],
  [
    'a table cell outside the required codes',
    'codes.yaml',
    'completed, "-", "-", final',
    'done, "-", "-", final',
    '33 status: "done" is no code of this element',
  ],
  ['a missing status', 'reply.yaml', 'status: completed\n', '', '1 Communication: needs the element "status"'],
  [
    'a missing url of an extension',
    'outgoing.yaml',
    '- url: =base(StructureDefinition/sms-carrier)\n    valueString',
    '- valueString',
    '5 extension[1]: needs the element "url"',
  ],
  [
    'an extension with two values',
    'outgoing.yaml',
    'valueString: =text(carrier)',
    'valueString: =text(carrier)\n    valueCode: a',
    '5 extension[1]: needs exactly one of: one value[x], or extension; it has valueString and valueCode',
  ],
  [
    'a note with two authors',
    'outgoing.yaml',
    'payload:',
    'note:\n  - text: a\n    authorString: b\n    authorReference: =party(patient)\npayload:',
    '5 note[0]: takes one of: authorReference, authorString; take the others out',
  ],
  [
    'an empty list',
    'reply.yaml',
    'contained:\n  - =contained(who.to)',
    'contained: []',
    '12 contained: is empty; take the line out',
  ],
  [
    'one value where a list goes',
    'outgoing.yaml',
    'about:\n  - ',
    'about: ',
    '1 about: takes a list; put "- " before each of its items',
  ],
  [
    'a list where one value goes',
    'outgoing.yaml',
    'subject: =',
    'subject:\n  - =',
    '1 subject: takes one value; take the list away',
  ],
  [
    'a text where a map goes',
    'outgoing.yaml',
    'topic:\n  coding:\n    - system: =base(CodeSystem/sms-campaign)\n      code: =text(campaignId)\n  text: =first(campaignName, broadcastName, messageType)',
    'topic: SMS',
    '8 topic: takes a CodeableConcept: a map of its elements, or a formula that gives one',
  ],
  [
    'a text function where true or false goes',
    'outgoing.yaml',
    '=boolean(delivered)',
    '=text(delivered)',
    '19 extension[5].valueBoolean: =text gives a text; here goes a boolean. Write =boolean',
  ],
  [
    'a text where a time goes',
    'outgoing.yaml',
    '=instant(outgoingMessageSentDate, outgoingMessageSentTime)',
    '=text(outgoingMessageSentDate)',
    '7 sent: =text gives a text; here goes a dateTime. Write =instant',
  ],
  [
    'a text where a map or a function goes',
    'reply.yaml',
    'sender: =party(who.to)',
    'sender: =text(personName)',
    '9 sender: =text gives a text; here goes a Reference. Write a map of its elements, or =patient or =party or =related',
  ],
  [
    'a text where a number goes',
    'outgoing.yaml',
    'valueString: =text(carrier)',
    'valueInteger: =text(carrier)',
    '19 extension[1].valueInteger: =text gives a text; here goes an integer. No function gives one',
  ],
  [
    'a time that is none',
    'outgoing.yaml',
    '=instant(outgoingMessageSentDate, outgoingMessageSentTime)',
    '2024-03-05T10:00',
    '7 sent: "2024-03-05T10:00" is no dateTime',
  ],
  [
    'too few fields',
    'outgoing.yaml',
    '=instant(outgoingMessageSentDate, outgoingMessageSentTime)',
    '=instant(outgoingMessageSentDate)',
    '7 sent: =instant takes 2 fields, here are 1',
  ],
  [
    'a function of everything without its argument',
    'outgoing.yaml',
    '=setting(source)',
    '=setting()',
    '11 meta.source: =setting takes one argument',
  ],
  [
    'an unknown setting',
    'outgoing.yaml',
    '=setting(source)',
    '=setting(sorce)',
    '11 meta.source: "sorce" is no setting; did you mean "source"?',
  ],
  [
    'a function inside a function',
    'outgoing.yaml',
    '=text(carrier)',
    '=lower(text(carrier))',
    '18 extension[1].valueString: =lower(text(carrier)) has a function inside a function',
  ],
  [
    'a formula that is none',
    'outgoing.yaml',
    '=text(carrier)',
    '=carrier',
    '18 extension[1].valueString: =carrier is no formula; write =function(field, ...)',
  ],
  [
    'a formula without its sign',
    'outgoing.yaml',
    '=text(carrier)',
    'text(carrier)',
    '18 extension[1].valueString: "text(carrier)" is a constant as it is written; a formula begins with =',
  ],
  [
    'a formula behind a text',
    'outgoing.yaml',
    '=text(carrier)',
    'by =text(carrier)',
    '18 extension[1].valueString: "by =text(carrier)" has a text before its formula; a formula stands alone',
  ],
  [
    'the bare name of a field',
    'outgoing.yaml',
    '=text(personMisc1)',
    'personMisc1',
    '18 extension[8].valueString: "personMisc1" is the name of a field; write =text(personMisc1)',
  ],
  [
    'no space behind a colon',
    'reply.yaml',
    'topic:\n  coding:\n    - system: =base(CodeSystem/sms-campaign)\n      code: =text(campaignId)\n  text: =first(',
    'topic:\n  text:=first(',
    '3 topic: takes a CodeableConcept: a map of its elements, or a formula that gives one. A colon wants a space after it',
  ],
  [
    'an extension without a web address',
    'outgoing.yaml',
    'url: =base(StructureDefinition/sms-carrier)',
    'url: carrier',
    '10 extension[1].url: "carrier" is no web address, such as https://fhir.your-hospital.org/StructureDefinition/carrier',
  ],
  [
    'skip beside other cells',
    'codes.yaml',
    '[STAFF, skip]',
    '[STAFF, skip, "-", "-", "-", "-"]',
    '9 who: "skip" stands alone in place of all columns; take the others out',
  ],
  [
    'a comma cut off inside [ ]',
    'outgoing.yaml',
    '  - =party(who.to)',
    '  [{ display: =first(personName, carrier) }]',
    '34 recipient[0].carrier): has no value; write one, or take the line out. A comma inside { } or [ ] ends the formula: put the whole formula in quotes',
  ],
  [
    'a comma cut off in a table row',
    'codes.yaml',
    '=text(messageStatus), open',
    '=first(messageStatus, carrier), open',
    '9 outcome: a row has 6 places (or 2 and then skip or reject), this one 7. A comma inside [ ] ends the formula: put the whole formula in quotes',
  ],
  [
    'a row with too few places',
    'codes.yaml',
    '[CAREGIVER, patient, caregiver, "-", "-", "-"]',
    '[CAREGIVER, patient]',
    '9 who: a row has 6 places (or 1 and then skip or reject), this one 2. They are: recipientType, subject, to, address, caregiverName, caregiverPhone',
  ],
  ['a row that is no list', 'codes.yaml', '- [STAFF, skip]', '- STAFF, skip', '9 who.rows: must be a list: [a, b]'],
  ['a number in a row', 'codes.yaml', '[STAFF, skip]', '[7, skip]', '10 who.rows: write "7" in quotes'],
  [
    'true without quotes in a row',
    'codes.yaml',
    '["true", "*",',
    '[true, "*",',
    '10 outcome.rows: write "true" in quotes',
  ],
  [
    'a table that does not end with "*"',
    'codes.yaml',
    '      - ["*", reject]\n',
    '',
    '9 who: the last row must fit everything: "*" in each of its places',
  ],
  [
    'a table that looks at no field of the source',
    'codes.yaml',
    'when: [recipientType]',
    'when: [recipient]',
    '12 who: "recipient" is no field of the source',
  ],
  [
    'a row below one that fits first',
    'codes.yaml',
    '- [System, organization]',
    '- ["*", user]\n      - [System, organization]',
    '9 sentBy: this row is never used: the one in line',
  ],
  [
    'a formula that is to choose a row',
    'codes.yaml',
    '- [System, organization]',
    '- [=text(carrier), organization]',
    '10 sentBy: a row is chosen by a text, not by a formula',
  ],
  [
    'a party that asks for itself',
    'codes.yaml',
    'reference: =patient(personName)',
    'reference: =party(patient)',
    '16 subject: =party cannot stand here',
  ],
  [
    'a cell that asks a table',
    'codes.yaml',
    '=text(messageStatus), open',
    '=decide(outcome.raw), open',
    '34 statusReason.coding[1].code: =decide cannot stand here',
  ],
  [
    'an exact field that no row looks at',
    'codes.yaml',
    'exact: [delivered]',
    'exact: [carrier]',
    '13 outcome: "carrier" is not under when',
  ],
  [
    'a name that every object of JavaScript has',
    'outgoing.yaml',
    'sender: ',
    'constructor: ',
    '1 constructor: is no element of Communication',
  ],
  [
    'an unknown part of a table',
    'codes.yaml',
    'reject: recipient-type-unknown',
    'rejects: recipient-type-unknown',
    '5 who: "rejects" is no part of a table; did you mean "reject"?',
  ],
  [
    'a rejection of no known code',
    'codes.yaml',
    'reject: recipient-type-unknown',
    'reject: because',
    '13 who.reject: takes one of: mapping-refused, recipient-type-unknown',
  ],
  [
    'a stage that is none',
    'codes.yaml',
    '=text(messageStatus), open',
    '=text(messageStatus), later',
    '56 outcome.stage: must be open or final',
  ],
  [
    'a cell that names no party',
    'codes.yaml',
    '[System, organization]',
    '[System, organisation]',
    '18 sender: "organisation" is no party of codes.yaml; did you mean "organization"?',
  ],
  [
    'a party that is none',
    'reply.yaml',
    '=party(organization)',
    '=party(nobody)',
    '5 recipient[0]: "nobody" is no party of codes.yaml',
  ],
  [
    'a cell that names no coding',
    'codes.yaml',
    'not-done, invalid-phone-number',
    'not-done, invalid-phone',
    '40 statusReason.coding[0]: "invalid-phone" is no coding of codes.yaml; did you mean "invalid-phone-number"?',
  ],
  [
    'a word that relates nothing',
    'codes.yaml',
    '["*", related, "-", "-"]',
    '["*", other, "-", "-"]',
    '15 about[0]: "other" says nothing here; write "related", or "-" for nothing',
  ],
  [
    'a reference where a Coding goes',
    'outgoing.yaml',
    '- =coding(kind.category)',
    '- =party(who.to)',
    '9 category[0].coding[0]: =party gives a Reference; here goes a Coding',
  ],
  [
    'an unknown section of the codes',
    'codes.yaml',
    'codings:',
    'coding:',
    '1 coding: is no section of codes.yaml; did you mean "codings"?',
  ],
  [
    'an unknown part of a party',
    'codes.yaml',
    'contained:',
    'containd:',
    '5 parties.caregiver: "containd" is no part of a party; did you mean "contained"?',
  ],
  ['no table of outcomes', 'codes.yaml', '  outcome:', '  result:', '1 outcome: is missing among the tables'],
  [
    'a boolean where a text goes',
    'outgoing.yaml',
    'text: SMS',
    'text: true',
    '11 medium[0].text: write "true" in quotes: it is a string',
  ],
  [
    'a name that stands twice',
    'reply.yaml',
    'status: completed',
    'status: completed\nstatus: unknown',
    '1 status: stands here twice; keep one',
  ],
  [
    'a name without a value',
    'reply.yaml',
    'status: completed',
    'status:',
    '1 status: has no value; write one, or take the line out',
  ],
  ['YAML that is none', 'reply.yaml', 'status: completed', 'status: "completed', ' site/reply.yaml: is not YAML'],
  [
    'a tab',
    'reply.yaml',
    'topic:\n  coding',
    'topic:\n\tcoding',
    '1 site/reply.yaml: is not YAML: a line is indented by a tab; write spaces',
  ],
  ['a line indented too far', 'reply.yaml', '    text: SMS', '      text: SMS', ' site/reply.yaml: is not YAML: '],
  [
    'a text with a colon',
    'reply.yaml',
    'text: SMS',
    'text: SMS: answer',
    '11 site/reply.yaml: is not YAML: this line or the next is not indented as its neighbours are, or a text with a colon in it wants quotes',
  ],
  [
    'a star without quotes',
    'codes.yaml',
    '["*", reject]',
    '[*, reject]',
    '10 site/codes.yaml: is not YAML: a * without quotes means something else to it; write "*"',
  ],
  [
    'a hyphen without quotes',
    'codes.yaml',
    '["*", related, "-", "-"]',
    '["*", related, -, -]',
    '24 site/codes.yaml: is not YAML: a - without quotes cannot stand inside [ ] or { }; write "-"',
  ],
  [
    'two files in one',
    'reply.yaml',
    'status: completed',
    '---\nstatus: completed',
    '1 site/reply.yaml: is not YAML: a line of --- begins another file; take it out',
  ],
  [
    'an alias',
    'reply.yaml',
    'status: completed',
    'status: &s completed\nlanguage: *s',
    '11 language: is a YAML alias; write the value out',
  ],
];

describe('a mistake in a mapping', () => {
  it.each(cases)('%s is told with file, line, column, element and what to do', (_, file, from, to, said) => {
    edit(file, from, to);
    const [column] = said.split(' ');
    const told = mistakes();
    const wanted = said.slice((column ?? '').length);
    const found = told.filter((line) => line.includes(wanted) && line.startsWith(`site/${file}:`));
    expect(found[0] ?? told.join('\n')).toMatch(new RegExp(`^site/${file}:\\d+:${column === '' ? '\\d+' : column} `));
  });

  it('is told with the line it is in', () => {
    const line = edit('outgoing.yaml', '=text(carrier)', '=txt(carrier)');
    expect(mistakes().map((told) => told.split(' ')[0])).toEqual([`site/outgoing.yaml:${line}:18`]);
  });

  it('comes with all the others, in the order of the files', () => {
    edit('outgoing.yaml', '=text(carrier)', '=txt(carrier)');
    edit('outgoing.yaml', 'sender: ', 'sendr: ');
    edit('reply.yaml', 'status: completed', 'status: complete');
    expect(mistakes().map((told) => told.split(' ')[1])).toEqual(['extension[1].valueString:', 'sendr:', 'status:']);
  });

  it('is told once, though several elements ask for the party it is in', () => {
    edit('codes.yaml', 'reference: =patient(personName)', 'reference: =patient(persnName)');
    expect(mistakes()).toHaveLength(1);
  });

  it('hides no table that could not be read behind a second mistake', () => {
    edit('codes.yaml', '[STAFF, skip]', '[STAFF]');
    expect(mistakes()).toHaveLength(1);
  });

  it('is a file that is not there', () => {
    rmSync(join(copy, 'reply.yaml'));
    expect(mistakes()).toEqual([
      'site/reply.yaml:1:1 reply.yaml: cannot be read (ENOENT); a mapping has outgoing.yaml, reply.yaml and codes.yaml',
    ]);
  });

  it.each([
    ['', 'is empty'],
    ['- a\n', 'is a list'],
  ])('is a file that %j, as it %s', (text) => {
    writeFileSync(join(copy, 'reply.yaml'), text);
    expect(mistakes()).toEqual(['site/reply.yaml:1:1 site/reply.yaml: must be a map of names and values']);
  });

  it('is told once, though the parser finds it at several places of a line', () => {
    edit('codes.yaml', '["*", related, "-", "-"]', '["*", related, -, -]');
    expect(mistakes()).toHaveLength(1);
  });

  it.each(['latin1', 'utf16le'] as const)('is a file that is saved as %s', (encoding) => {
    const path = join(copy, 'reply.yaml');
    writeFileSync(
      path,
      Buffer.from(`\ufeff${readFileSync(path, 'utf8')}# Zürich`.slice(encoding === 'latin1' ? 1 : 0), encoding),
    );
    expect(mistakes()).toEqual(['site/reply.yaml:1:1 reply.yaml: is not UTF-8; save it with that encoding']);
  });

  it('is a region that is no country', () => {
    expect(mistakes({ region: 'Europe' })[0]).toContain('=phone needs mapping.region: two letters of a country');
  });

  it('is a person id in a field that the source does not have', () => {
    const told = mistakes({ patient: { ...settings.patient, from: 'personMisc9' } });
    expect(told[0]).toContain('=patient needs patient.from: "personMisc9" is no field of the source');
  });

  it('is an organization with a system and no value, which would be an identifier without a value', () => {
    const told = mistakes({
      organization: { system: 'https://a.example', value: '', display: 'Example Clinic', reference: '' },
    });
    expect(told[0]).toContain('identifier.value: would always be empty');
  });
});
