import { describe, expect, it } from 'vitest';
import { readCapabilities, type CapabilityOptions } from '../../../src/destinations/fhir-server/capabilities.ts';
import { conditionalOnly, hapiLike, statementOf } from '../scripted-ehr.ts';

const read = (statement: object, options: Partial<CapabilityOptions> = {}) =>
  readCapabilities(
    { ...statement },
    {
      write: 'auto',
      bundle: 'auto',
      assume: {},
      acceptUnsuitable: false,
      ...options,
    },
  );

const offering = (...system: ('transaction' | 'batch')[]) => statementOf({ updateCreate: true }, { system });

describe('the way of writing', () => {
  it.each([
    ['an EHR that lets clients choose ids', statementOf({ updateCreate: true }), 'put-by-id'],
    ['HAPI, which does not say so', hapiLike, 'put-by-id'],
    ['Medplum, which says no', conditionalOnly, 'conditional-update'],
    [
      'HAPI that says no',
      statementOf({ updateCreate: false, conditionalUpdate: true }, { software: 'HAPI FHIR' }),
      'conditional-update',
    ],
    ['an EHR that offers both', statementOf({ updateCreate: true, conditionalUpdate: true }), 'put-by-id'],
  ] as const)('of %s', (_, statement, way) => {
    expect(read(statement)).toMatchObject({ kind: 'suitable', way });
  });

  it('is what the settings say, where the EHR offers it', () => {
    expect(read(hapiLike, { write: 'conditional-update' })).toMatchObject({ way: 'conditional-update' });
    expect(read(conditionalOnly, { write: 'put-by-id' })).toMatchObject({
      way: 'put-by-id',
      why: expect.stringContaining('destination.write'),
    });
    expect(read(statementOf({ updateCreate: true }), { write: 'conditional-update' })).toEqual({
      kind: 'unsuitable',
      why: expect.stringContaining('lacks conditionalUpdate'),
    });
  });

  it('follows what the settings assume over what the EHR says', () => {
    expect(read(conditionalOnly, { assume: { updateCreate: true } })).toMatchObject({ way: 'put-by-id' });
    expect(read(hapiLike, { assume: { updateCreate: false } })).toMatchObject({ way: 'conditional-update' });
    expect(read(conditionalOnly, { assume: { conditionalUpdate: false } })).toMatchObject({ kind: 'unsuitable' });
    expect(read(conditionalOnly, { assume: { identifierSearch: false } })).toEqual({
      kind: 'unsuitable',
      why: expect.stringContaining('search by identifier'),
    });
  });
});

describe('an EHR is unsuitable', () => {
  const { rest: _, ...withoutRest } = hapiLike;

  it.each([
    ['when it speaks another FHIR', { ...hapiLike, fhirVersion: '5.0.0' }, 'speaks FHIR 5.0.0'],
    ['when it speaks STU3', { ...hapiLike, fhirVersion: '3.0.2' }, 'speaks FHIR 3.0.2'],
    ['when it does not say what it speaks', { ...hapiLike, fhirVersion: undefined }, 'speaks FHIR none'],
    ['when it has no JSON', { ...hapiLike, format: ['application/fhir+xml'] }, 'no JSON'],
    ['when it is no server', withoutRest, 'no Communication'],
    [
      'when it has no Communication',
      { ...hapiLike, rest: [{ mode: 'server', resource: [{ type: 'Patient' }] }] },
      'no Communication',
    ],
    [
      'when its Communication cannot be updated',
      statementOf({ interaction: [{ code: 'create' }, { code: 'search-type' }] }),
      'offers create and search',
    ],
    [
      'when it could be doubled',
      statementOf({ conditionalCreate: true }),
      'offers conditional create and search, which this version does not write by',
    ],
    ['when it is read only', statementOf({ interaction: [{ code: 'read' }] }), 'no other way of writing'],
  ])('%s', (_, statement, why) => {
    expect(read(statement)).toEqual({ kind: 'unsuitable', why: expect.stringContaining(why) });
  });

  it.each(['Epic', 'Oracle Health Millennium'])('when its Communication is something else, as in %s', (software) => {
    const statement = statementOf({ updateCreate: true }, { software });
    expect(read(statement)).toEqual({ kind: 'unsuitable', why: expect.stringContaining('acceptUnsuitable') });
    expect(read(statement, { acceptUnsuitable: true })).toMatchObject({ kind: 'suitable' });
  });

  it('whatever it puts where a list or an object should be', () => {
    for (const odd of [null, 3, 'x', [], {}, [null], [[]], [{ mode: 'server', resource: 'x' }]]) {
      for (const name of ['fhirVersion', 'rest', 'format', 'software']) {
        expect(['suitable', 'unsuitable']).toContain(read({ ...hapiLike, [name]: odd }).kind);
      }
    }
  });
});

describe('the Bundle', () => {
  it('is a transaction where the EHR takes one, else a batch, else none', () => {
    expect(read(offering('transaction', 'batch'))).toMatchObject({ bundle: 'transaction', batchWorks: true });
    expect(read(offering('transaction'))).toMatchObject({ bundle: 'transaction', batchWorks: false });
    expect(read(offering('batch'))).toMatchObject({ bundle: 'batch' });
    expect(read(offering())).toMatchObject({ bundle: 'none' });
  });

  it('may be a batch for HAPI, which lists transactions alone', () => {
    expect(read(hapiLike)).toMatchObject({ bundle: 'transaction', batchWorks: true });
  });

  it('is what the settings say', () => {
    for (const bundle of ['transaction', 'batch', 'none'] as const) {
      expect(read(offering(), { bundle })).toMatchObject({
        bundle,
        why: expect.stringContaining('destination.bundle'),
      });
    }
    expect(read(offering('batch'), { assume: { transaction: true } })).toMatchObject({ bundle: 'transaction' });
  });
});

describe('the version that an update replaces', () => {
  it('is named where the EHR wants it, but for HAPI, which only says so', () => {
    expect(read(statementOf({ updateCreate: true, versioning: 'versioned-update' }))).toMatchObject({ ifMatch: true });
    expect(read(statementOf({ updateCreate: true, versioning: 'versioned' }))).toMatchObject({ ifMatch: false });
    expect(read(hapiLike)).toMatchObject({ ifMatch: false });
  });
});
