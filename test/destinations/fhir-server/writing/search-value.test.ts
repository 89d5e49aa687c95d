import { assert, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { identifierSearch } from '../../../../src/destinations/fhir-server/writing/search-value.ts';

/** As a server reads it: the query decoded, then split at what is not escaped. */
function readBack(query: string): readonly string[] {
  const value = new URLSearchParams(query).get('identifier') ?? '';
  return (value.match(/(?:\\.|[^\\])/gsu) ?? [])
    .reduce(
      (parts, each) => (each === '|' ? [...parts, ''] : [...parts.slice(0, -1), (parts.at(-1) ?? '') + each]),
      [''],
    )
    .map((part) => part.replace(/\\(.)/gsu, '$1'));
}

describe('a search by identifier', () => {
  it('escapes what separates values, and encodes the rest', () => {
    expect(identifierSearch({ system: 'https://a.example/sid', value: String.raw`a,b|c$d\e f` })).toBe(
      'identifier=https%3A%2F%2Fa.example%2Fsid%7Ca%5C%2Cb%5C%7Cc%5C%24d%5C%5Ce%20f',
    );
  });

  it('is for exactly that identifier, whatever characters it has', () => {
    assert(
      property(string({ unit: 'grapheme' }), string({ unit: 'grapheme' }), (system, value) => {
        expect(readBack(identifierSearch({ system, value }))).toEqual([system, value]);
      }),
    );
  });

  it('has no letter that ends a query', () => {
    assert(
      property(string(), (value) => {
        expect(identifierSearch({ system: 'urn:x', value })).not.toMatch(/[ #&?+|]/);
      }),
    );
  });
});
