import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { performBundle } from '../../sandbox/ehr/bundle.ts';
import type { Ehr } from '../../sandbox/ehr/interaction.ts';
import { plain } from '../../sandbox/ehr/profiles/plain.ts';
import { openStore, resourceTypes } from '../../sandbox/ehr/store.ts';
import { structureIssues } from '../../sandbox/ehr/structure-check.ts';

function openEhr(): Ehr {
  let ids = 0;
  let clock = 0;
  const store = openStore(() => (clock += 1000));
  store.write('Patient', 'one', { resourceType: 'Patient', active: true });
  return {
    store,
    base: 'http://ehr.example.org/fhir',
    profile: plain,
    offers: plain.offers,
    newId: () => `new-${(ids += 1)}`,
    check: structureIssues,
    referentialIntegrity: true,
    now: () => clock,
    searched: new Map(),
  };
}

const values = ['a', 'b', 'c'] as const;

/** Everything that can be seen of an EHR from outside. */
const seen = ({ store }: Ehr) => ({
  resources: resourceTypes.map((type) =>
    store.all(type).toSorted((a, b) => (String(a['id']) < String(b['id']) ? -1 : 1)),
  ),
  versions: values.map((id) => store.versions('Communication', id)),
  found: [...values, ...values.map((value) => `${value}2`)].map((value) =>
    [...store.index('Communication').byIdentifier({ system: 'urn:m', value })].toSorted(),
  ),
  about: [...store.index('Communication').bySubject('Patient/one')].toSorted(),
  written: { ...store.written },
});

const resource = (value: string, status: string) => ({
  resourceType: 'Communication',
  identifier: [{ system: 'urn:m', value }],
  status,
  subject: { reference: 'Patient/one' },
});

const value = fc.constantFrom(...values);
const status = fc.constantFrom('completed', 'not-done', 'unknown');

const entry = fc.oneof(
  fc.record({ id: value, as: status, second: fc.boolean() }).map(({ id, as, second }) => ({
    resource: { ...resource(second ? `${id}2` : id, as), id },
    request: { method: 'PUT', url: `Communication/${id}` },
  })),
  fc.record({ of: value, as: status }).map(({ of, as }) => ({
    resource: resource(of, as),
    request: { method: 'PUT', url: `Communication?identifier=urn:m|${of}` },
  })),
  fc.record({ of: value, as: status }).map(({ of, as }) => ({
    resource: resource(of, as),
    request: { method: 'POST', url: 'Communication', ifNoneExist: `identifier=urn:m|${of}` },
  })),
  value.map((id) => ({ request: { method: 'DELETE', url: `Communication/${id}` } })),
);

const bundle = (type: string, entries: readonly unknown[]) => ({ resourceType: 'Bundle', type, entry: entries });

const bad = {
  resource: { ...resource('d', 'completed'), id: 'd', subject: { reference: 'Patient/nobody' } },
  request: { method: 'PUT', url: 'Communication/d' },
};

describe('a transaction of any content', () => {
  it('leaves the EHR as it was when it is refused', () => {
    fc.assert(
      fc.property(
        fc.array(entry, { maxLength: 6 }),
        fc.array(entry, { maxLength: 6 }),
        fc.nat(6),
        (before, entries, at) => {
          const ehr = openEhr();
          performBundle(ehr, bundle('batch', before), { echo: false });
          const was = seen(ehr);
          const refused = performBundle(ehr, bundle('transaction', entries.toSpliced(at, 0, bad)), { echo: false });
          expect(refused.kind).toBe('refused');
          expect(seen(ehr)).toEqual(was);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('finds by identifier exactly what reading all of it finds', () => {
    fc.assert(
      fc.property(fc.array(fc.array(entry, { maxLength: 4 }), { maxLength: 6 }), (bundles) => {
        const ehr = openEhr();
        for (const entries of bundles) performBundle(ehr, bundle('transaction', entries), { echo: false });
        for (const of of [...values, ...values.map((each) => `${each}2`)]) {
          const read = ehr.store
            .all('Communication')
            .filter((each) => JSON.stringify(each['identifier']) === JSON.stringify([{ system: 'urn:m', value: of }]))
            .map(({ id }) => id);
          const found = [...ehr.store.index('Communication').byIdentifier({ system: 'urn:m', value: of })];
          expect(new Set(found)).toEqual(new Set(read));
        }
      }),
      { numRuns: 300 },
    );
  });
});
