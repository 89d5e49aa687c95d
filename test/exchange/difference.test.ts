import type { Communication } from 'fhir/r4.js';
import { describe, expect, it } from 'vitest';
import { contentDifferences, differencesBetween } from '../../src/exchange/difference.ts';

const base = 'https://fhir.example-health.org/StructureDefinition';
const extension = (name: string, valueString: string) => ({ url: `${base}/${name}`, valueString });

const resource: Communication = {
  resourceType: 'Communication',
  id: '3b1f2c6e-0000-5000-8000-000000000000',
  extension: [extension('sms-carrier', 'A carrier'), extension('sms-message-status', 'SENT')],
  identifier: [{ system: 'https://fhir.example-health.org/sid/sms-outgoing-message-id', value: 'invented-1' }],
  status: 'unknown',
  sent: '2026-03-05T14:00:00Z',
  payload: [{ contentString: 'A sample message' }],
};
const held = { ...resource, id: 'server-1', meta: { versionId: '3', lastUpdated: '2026-03-05T14:00:00Z' } };

const elements = (theirs: Readonly<Record<string, unknown>>, ours = resource): readonly string[] =>
  contentDifferences(ours, theirs).map(({ element }) => element);

describe('what the EHR holds differs from what we would write', () => {
  it('in nothing that a server adds by itself', () => {
    expect(elements(held)).toEqual([]);
    expect(elements({ ...held, text: { status: 'generated', div: '<div/>' } })).toEqual([]);
    expect(elements(held, { ...resource, meta: { source: 'urn:x' } })).toEqual([]);
  });

  it('in no order of names', () => {
    expect(elements(Object.fromEntries(Object.entries(held).toReversed()))).toEqual([]);
  });

  it('in each element that is another one, one too many, or missing', () => {
    expect(elements({ ...held, status: 'completed' })).toEqual(['status']);
    expect(elements({ ...held, statusReason: { text: 'x' } })).toEqual(['statusReason']);
    expect(elements({ ...held, payload: [...(resource.payload ?? []), { contentString: 'x' }] })).toEqual([
      'payload[1]',
    ]);
    const { sent: _, ...less } = held;
    expect(elements(less)).toEqual(['sent']);
    expect(elements(held, { ...resource, text: { status: 'generated', div: '<div/>' } })).toEqual(['text']);
  });

  it('in no reference that the EHR gave what we name by identifier', () => {
    const identifier = { system: 'urn:oid:2.16.840.1.113883.3.42', value: 'p-1' };
    const ours: Communication = { ...resource, subject: { type: 'Patient', identifier } };
    const found = { reference: 'Patient/1', type: 'Patient', identifier };
    expect(elements({ ...held, subject: found }, ours)).toEqual([]);
    expect(elements({ ...held, subject: { ...found, identifier: { ...identifier, value: 'p-2' } } }, ours)).toEqual([
      'subject.identifier.value',
      'subject.reference',
    ]);
    const literal: Communication = { ...ours, subject: { reference: 'Patient/2', type: 'Patient', identifier } };
    expect(elements({ ...held, subject: found }, literal)).toEqual(['subject.reference']);
    expect(elements({ ...held, subject: { type: 'Patient', identifier } }, literal)).toEqual(['subject.reference']);
  });

  it('with both values', () => {
    expect(contentDifferences(resource, { ...held, status: 'completed', priority: 'routine' })).toEqual([
      { element: 'status', ours: 'unknown', theirs: 'completed' },
      { element: 'priority', ours: undefined, theirs: 'routine' },
    ]);
  });

  it('in the extension that changed and not in those behind it', () => {
    const [carrier, status] = resource.extension ?? [];
    expect(elements({ ...held, extension: [carrier, extension('sms-message-status', 'DELIVERED')] })).toEqual([
      'extension(sms-message-status).valueString',
    ]);
    expect(elements({ ...held, extension: [status] })).toEqual(['extension(sms-carrier)']);
    expect(elements({ ...held, extension: [extension('sms-broadcast', 'x'), carrier, status] })).toEqual([
      'extension(sms-broadcast)',
    ]);
  });

  it('in the order of extensions, and where one comes twice', () => {
    const [carrier, status] = resource.extension ?? [];
    expect(elements({ ...held, extension: [status, carrier] })).toContain('extension[0].url');
    expect(elements({ ...held, extension: [carrier, status, status] })).toEqual(['extension[2]']);
  });

  it('in a name that every object has', () => {
    expect(elements({ ...held, constructor: 'x' })).toEqual(['constructor']);
  });
});

describe('two JSON values', () => {
  it('differ where one is a list and the other an object, a text or nothing', () => {
    expect(differencesBetween({ a: [] }, { a: {} })).toEqual([{ element: 'a', ours: [], theirs: {} }]);
    expect(differencesBetween({ a: null }, {})).toEqual([{ element: 'a', ours: null, theirs: undefined }]);
    expect(differencesBetween('1', 1)).toEqual([{ element: '', ours: '1', theirs: 1 }]);
  });
});
