import { describe, expect, it } from 'vitest';
import { checkCommunication } from '../../src/mapping/communication-check.ts';
import { validateFully } from '../fhir/full-validation.ts';
import { allowed, defects, good, type Json } from './bad-resources.ts';

const fastFault = (resource: Json): string | undefined => {
  const checked = checkCommunication(resource);
  return checked.kind === 'invalid' ? checked.where : undefined;
};

/** The elements in which a resource is not the good one: what is wrong must be found there, or in the whole. */
function changedElements(resource: Json): readonly string[] {
  const names = Object.keys({ ...good, ...resource });
  const changed = names.filter((name) => JSON.stringify(resource[name]) !== JSON.stringify(Object(good)[name]));
  return [...changed, 'contained', 'Communication'];
}

/** `payload` of `Communication.payload[0].contentString: is empty`; `Communication` where it is the whole. */
const elementOf = (path: string): string =>
  /^(?:Communication\.)?([a-zA-Z_]+)/.exec(path.replace(/: .*$/, ''))?.[1] ?? path;

describe.each(Object.entries(defects))('%s', (name, variants) => {
  const anywhere = name === 'resourceType wrong';

  it.each(Object.entries(variants))('is refused by the check of each record: %s', (_, resource) => {
    const fault = fastFault(resource);
    expect(fault).toEqual(expect.any(String));
    if (!anywhere) expect(changedElements(resource)).toContain(elementOf(String(fault)));
  });

  it.each(Object.entries(variants))('is refused by full validation: %s', (_, resource) => {
    const faults = validateFully(resource);
    expect(faults).not.toEqual([]);
    if (!anywhere) expect(changedElements(resource)).toEqual(expect.arrayContaining(faults.map(elementOf)));
  });
});

describe('what may leave', () => {
  it.each(Object.entries(allowed))('passes the check of each record: %s', (_, resource) => {
    expect(fastFault(resource)).toBeUndefined();
  });

  it.each(Object.entries(allowed))('passes full validation: %s', (_, resource) => {
    expect(validateFully(resource)).toEqual([]);
  });
});
