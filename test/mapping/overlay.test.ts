import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { layerName } from '../../src/mapping/layers.ts';
import { loadMapping, type LoadedMapping } from '../../src/mapping/load-mapping.ts';
import type { Mapping } from '../../src/mapping/mapping.ts';
import { anyRecord, communicationOf, folder, messagesOf, options, row } from './dialog-health.ts';

let own: string;

beforeEach(() => {
  own = join(mkdtempSync(join(tmpdir(), 'overlay-')), 'site');
  mkdirSync(own);
});

afterEach(() => rmSync(join(own, '..'), { recursive: true }));

const write = (file: string, text: string): void => writeFileSync(join(own, file), text);
const load = (): LoadedMapping => loadMapping({ ...options, layers: [folder, own] });

function mapping(): Mapping {
  const loaded = load();
  if (loaded.kind === 'loaded') return loaded.mapping;
  throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
}

const outgoing = (changed: typeof row = {}) => communicationOf(mapping().map(anyRecord({ ...row, ...changed })));

const mistakes = (): readonly string[] => {
  const loaded = load();
  if (loaded.kind === 'loaded') return [];
  return loaded.problems.map(({ file, line, column, element, message }) => {
    const name = file.startsWith(own) ? file.slice(own.length + 1) : file;
    return `${name}:${line}:${column} ${element}: ${message}`;
  });
};

const urls = (resource: ReturnType<typeof outgoing>): readonly (string | undefined)[] =>
  (resource.extension ?? []).map(({ url }) => url.split('/').at(-1));

describe('a folder of the site lies over the mapping', () => {
  it('replaces one element of a map and leaves its neighbours', () => {
    write('outgoing.yaml', 'topic:\n  text: =text(broadcastName)\n');
    expect(outgoing({ campaignId: 'c-1', campaignName: 'Spring', broadcastName: 'Week 10' }).topic).toEqual({
      coding: [{ system: 'https://fhir.example-health.org/CodeSystem/sms-campaign', code: 'c-1' }],
      text: 'Week 10',
    });
  });

  it('leaves the other direction as it is', () => {
    write('outgoing.yaml', 'topic:\n  text: Anything\n');
    const [, reply] = messagesOf({ incomingMessage: 'Yes' });
    expect(reply && communicationOf(mapping().map(reply)).topic?.text).toBe('API Message');
  });

  it('leaves an element out', () => {
    write('outgoing.yaml', 'medium: =omit()\nmeta: =omit()\n');
    const resource = outgoing();
    expect(resource.medium).toBeUndefined();
    expect(resource.meta).toBeUndefined();
    expect(resource.category).toHaveLength(3);
  });

  it('replaces the extension with the same url, in its place, and adds a new one at the end', () => {
    write(
      'outgoing.yaml',
      [
        'extension:',
        '  - url: =base(StructureDefinition/sms-carrier)',
        '    valueCode: =text(carrier)',
        '  - url: https://site.example/clinic',
        '    valueString: =trim(personMisc1)',
      ].join('\n'),
    );
    const resource = outgoing({ carrier: 'Example Mobile', personMisc1: ' North ' });
    expect(urls(resource)).toEqual([
      'sms-recipient-address',
      'sms-carrier',
      'sms-delivered',
      'sms-person-misc-1',
      'clinic',
    ]);
    expect(resource.extension?.[1]).toMatchObject({ valueCode: 'Example Mobile' });
    expect(resource.extension?.[4]).toMatchObject({ valueString: 'North' });
  });

  it('puts several extensions with one url in the place of the one below', () => {
    const carrier = (value: string): string =>
      `  - url: =base(StructureDefinition/sms-carrier)\n    valueString: ${value}\n`;
    write('outgoing.yaml', `extension:\n${carrier('one')}${carrier('two')}`);
    const carriers = outgoing().extension?.filter(({ url }) => url.endsWith('/sms-carrier'));
    expect(carriers?.map(({ valueString }) => valueString)).toEqual(['one', 'two']);
  });

  it('leaves an extension out as a whole', () => {
    write(
      'outgoing.yaml',
      'extension:\n  - url: =base(StructureDefinition/sms-person-misc-1)\n    valueString: =omit()\n',
    );
    expect(urls(outgoing({ personMisc1: 'North', personMisc2: 'South' }))).toEqual([
      'sms-recipient-address',
      'sms-delivered',
      'sms-person-misc-2',
    ]);
  });

  it('leaves all extensions out', () => {
    write('outgoing.yaml', 'extension: =omit()\n');
    expect(outgoing({ carrier: 'Example Mobile' }).extension).toBeUndefined();
  });

  it('adds an identifier beside the one that makes writing safe', () => {
    write('outgoing.yaml', 'identifier:\n  - system: https://site.example/broadcast\n    value: =text(broadcastId)\n');
    expect(outgoing({ broadcastId: 'b-1' }).identifier).toEqual([
      expect.objectContaining({ system: 'https://fhir.example-health.org/sid/sms-outgoing-message-id' }),
      { system: 'https://site.example/broadcast', value: 'b-1' },
    ]);
  });

  it('replaces any other list whole', () => {
    write('outgoing.yaml', 'category:\n  - text: SMS\n');
    expect(outgoing().category).toEqual([{ text: 'SMS' }]);
  });

  it('puts the rows of a table above those that are there', () => {
    write('codes.yaml', 'tables:\n  outcome:\n    rows:\n      - ["*", QUEUED, in-progress, "-", "-", open, "-"]\n');
    expect(outgoing({ delivered: 'false', messageStatus: 'queued' }).status).toBe('in-progress');
    expect(outgoing({ delivered: 'false', messageStatus: 'INVALID_PHONE' }).status).toBe('not-done');
    expect(mapping().stageOf({ ...row, delivered: 'false', messageStatus: 'QUEUED' })).toEqual({
      rank: 1,
      final: false,
    });
  });

  it('overrules a row that is there', () => {
    write('codes.yaml', 'tables:\n  who:\n    rows:\n      - [STAFF, reject]\n');
    expect(mapping().map(anyRecord({ ...row, recipientType: 'STAFF' }))).toEqual({
      kind: 'rejected',
      problem: { code: 'recipient-type-unknown', where: 'recipientType' },
    });
  });

  it('replaces a table that it gives whole, a coding and a party', () => {
    write(
      'codes.yaml',
      [
        'tables:',
        '  kind:',
        '    when: [campaignName]',
        '    then: [category]',
        '    rows:',
        '      - ["*", notification]',
        'codings:',
        '  notification: {system: https://site.example/kinds, code: sms}',
        'parties:',
        '  organization: {reference: {display: Our Clinic}}',
      ].join('\n'),
    );
    const resource = outgoing();
    expect(resource.category?.[0]).toEqual({ coding: [{ system: 'https://site.example/kinds', code: 'sms' }] });
    expect(resource.sender).toEqual({ display: 'Our Clinic' });
  });

  it('may add a table, and an element that asks it', () => {
    write('outgoing.yaml', 'priority: =decide(urgency.priority)\n');
    write(
      'codes.yaml',
      'tables:\n  urgency:\n    when: [campaignName]\n    then: [priority]\n    rows:\n      - [Recall, urgent]\n      - ["*", "-"]\n',
    );
    expect(outgoing({ campaignName: 'Recall' }).priority).toBe('urgent');
    expect(outgoing()).not.toHaveProperty('priority');
  });
});

describe('a mistake in a folder of the site is told with its place', () => {
  it('in an element of its own', () => {
    write('outgoing.yaml', 'topic:\n  text: =text(campaignNam)\n');
    expect(mistakes()).toEqual([
      'outgoing.yaml:2:9 topic.text: "campaignNam" is no field of the source; did you mean "campaignName"?',
    ]);
  });

  it('where it leaves out what is not there', () => {
    write('outgoing.yaml', 'priority: =omit()\n');
    expect(mistakes()).toEqual([
      'outgoing.yaml:1:11 priority: =omit() leaves out an element of the mapping below, and there is none here; take the line out',
    ]);
  });

  it('where it leaves out a list that is not there', () => {
    write('outgoing.yaml', 'note: =omit()\n');
    expect(mistakes()).toEqual([
      'outgoing.yaml:1:7 note: =omit() leaves out an element of the mapping below, and there is none here; take the line out',
    ]);
  });

  it('where it leaves out the value of an extension and gives another', () => {
    write(
      'outgoing.yaml',
      'extension:\n  - url: =base(StructureDefinition/sms-carrier)\n    valueString: =omit()\n    valueCode: =text(carrier)\n',
    );
    expect(mistakes()).toContainEqual(
      expect.stringMatching(
        /^outgoing\.yaml:3:18 extension\[1\]\.valueString: =omit\(\) leaves out .*; take the line out$/,
      ),
    );
  });

  it('where it adds rows to a table that is not there', () => {
    write('codes.yaml', 'tables:\n  outcom:\n    rows:\n      - ["*", QUEUED, in-progress, "-", "-", open, "-"]\n');
    expect(mistakes()).toEqual(['codes.yaml:3:5 outcom: needs lists when, then and rows; did you mean "outcome"?']);
  });

  it('where it leaves out what must be there', () => {
    write('outgoing.yaml', 'identifier: =omit()\n');
    expect(mistakes()).toEqual(['dialog-health/outgoing.yaml:4:1 Communication: needs the element "identifier"']);
  });

  it('where messages would be written twice, or over each other', () => {
    const wrong = 'must stay as it is, or messages would be written twice, or over each other';
    write(
      'outgoing.yaml',
      'id: abc\nidentifier:\n  - system: =base(sid/sms-outgoing-message-id)\n    value: =text(personId)\n',
    );
    write('reply.yaml', 'identifier:\n  - system: =base(sid/sms-reply-key)\n    value: =text(personId)\n');
    expect(mistakes()).toEqual([
      `outgoing.yaml:1:5 id: ${wrong}; take the line out`,
      `outgoing.yaml:3:5 identifier: ${wrong}; give yours a system of its own`,
      `reply.yaml:2:5 identifier: ${wrong}; give yours a system of its own`,
    ]);
  });

  it('but not where id and identifier are what they were', () => {
    write(
      'outgoing.yaml',
      'id: =key()\nidentifier:\n  - use: official\n    system: =base(sid/sms-outgoing-message-id)\n    value: =lower(outgoingMessageId)\n',
    );
    expect(outgoing().identifier).toEqual([
      expect.objectContaining({ use: 'official', value: row['outgoingMessageId'] }),
    ]);
  });

  it('in a row that does not fit the table below', () => {
    write('codes.yaml', 'tables:\n  outcome:\n    rows:\n      - ["*", QUEUED, in-progress]\n');
    expect(mistakes()[0]).toMatch(/^codes\.yaml:4:9 outcome: a row has 7 places/);
  });

  it('in a row that its own rows above make useless', () => {
    write('codes.yaml', 'tables:\n  who:\n    rows:\n      - ["*", skip]\n      - [STAFF, skip]\n');
    expect(mistakes()).toEqual(['codes.yaml:5:9 who: this row is never used: the one in line 4 fits first']);
  });

  it('in the name of a file', () => {
    write('outgoin.yaml', 'topic: {}\n');
    expect(mistakes()[0]).toBe('outgoin.yaml:1:1 outgoin.yaml: is no file of a mapping; did you mean "outgoing.yaml"?');
  });

  it('in a name that Windows made longer, and in that of the folder of examples', () => {
    write('outgoing.yaml.txt', 'topic: {}\n');
    mkdirSync(join(own, 'example'));
    const told = mistakes();
    expect(told).toContainEqual(expect.stringContaining('example: is no part of a mapping; did you mean "examples"?'));
    expect(told).toContainEqual(
      'outgoing.yaml.txt:1:1 outgoing.yaml.txt: is no file of a mapping; did you mean "outgoing.yaml"?',
    );
  });

  it('in a folder without a file, and in one that is not there', () => {
    expect(mistakes()[0]).toMatch(/folder: holds none of outgoing\.yaml, reply\.yaml, codes\.yaml/);
    own = join(own, 'nowhere');
    expect(mistakes()[0]).toContain(
      `folder: cannot be read (ENOENT): ${own}; mapping.folder is a path that begins with "./", from where the service is started, or with "/"`,
    );
  });

  it('in what is counted', () => {
    write('codes.yaml', 'tables:\n  outcome:\n    rows:\n      - ["*", X, unknown, "-", "-", open, Count Me]\n');
    expect(mistakes()).toEqual([
      'codes.yaml:4:43 outcome.count: takes a word in small letters with hyphens, or "-" for nothing',
    ]);
  });
});

describe('a layer is called', () => {
  it('by its place beside the mapping that comes with the program', () => {
    expect(layerName(folder, folder)).toBe('dialog-health');
    expect(layerName(folder, join(folder, 'dialects', 'epic'))).toBe('dialog-health/dialects/epic');
  });

  it('by its path from here, or else by its path', () => {
    expect(layerName(folder, resolve('our-mapping'))).toBe('our-mapping');
    expect(layerName(folder, resolve('..our-mapping'))).toBe('..our-mapping');
    expect(layerName(folder, '/etc/our-mapping')).toBe('/etc/our-mapping');
    expect(layerName(folder, resolve('.'))).toBe(resolve('.'));
  });

  it('otherwise than the mapping below, whose rows it may put out of use', () => {
    expect(layerName(folder, resolve('dialog-health'))).toBe('./dialog-health');
  });
});
