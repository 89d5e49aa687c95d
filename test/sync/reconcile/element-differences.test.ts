import type { Communication } from 'fhir/r4.js';
import { describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../../src/exchange/record.ts';
import type { Mapping } from '../../../src/mapping/mapping.ts';
import { elementDifferences } from '../../../src/sync/reconcile/element-differences.ts';
import { message, plainMapping } from '../../support/scripted.ts';

const delivered = { url: 'https://fhir.example-health.org/StructureDefinition/sms-delivered', valueBoolean: true };
const carrierUrl = 'https://fhir.example-health.org/StructureDefinition/sms-carrier';
const record: SourceRecord = { ...message('a'), body: { messageStatus: 'SENT', carrier: 'One', personName: 'Otilie' } };

/** Status, carrier and name: the last two travel along. */
const mapping: Mapping = {
  ...plainMapping,
  map: ({ key, body }) => ({
    kind: 'communication',
    counts: [],
    resource: {
      resourceType: 'Communication',
      id: key,
      status: 'completed',
      statusReason: { text: body['messageStatus'] ?? '' },
      extension: [
        delivered,
        ...(typeof body['carrier'] === 'string' ? [{ url: carrierUrl, valueString: body['carrier'] }] : []),
      ],
      recipient: [{ reference: 'Patient/p', display: body['personName'] ?? '' }],
    },
  }),
};

function ours(from: SourceRecord = record): Communication {
  const mapped = mapping.map(from);
  if (mapped.kind !== 'communication') throw new Error('it maps everything');
  return mapped.resource;
}

const travelling = ['carrier', 'personName'];
const told = (theirs: Readonly<Record<string, unknown>>, from = record): readonly string[] =>
  elementDifferences(ours(from), theirs, { record: from, mapping, travelling }).map(
    ({ element, travels }) => `${element}${travels ? ' travels' : ''}`,
  );

describe('the elements that differ at the EHR', () => {
  it('are none where it holds what would be written, but for what a server adds by itself', () => {
    expect(told({ ...ours(), id: 'server-1', meta: { versionId: '7' }, text: { status: 'generated' } })).toEqual([]);
  });

  it('are told by name, never by value', () => {
    expect(told({ ...ours(), status: 'stopped', statusReason: { text: 'Canary' } })).toEqual([
      'status',
      'statusReason.text',
    ]);
  });

  it('travel along where another value of the person of today makes them', () => {
    const theirs = {
      ...ours(),
      extension: [delivered, { url: carrierUrl, valueString: 'Another' }],
      recipient: [{ reference: 'Patient/p', display: 'O. Former' }],
    };
    expect(told(theirs)).toEqual(['extension(sms-carrier).valueString travels', 'recipient[0].display travels']);
  });

  it('travel along where the person has a value only now, or no more', () => {
    expect(told({ ...ours(), extension: [delivered] })).toEqual(['extension(sms-carrier) travels']);
    const without: SourceRecord = { ...record, body: { ...record.body, carrier: null } };
    expect(told({ ...ours() }, without)).toEqual(['extension(sms-carrier) travels']);
  });

  it('do not travel along where the EHR lacks more than that', () => {
    expect(told({ ...ours(), recipient: undefined })).toEqual(['recipient']);
    expect(told({ ...ours(), extension: undefined })).toEqual(['extension']);
    expect(told({ ...ours(), recipient: [{ reference: 'Patient/another', display: 'Otilie' }] })).toEqual([
      'recipient[0].reference',
    ]);
  });

  it('do not travel along where the mapping makes nothing of another value', () => {
    const strict: Mapping = {
      ...mapping,
      map: (given) =>
        given.body['carrier'] === 'One'
          ? mapping.map(given)
          : { kind: 'rejected', problem: { code: 'mapping-refused' } },
    };
    const theirs = { ...ours(), extension: [delivered, { url: carrierUrl, valueString: 'Another' }] };
    expect(elementDifferences(ours(), theirs, { record, mapping: strict, travelling })).toEqual([
      { element: 'extension(sms-carrier).valueString', travels: false },
    ]);
  });

  it('have no name of the EHR’s own: it may hold anything', () => {
    const theirs = {
      ...ours(),
      extension: [
        delivered,
        { url: carrierUrl, valueString: 'One' },
        { url: 'https://ehr.example.org/Canary-of-Otilie', valueString: 'Canary' },
      ],
      note: [{ text: 'Canary' }],
      'Canary of Otilie': true,
      __proto__x: 1,
    };
    const names = told(theirs);
    expect(names).toEqual(['extension', 'note', 'another element', 'another element']);
    expect(names.join(' ')).not.toMatch(/canary|otilie/i);
  });
});
