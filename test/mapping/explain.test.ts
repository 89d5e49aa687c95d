import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, constantFrom, oneof, option, property, record, string } from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ExplainedElement, Explanation } from '../../src/exchange/explanation.ts';
import type { SourceRecord } from '../../src/exchange/record.ts';
import { readExampleSettings } from '../../src/mapping/example-settings.ts';
import { exampleNames } from '../../src/mapping/examples.ts';
import type { Layers } from '../../src/mapping/layers.ts';
import { loadMapping } from '../../src/mapping/load-mapping.ts';
import type { Mapping } from '../../src/mapping/mapping.ts';
import type { MappingSettings } from '../../src/mapping/settings.ts';
import { anyRecord, communicationOf, fields, folder, loaded, messagesOf, options, row } from './dialog-health.ts';
import { misplaced, rebuilt } from './explained.ts';

const mapping = loaded();

function layered(layers: Layers, settings: MappingSettings): Mapping {
  const result = loadMapping({ ...options, layers, settings });
  if (result.kind === 'loaded') return result.mapping;
  throw new Error(result.problems.map(({ file, line, message }) => `${file}:${line} ${message}`).join('\n'));
}

/** What is wrong with an explanation, beside what the mapping gives. */
function faultsOf(mapping: Mapping, message: SourceRecord): readonly string[] {
  const mapped = mapping.map(message);
  const explanation = mapping.explain(message);
  const { elements, outcome, code, tables, unused } = explanation;
  expect(outcome).toBe(mapped.kind);
  expect(code).toBe(mapped.kind === 'communication' ? null : mapped.problem.code);
  if (mapped.kind === 'communication') expect(rebuilt(elements)).toEqual(mapped.resource);
  else expect(elements).toEqual([]);
  const paths = elements.map(({ element }) => element);
  const used = [...elements, ...tables].flatMap((each) => each.fields);
  const wrong = {
    'told twice': paths.filter((path, index) => paths.indexOf(path) !== index),
    'without a place': elements.filter(({ from, element }) => from === null && !element.startsWith('text.')),
    'no field of the row': used.filter((field) => !fields.includes(field)),
    'used and unused': unused.filter((field) => used.includes(field)),
    'blank and unused': unused.filter((field) => (message.body[field] ?? '').trim() === ''),
    misplaced: misplaced(explanation),
  };
  return Object.entries(wrong).flatMap(([what, list]) => (list.length === 0 ? [] : [`${what}: ${list.length}`]));
}

const dialects = readdirSync(join(folder, 'dialects'));
const sets: readonly (readonly [string, Layers])[] = [
  ['the mapping', [folder]],
  ...dialects.map((name) => [name, [folder, join(folder, 'dialects', name)]] as const),
];

describe.each(sets)('each example of %s', (_name, layers) => {
  const path = (...names: readonly string[]): string => join(layers.at(-1) ?? folder, 'examples', ...names);

  it.each(exampleNames(layers))('%s has every value explained once, at the place where it is written', (name) => {
    const settingsFile = path(name, 'settings.json');
    const read = readExampleSettings(
      existsSync(settingsFile) ? JSON.parse(readFileSync(settingsFile, 'utf8')) : undefined,
    );
    if (read.kind === 'mistake') throw new Error(read.mistake);
    const mapping = layered(layers, read.settings);
    const messages = messagesOf(JSON.parse(readFileSync(path(name, 'row.json'), 'utf8')), mapping);
    expect(messages.flatMap((message) => faultsOf(mapping, message))).toEqual([]);
  });
});

function explained(changed: typeof row = {}, used = mapping, index = 0): Explanation {
  const message = messagesOf(changed, used)[index];
  if (message === undefined) throw new Error('no such message');
  return used.explain(message);
}

/** The element, without its places. */
function madeOf(explanation: Explanation, element: string) {
  const found = explanation.elements.find((each) => each.element === element);
  if (found === undefined) throw new Error(`no ${element}`);
  const { formula, table, named, fields, settings } = found;
  return {
    formula,
    cell: table === null ? null : `${table.name}.${table.column} row ${table.row}`,
    named: named === null ? null : named.formula,
    fields,
    settings,
  };
}

const fromNothing = { formula: null, cell: null, named: null, fields: [], settings: [] };
const asSet = (changed: Partial<MappingSettings>): Mapping => loaded(changed);

describe('a value is explained by', () => {
  it('a constant', () => {
    expect(madeOf(explained(), 'medium[0].text')).toEqual(fromNothing);
  });

  it('a field', () => {
    const { elements } = explained({ carrier: 'Example Wireless' });
    expect(elements.find(({ value }) => value === 'Example Wireless')).toMatchObject({
      element: 'extension[1].valueString',
      from: { file: 'dialog-health/outgoing.yaml' },
      formula: '=text(carrier)',
      fields: ['carrier'],
    });
  });

  it('the one of several fields that had text', () => {
    expect(madeOf(explained({ broadcastName: 'Spring' }), 'topic.text')).toEqual({
      ...fromNothing,
      formula: '=first(campaignName, broadcastName, messageType)',
      fields: ['broadcastName'],
    });
  });

  it('two fields', () => {
    const sent = madeOf(explained(), 'sent');
    expect(sent.fields).toEqual(['outgoingMessageSentDate', 'outgoingMessageSentTime']);
  });

  it('the key', () => {
    expect(madeOf(explained(), 'id')).toEqual({ ...fromNothing, formula: '=key()' });
  });

  it('a setting', () => {
    expect(madeOf(explained(), 'identifier[0].system')).toEqual({
      ...fromNothing,
      formula: '=base(sid/sms-outgoing-message-id)',
      settings: ['mapping.canonicalBase'],
    });
    expect(madeOf(explained(), 'meta.source')).toEqual({
      ...fromNothing,
      formula: '=setting(source)',
      settings: ['mapping.canonicalBase'],
    });
  });

  it('a constant in a cell', () => {
    expect(madeOf(explained(), 'status')).toEqual({
      ...fromNothing,
      formula: '=decide(outcome.status)',
      cell: 'outcome.status row 3',
      fields: ['delivered', 'messageStatus'],
    });
  });

  it('a formula in a cell, with the fields of both', () => {
    expect(madeOf(explained({ delivered: 'false', messageStatus: 'QUEUED' }), 'statusReason.text')).toEqual({
      formula: '=decide(outcome.raw)',
      cell: 'outcome.raw row 7',
      named: '=text(messageStatus)',
      fields: ['delivered', 'messageStatus'],
      settings: [],
    });
    expect(madeOf(explained(), 'extension[0].valueContactPoint.value')).toEqual({
      formula: '=decide(who.address)',
      cell: 'who.address row 1',
      named: '=phone(mobileNumber)',
      fields: ['recipientType', 'mobileNumber'],
      settings: ['mapping.region'],
    });
  });

  it('a coding that a cell names', () => {
    const { elements } = explained();
    const code = elements.find(({ element }) => element === 'category[0].coding[0].code');
    expect(code).toMatchObject({ value: 'notification', formula: '=coding(kind.category)', fields: ['messageType'] });
    expect(code?.named).toMatchObject({ formula: null, file: 'dialog-health/codes.yaml' });
  });

  it('a party that a cell names, down to what it contains', () => {
    const explanation = explained({ recipientType: 'CAREGIVER', caregiverName: 'Testperson Birch' });
    expect(madeOf(explanation, 'contained[0].name[0].text')).toEqual({
      formula: '=contained(who.to)',
      cell: 'who.to row 2',
      named: '=trim(caregiverName)',
      fields: ['recipientType', 'caregiverName'],
      settings: [],
    });
  });

  it('a party that stands without a table', () => {
    expect(madeOf(explained({ incomingMessage: 'YES' }, mapping, 1), 'recipient[0].display')).toEqual({
      formula: '=party(organization)',
      cell: null,
      named: '=setting(organization.display)',
      fields: [],
      settings: ['mapping.organization.display'],
    });
  });

  it('the person id, which the settings name', () => {
    const misc = asSet({ patient: { reference: 'literal', from: 'personMisc3', system: 'urn:example' } });
    expect(madeOf(explained({ personMisc3: 'tp-3' }, misc), 'subject.reference')).toEqual({
      formula: '=party(who.subject)',
      cell: 'who.subject row 1',
      named: '=patient(personName)',
      fields: ['recipientType', 'personMisc3', 'personName'],
      settings: ['patient.reference', 'patient.from', 'patient.system'],
    });
  });

  it('the other message of the row', () => {
    const explanation = explained({ incomingMessage: 'YES' }, mapping, 1);
    expect(madeOf(explanation, 'about[0].identifier.value')).toEqual({
      formula: '=related(thread.beside)',
      cell: 'thread.beside row 1',
      named: null,
      fields: ['outgoingMessageId'],
      settings: ['mapping.canonicalBase'],
    });
  });

  it('the codings, the profile and the narrative that settings ask for', () => {
    const all = explained({}, asSet({ labels: ['normal', 'test-data'], profile: true, narrative: true }));
    expect(madeOf(all, 'meta.security[1].code')).toMatchObject({ formula: '=labels()', settings: ['mapping.labels'] });
    expect(madeOf(all, 'meta.profile[0]').settings).toEqual(['mapping.canonicalBase', 'mapping.profile']);
    expect(madeOf(all, 'text.status')).toEqual({ ...fromNothing, settings: ['mapping.narrative'] });
    expect(all.elements.find(({ element }) => element === 'text.status')?.from).toBeNull();
  });

  it('the line of the site’s own folder, where that lies over the mapping', () => {
    const own = join(mkdtempSync(join(tmpdir(), 'explain-')), 'site');
    onTestFinished(() => rmSync(join(own, '..'), { recursive: true }));
    mkdirSync(own);
    writeFileSync(join(own, 'outgoing.yaml'), 'topic:\n  text: =text(personMisc1)\n');
    writeFileSync(join(own, 'codes.yaml'), 'tables:\n  sentBy:\n    rows:\n      - [Robot, organization]\n');
    const site = layered([folder, own], options.settings);
    const { elements, tables } = explained({ personMisc1: 'Ward 3', messageSentBy: 'ROBOT' }, site);
    const topic = elements.find(({ element }) => element === 'topic.text');
    expect(topic?.from).toEqual({ file: join(own, 'outgoing.yaml'), line: 2 });
    expect(tables.find(({ name }) => name === 'sentBy')).toMatchObject({
      row: 1,
      file: join(own, 'codes.yaml'),
      line: 4,
    });
  });
});

const tableOf = ({ tables }: Explanation, wanted: string) => tables.find(({ name }) => name === wanted);

describe('the tables of an explanation', () => {
  it('are all that the mapping asks, with the fields that each row depends on', () => {
    const { tables } = explained();
    expect(tables.map(({ name, row, fields, says }) => [name, row, fields.join(), says])).toEqual([
      ['who', 1, 'recipientType', 'cells'],
      ['thread', 1, '', 'cells'],
      ['outcome', 3, 'delivered,messageStatus', 'cells'],
      ['kind', 1, 'messageType', 'cells'],
      ['sentBy', 1, 'messageSentBy', 'cells'],
    ]);
  });

  it('tell the row that keeps a message out of the chart', () => {
    const staff = explained({ recipientType: 'STAFF' });
    expect(staff).toMatchObject({ outcome: 'skipped', code: 'not-for-a-chart', elements: [] });
    expect(tableOf(staff, 'who')).toMatchObject({ row: 3, says: 'skip', fields: ['recipientType'] });
    expect(misplaced(staff)).toEqual([]);
  });

  it('tell the row that rejects it', () => {
    const unknown = explained({ recipientType: 'NEIGHBOUR' });
    expect(unknown).toMatchObject({ outcome: 'rejected', code: 'recipient-type-unknown', elements: [] });
    expect(unknown.problem).toContain('recipientType');
    expect(tableOf(unknown, 'who')).toMatchObject({ row: 4, says: 'reject' });
  });
});

describe('the unused fields of an explanation', () => {
  it('are those with text that made nothing and decided nothing', () => {
    const caregiver = explained({ recipientType: 'CAREGIVER', caregiverName: 'Testperson Birch', carrier: ' ' });
    expect(caregiver.unused).toEqual(['mobileNumber']);
  });

  it('are not those that a table looked at, though no element holds them', () => {
    const { unused, elements } = explained({ messageSentBy: 'System' });
    expect(elements.map(({ value }) => value)).not.toContain('System');
    expect(unused).toEqual([]);
  });

  it('are what only the outgoing message carries, in a reply', () => {
    const { unused } = explained({ incomingMessage: 'YES', messageStatus: 'SENT' }, mapping, 1);
    expect(unused).toEqual(expect.arrayContaining(['outgoingMessageSentDate', 'messageStatus', 'delivered']));
    expect(unused).not.toContain('outgoingMessageId');
  });

  it('are not the field for which a message was rejected', () => {
    const malformed = mapping.explain(anyRecord({ ...row, outgoingMessageSentDate: '13/40/2024' }));
    expect(malformed).toMatchObject({ outcome: 'rejected', code: 'resource-invalid' });
    expect(malformed.unused).toContain('outgoingMessage');
    expect(malformed.unused).not.toContain('outgoingMessageSentDate');
  });
});

const text = oneof(
  { arbitrary: constantFrom('PATIENT', 'CAREGIVER', 'true', 'System', 'tp-1', '2025550141'), weight: 3 },
  { arbitrary: string({ unit: 'binary' }), weight: 1 },
);
const likely = { recipientType: constantFrom('PATIENT', 'CAREGIVER'), personId: constantFrom('tp-1') };
const anyBody = record({
  ...Object.fromEntries(fields.map((field) => [field, option(text)])),
  outgoingMessageSentDate: constantFrom('03/07/2024', null, 'no date'),
  outgoingMessageSentTime: constantFrom('09:30', null),
  ...likely,
});

describe('any record of texts and nulls', () => {
  it('is explained by exactly the values of the Communication that it becomes', () => {
    const mappings = [mapping, asSet({ labels: ['normal'], profile: true, narrative: true, region: '' })];
    let communications = 0;
    assert(
      property(anyBody, constantFrom('outgoing', 'incoming'), constantFrom(...mappings), (body, direction, mapping) => {
        const message = anyRecord(body, direction);
        expect(faultsOf(mapping, message)).toEqual([]);
        if (mapping.map(message).kind === 'communication') communications += 1;
      }),
      { numRuns: 200 },
    );
    expect(communications).toBeGreaterThan(50);
  });

  it('becomes the same, explained or not', () => {
    const message = anyRecord(row);
    const before = JSON.stringify(mapping.map(message));
    mapping.explain(message);
    expect(JSON.stringify(mapping.map(message))).toBe(before);
    expect(communicationOf(mapping.map(message)).id).toBe(message.key);
  });
});

describe('the check of explanations', () => {
  const { elements, ...rest } = explained();
  const change = (changed: (element: ExplainedElement) => Partial<ExplainedElement>): Explanation => ({
    ...rest,
    elements: elements.map((element) => ({ ...element, ...changed(element) })),
  });

  it('finds a place that is off by a line', () => {
    const moved = change(({ from }) => ({ from: from && { ...from, line: from.line + 1 } }));
    expect(misplaced(moved).length).toBeGreaterThan(10);
  });

  it('finds a formula that another element has', () => {
    expect(misplaced(change(() => ({ formula: '=text(personMisc5)' })))).toHaveLength(elements.length);
  });
});
