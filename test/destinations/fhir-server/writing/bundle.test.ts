import { array, assert, integer, property, record, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bundleBytes,
  bundleJson,
  cutIntoBundles,
  targetOf,
  writeOf,
  type Target,
} from '../../../../src/destinations/fhir-server/writing/bundle.ts';
import { delivery, deliveries, type DeliveryOptions } from '../../example-deliveries.ts';

const byId = (number: number, options?: DeliveryOptions) => {
  const one = delivery(number, options);
  return writeOf(one, { kind: 'id', id: one.key, known: false });
};

const entriesOf = (text: string): readonly unknown[] => JSON.parse(text).entry;

describe('where a message is written', () => {
  const { key } = delivery(0);
  const identifier = {
    kind: 'identifier',
    system: 'https://fhir.example-health.org/sid/sms-outgoing-message-id',
    value: 'vendor-id-0',
  };

  it('is the id we choose, or its identifier', () => {
    expect(targetOf(delivery(0), 'put-by-id')).toEqual({ kind: 'id', id: key, known: false });
    expect(targetOf(delivery(0), 'conditional-update')).toEqual(identifier);
  });

  it('is the key of a message to which the vendor gave no id', () => {
    const one = { system: 'https://fhir.example-health.org/sid/sms-record-key', value: key };
    const nameless = { ...delivery(0), resource: { ...delivery(0).resource, identifier: [one] } };
    const target = targetOf(nameless, 'conditional-update');
    expect(target).toEqual({ kind: 'identifier', ...one });
    const search = `identifier=${encodeURIComponent(`${one.system}|${key}`)}`;
    expect(target === undefined ? '' : writeOf(nameless, target).url).toBe(`Communication?${search}`);
    expect(targetOf(nameless, 'put-by-id')).toEqual({ kind: 'id', id: key, known: false });
  });

  it('is the id the EHR gave it, once known', () => {
    for (const way of ['put-by-id', 'conditional-update'] as const) {
      for (const knownReference of ['Communication/server-7', 'Communication/server-7/_history/2']) {
        expect(targetOf(delivery(0, { knownReference }), way)).toEqual({ kind: 'id', id: 'server-7', known: true });
      }
    }
  });

  it('is never what cannot be an id', () => {
    for (const knownReference of [
      'Communication/',
      'Communication/a b',
      'Communication/../Patient/1',
      'Communication/..',
      'Communication/.',
      'Patient/1',
      '',
    ]) {
      expect(targetOf(delivery(0, { knownReference }), 'conditional-update')).toEqual(identifier);
    }
  });

  it('is nowhere without an identifier to be found by', () => {
    const { identifier: _, ...resource } = delivery(0).resource;
    expect(targetOf({ ...delivery(0), resource }, 'conditional-update')).toBeUndefined();
    const halves = { ...resource, identifier: [{ value: 'x' }, { system: 'urn:x' }] };
    expect(targetOf({ ...delivery(0), resource: halves }, 'conditional-update')).toBeUndefined();
  });
});

describe('an entry of a Bundle', () => {
  it('puts to the id, which its Communication carries', () => {
    const { key, resource } = delivery(0);
    expect(JSON.parse(byId(0).entry)).toEqual({
      fullUrl: `urn:uuid:${key}`,
      resource,
      request: { method: 'PUT', url: `Communication/${key}` },
    });
  });

  it('puts to an id of the EHR, with that id in its Communication', () => {
    const write = writeOf(delivery(0), { kind: 'id', id: 'server-7', known: true }, 'W/"3"');
    expect(JSON.parse(write.entry)).toMatchObject({
      resource: { id: 'server-7' },
      request: { url: 'Communication/server-7', ifMatch: 'W/"3"' },
    });
  });

  it('puts to an identifier without an id, which would be the choice of the EHR', () => {
    const target: Target = { kind: 'identifier', system: 'urn:x', value: 'a,b' };
    const entry = JSON.parse(writeOf(delivery(0), target).entry);
    expect(entry.resource.id).toBeUndefined();
    expect(entry.resource.identifier).toEqual(delivery(0).resource.identifier);
    expect(entry.request).toEqual({ method: 'PUT', url: 'Communication?identifier=urn%3Ax%7Ca%5C%2Cb' });
  });
});

describe('Bundles', () => {
  it('are transaction or batch, with their entries in order', () => {
    const writes = [byId(0), byId(1)];
    for (const type of ['transaction', 'batch'] as const) {
      expect(JSON.parse(bundleJson(type, writes))).toEqual({
        resourceType: 'Bundle',
        type,
        entry: writes.map(({ entry }) => JSON.parse(entry)),
      });
    }
  });

  it('hold every message once, in order, within the limits of entries and of bytes in UTF-8', () => {
    const limits = record({ maxEntries: integer({ min: 1, max: 9 }), maxBytes: integer({ min: 1000, max: 5000 }) });
    assert(
      property(array(string({ unit: 'grapheme', maxLength: 300 }), { maxLength: 30 }), limits, (texts, limits) => {
        const writes = texts.map((text, number) => byId(number, { text }));
        const bundles = cutIntoBundles(writes, limits);
        expect(bundles.flat()).toEqual(writes);
        for (const bundle of bundles) {
          const bytes = Buffer.byteLength(bundleJson('transaction', bundle));
          expect(bytes).toBe(bundleBytes(bundle));
          expect(bundle.length).toBeLessThanOrEqual(limits.maxEntries);
          // One message that is too large by itself goes alone.
          expect(bundle.length === 1 || bytes <= limits.maxBytes).toBe(true);
        }
      }),
    );
  });

  it('are filled up to the last byte', () => {
    const writes = [byId(0), byId(1), byId(2)];
    const maxBytes = Buffer.byteLength(bundleJson('transaction', writes));
    expect(cutIntoBundles(writes, { maxEntries: 100, maxBytes })).toHaveLength(1);
    expect(cutIntoBundles(writes, { maxEntries: 100, maxBytes: maxBytes - 1 }).map(({ length }) => length)).toEqual([
      2, 1,
    ]);
  });

  it('are as many as needed', () => {
    const writes = deliveries(250).map((_, number) => byId(number));
    const bundles = cutIntoBundles(writes, { maxEntries: 100, maxBytes: 10_000_000 });
    expect(bundles.map((bundle) => entriesOf(bundleJson('batch', bundle)).length)).toEqual([100, 100, 50]);
    expect(cutIntoBundles([], { maxEntries: 100, maxBytes: 1000 })).toEqual([]);
  });

  it('never hold the same target twice, which servers refuse or double', () => {
    const target: Target = { kind: 'id', id: 'server-7', known: true };
    const writes = [writeOf(delivery(0), target), byId(1), writeOf(delivery(2), target)];
    expect(cutIntoBundles(writes, { maxEntries: 100, maxBytes: 10_000 }).map(({ length }) => length)).toEqual([2, 1]);
  });
});
