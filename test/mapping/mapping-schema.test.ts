import { globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { functionNames } from '../../src/mapping/formula-binding.ts';
import { schemaFile, schemaText } from '../../tools/mapping-schema.ts';
import { fields } from './dialog-health.ts';

const mappings = fileURLToPath(new URL('../../mappings', import.meta.url));
const written = readFileSync(schemaFile, 'utf8');
const schema: object = JSON.parse(written);

// These speak to editors only.
const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
for (const word of ['patternErrorMessage', 'errorMessage', 'defaultSnippets']) ajv.addKeyword(word);
const validate = ajv.compile(schema);

/** Where the schema refuses a file: paths such as `/extension/1/valueString`. */
function refused(yaml: string): readonly string[] {
  validate(parse(yaml));
  return (validate.errors ?? []).map(({ instancePath }) => instancePath);
}

const files = globSync('**/*.yaml', { cwd: mappings });

describe('the schema of mapping files', () => {
  it('is what the script makes of the lists that a mapping is checked with (npm run schema)', async () => {
    expect(written).toBe(await schemaText());
  });

  it('knows each function and each field of the source', () => {
    for (const name of functionNames) expect(written).toContain(`"label": "=${name}(`);
    for (const field of fields) expect(written).toContain(field);
  });

  it('is asked for files of every kind', () => {
    expect(files.length).toBeGreaterThanOrEqual(10);
    expect(new Set(files.map((file) => file.split('/').at(-1)))).toEqual(
      new Set(['outgoing.yaml', 'reply.yaml', 'codes.yaml', 'needs.yaml']),
    );
  });

  it.each(files)('takes %s, which names it for editors', (file) => {
    const text = readFileSync(join(mappings, file), 'utf8');
    const [, named = ''] = /^# yaml-language-server: \$schema=(\S+)$/m.exec(text) ?? [];
    expect(resolve(mappings, dirname(file), named)).toBe(schemaFile);
    expect(refused(text)).toEqual([]);
  });

  it('takes an overlay that leaves elements out and holds nothing else', () => {
    expect(refused('extension:\n  - url: =base(StructureDefinition/sms-carrier)\n    valueString: =omit()\n')).toEqual(
      [],
    );
    expect(refused('about: =omit()\ntopic:\n  coding: =omit()\n')).toEqual([]);
    expect(refused('tables:\n  kind:\n    rows:\n      - [One-time code, skip]\n')).toEqual([]);
  });
});

/** What is written in place of what stands in a file that comes with the program, and where the schema refuses it. */
type Mistake = readonly [title: string, file: string, from: string, to: string, refused: string];

const mistakes: readonly Mistake[] = [
  ['an unknown element', 'outgoing.yaml', 'sender: ', 'sendr: ', ''],
  ['an unknown element deep inside', 'outgoing.yaml', 'display: SMS', 'label: SMS', '/medium/0/coding/0'],
  ['an unknown function', 'outgoing.yaml', '=text(carrier)', '=txt(carrier)', '/extension/1/valueString'],
  ['an unknown field', 'outgoing.yaml', '=text(carrier)', '=text(carier)', '/extension/1/valueString'],
  ['a field in another case', 'outgoing.yaml', '=text(carrier)', '=text(Carrier)', '/extension/1/valueString'],
  ['an unknown setting', 'outgoing.yaml', '=setting(source)', '=setting(sorce)', '/meta/source'],
  ['a formula that is none', 'outgoing.yaml', '=text(carrier)', '=carrier', '/extension/1/valueString'],
  [
    'a function inside a function',
    'outgoing.yaml',
    '=text(carrier)',
    '=trim(text(carrier))',
    '/extension/1/valueString',
  ],
  ['too few fields', 'outgoing.yaml', 'Date, outgoingMessageSentTime', 'Date', '/sent'],
  ['too many fields', 'outgoing.yaml', '=text(carrier)', '=text(carrier, personId)', '/extension/1/valueString'],
  ['a table without a column', 'outgoing.yaml', '=decide(outcome.status)', '=decide(outcome)', '/status'],
  [
    'a function that gives another type',
    'outgoing.yaml',
    '=boolean(delivered)',
    '=text(delivered)',
    '/extension/5/valueBoolean',
  ],
  [
    'any text where only certain codes go',
    'outgoing.yaml',
    '=decide(outcome.status)',
    '=text(messageStatus)',
    '/status',
  ],
  ['a constant outside the required codes', 'reply.yaml', 'status: completed', 'status: complete', '/status'],
  [
    'a time without seconds',
    'outgoing.yaml',
    '=instant(outgoingMessageSentDate, outgoingMessageSentTime)',
    '2024-03-05T10:00Z',
    '/sent',
  ],
  ['a list where one value goes', 'outgoing.yaml', 'subject: =', 'subject:\n  - =', '/subject'],
  ['one value where a list goes', 'outgoing.yaml', 'about:\n  - ', 'about: ', '/about'],
  ['an empty list', 'reply.yaml', 'contained:\n  - =contained(who.to)', 'contained: []', '/contained'],
  ['a text where a map goes', 'outgoing.yaml', 'sender: =party(sentBy.from)', 'sender: someone', '/sender'],
  ['true where a text goes', 'outgoing.yaml', 'text: SMS', 'text: true', '/medium/0/text'],
  [
    'an extension with two values',
    'outgoing.yaml',
    'valueString: =text(carrier)',
    'valueString: =text(carrier)\n    valueCode: a',
    '/extension/1',
  ],
  [
    'an extension with a value and extensions',
    'outgoing.yaml',
    'valueString: =text(carrier)',
    'valueString: =text(carrier)\n    extension:\n      - {url: a, valueCode: a}',
    '/extension/1',
  ],
  ['an extension without a value', 'outgoing.yaml', '    valueString: =text(carrier)\n', '', '/extension/1'],
  [
    'an extension without its url',
    'outgoing.yaml',
    '- url: =base(StructureDefinition/sms-carrier)\n    valueString',
    '- valueString',
    '/extension/1',
  ],
  [
    'a note with two authors',
    'outgoing.yaml',
    'payload:',
    'note:\n  - text: a\n    authorString: b\n    authorReference: =party(patient)\npayload:',
    '/note/0',
  ],
  [
    'a payload with two contents',
    'outgoing.yaml',
    '- contentString: =text(outgoingMessage)',
    '- contentString: =text(outgoingMessage)\n    contentAttachment: {title: a}',
    '/payload/0',
  ],
  ['an element without a value', 'outgoing.yaml', 'sender: =party(sentBy.from)', 'sender:', '/sender'],
  ['an unknown section of the codes', 'codes.yaml', 'codings:', 'coding:', ''],
  ['an unknown part of a table', 'codes.yaml', 'reject: recipient', 'rejects: recipient', '/tables/who'],
  ['an unknown part of a party', 'codes.yaml', 'contained:', 'containd:', '/parties/caregiver'],
  [
    'a rejection of no known code',
    'codes.yaml',
    'reject: recipient-type-unknown',
    'reject: because',
    '/tables/who/reject',
  ],
  ['a table that looks at no field', 'codes.yaml', 'when: [recipientType]', 'when: [recipient]', '/tables/who/when/0'],
  [
    'a table without rows',
    'codes.yaml',
    'rows:\n      - [System, organization]\n      - ["*", user]\n',
    'exact: [messageSentBy]\n',
    '/tables/sentBy',
  ],
  ['a cell with an unknown field', 'codes.yaml', '=phone(mobileNumber)', '=phone(mobilNumber)', '/tables/who/rows/0/3'],
  ['a cell that asks a table', 'codes.yaml', '=phone(mobileNumber)', '=decide(outcome.raw)', '/tables/who/rows/0/3'],
  ['a cell without quotes that is no text', 'codes.yaml', '["true", "*"', '[true, "*"', '/tables/outcome/rows/2/0'],
  [
    'a coding without code and display',
    'codes.yaml',
    '    code: notification\n    display: Notification\n',
    '',
    '/codings/notification',
  ],
  [
    'a need of an unknown setting',
    'dialects/epic/needs.yaml',
    'setting: patient.reference',
    'setting: patient.referense',
    '/needs/0/setting',
  ],
];

describe('an editor underlines', () => {
  it.each(mistakes)('%s', (_, file, from, to, where) => {
    const text = readFileSync(join(mappings, 'dialog-health', file), 'utf8');
    expect(text).toContain(from);
    expect(refused(text)).toEqual([]);
    expect(refused(text.replace(from, to))).toContain(where);
  });
});
