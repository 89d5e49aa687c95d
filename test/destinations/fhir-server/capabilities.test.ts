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

const interactions = (...codes: ('read' | 'create' | 'update' | 'search-type')[]) => ({
  interaction: codes.map((code) => ({ code })),
});
const createOnly = interactions('read', 'create', 'search-type');
const noSearch = { searchParam: [] };

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
    ['an EHR that offers all', statementOf({ updateCreate: true, conditionalUpdate: true }), 'put-by-id'],
    ['one that only creates by condition', statementOf({ conditionalCreate: true }), 'conditional-create'],
    [
      'one that updates by a condition it cannot search for',
      statementOf({ conditionalCreate: true, conditionalUpdate: true, ...noSearch }),
      'conditional-create',
    ],
    [
      'one that updates nothing, whatever else it says',
      statementOf({ updateCreate: true, conditionalUpdate: true, conditionalCreate: true, ...createOnly }),
      'conditional-create',
    ],
    ['one that creates and searches', statementOf({}), 'search-then-create'],
    ['MEDITECH, which creates and searches and no more', statementOf(createOnly), 'search-then-create'],
  ] as const)('of %s', (_, statement, way) => {
    expect(read(statement)).toMatchObject({ kind: 'suitable', way });
  });

  it('is what the settings say, where the EHR offers it', () => {
    expect(read(hapiLike, { write: 'conditional-update' })).toMatchObject({ way: 'conditional-update' });
    expect(read(hapiLike, { write: 'conditional-create' })).toMatchObject({ way: 'conditional-create' });
    expect(read(hapiLike, { write: 'search-then-create' })).toMatchObject({ way: 'search-then-create' });
    expect(read(conditionalOnly, { write: 'put-by-id' })).toMatchObject({
      way: 'put-by-id',
      why: expect.stringContaining('destination.write'),
    });
  });

  it.each([
    ['conditional-update', statementOf({ updateCreate: true }), 'lacks conditionalUpdate'],
    ['conditional-update', statementOf({ conditionalUpdate: true, ...noSearch }), 'lacks search by identifier'],
    ['conditional-create', statementOf({ updateCreate: true }), 'lacks conditionalCreate'],
    ['put-by-id', statementOf(createOnly), 'lacks update'],
    ['search-then-create', statementOf({ updateCreate: true, ...interactions('update') }), 'lacks create'],
  ] as const)('%s is refused where the EHR lacks what it takes', (write, statement, why) => {
    const refused = read(statement, { write });
    expect(refused).toEqual({ kind: 'unsuitable', why: expect.stringContaining(why) });
    expect(refused.why).toContain('destination.write');
    expect(refused.why).toContain('bundle-files');
  });

  it('follows what the settings assume over what the EHR says', () => {
    expect(read(conditionalOnly, { assume: { updateCreate: true } })).toMatchObject({ way: 'put-by-id' });
    expect(read(hapiLike, { assume: { updateCreate: false } })).toMatchObject({ way: 'conditional-update' });
    expect(read(conditionalOnly, { assume: { conditionalUpdate: false } })).toMatchObject({
      way: 'search-then-create',
    });
    expect(read(conditionalOnly, { assume: { conditionalUpdate: false, conditionalCreate: true } })).toMatchObject({
      way: 'conditional-create',
    });
    expect(read(conditionalOnly, { assume: { identifierSearch: false } })).toMatchObject({ searches: false });
    expect(read(statementOf(interactions('read')), { assume: { create: true } })).toMatchObject({
      way: 'search-then-create',
      updates: false,
    });
    expect(read(hapiLike, { assume: { update: false } })).toMatchObject({ way: 'conditional-create', updates: false });
  });

  it('says that nothing can be changed afterwards where no update is offered', () => {
    expect(read(statementOf(createOnly))).toMatchObject({
      updates: false,
      why: expect.stringContaining('It offers no update'),
    });
    expect(read(statementOf({}))).toMatchObject({ updates: true, why: expect.stringContaining('by the id it got') });
  });

  it('says so where what was created is not found again', () => {
    expect(read(statementOf({ ...createOnly, ...noSearch }))).toMatchObject({
      way: 'search-then-create',
      searches: false,
      why: expect.stringContaining('outcome-unknown'),
    });
    expect(read(statementOf({ interaction: [{ code: 'create' }] }))).toMatchObject({ searches: false });
  });

  it('always has a reason', () => {
    for (const write of [
      'auto',
      'put-by-id',
      'conditional-update',
      'conditional-create',
      'search-then-create',
    ] as const) {
      for (const statement of [hapiLike, conditionalOnly, statementOf({}), statementOf(createOnly)]) {
        expect(read(statement, { write }).why).toMatch(/^\S.*\.$/);
      }
    }
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
    ['when it is read only', statementOf(interactions('read')), 'lacks create'],
    [
      'when it could only be doubled',
      statementOf(interactions('read', 'update')),
      'lacks create, and updateCreate or conditionalUpdate',
    ],
  ])('%s', (_, statement, why) => {
    expect(read(statement)).toEqual({ kind: 'unsuitable', why: expect.stringContaining(why) });
  });

  it.each(['Epic', 'Oracle Health Millennium'])('when its Communication is something else, as in %s', (software) => {
    const statement = statementOf({ updateCreate: true }, { software });
    const refused = read(statement);
    expect(refused).toEqual({ kind: 'unsuitable', why: expect.stringContaining('acceptUnsuitable') });
    expect(refused.why).toContain('bundle-files or bundle-http');
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

  it('is none where sending again would double: a lost answer leaves one message open', () => {
    expect(read(statementOf({}))).toMatchObject({ way: 'search-then-create', bundle: 'none' });
    expect(read(statementOf({}), { bundle: 'batch' })).toMatchObject({ bundle: 'batch' });
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
