import { beforeAll, describe, expect, it } from 'vitest';
import { communicationsOf, dialects } from '../support/example-communications.ts';
import { findingsOf, show, type Finding } from './judge.ts';
import { goneFrom, knownByR4, unknownAmong } from './known-findings.ts';

const examples = [
  ...communicationsOf(),
  ...dialects.flatMap((dialect) =>
    communicationsOf(dialect).map(({ name, resource }) => ({ name: `${dialect}/${name}`, resource })),
  ),
];

describe("the example Communications before HL7's validator", () => {
  const found = new Map<string, readonly Finding[]>();

  beforeAll(async () => {
    for (const { name, resource } of examples) {
      found.set(name, await findingsOf(resource, { by: 'r4' }));
    }
  });

  it.each(examples.map(({ name }) => name))('%s is good R4', (name) => {
    expect(unknownAmong(found.get(name) ?? [], knownByR4).map(show)).toEqual([]);
  });

  it('show each finding that is listed as known', () => {
    expect(goneFrom(knownByR4, [...found.values()].flat())).toEqual([]);
  });
});
