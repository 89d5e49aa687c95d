import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { exampleSettings } from '../../src/mapping/example-settings.ts';
import { loadMapping } from '../../src/mapping/load-mapping.ts';
import { anyRecord, communicationOf, folder, loaded, options, outgoingOf, row } from '../mapping/dialog-health.ts';
import { communicationsOf, dialects, type ExampleCommunication } from '../support/example-communications.ts';
import { findingsOf, show, type Finding, type Rules } from './judge.ts';
import { goneFrom, knownByOurs, knownByR4, unknownAmong, type KnownFinding } from './known-findings.ts';

const inDialects = dialects.map((dialect) => ({ dialect, examples: named(dialect, communicationsOf(dialect)) }));
const all = [...communicationsOf(), ...inDialects.flatMap(({ examples }) => examples)];
/** A message in an inbox of the staff: without direction, medium and extensions, and without a claim to the profile. */
const inbox = 'oracle-health';
const profiled = all.filter(({ name }) => !name.startsWith(`${inbox}/`));

const profile = `${exampleSettings.canonicalBase}/StructureDefinition/sms-communication`;

function named(dialect: string, examples: readonly ExampleCommunication[]): readonly ExampleCommunication[] {
  return examples.map(({ name, resource }) => ({ name: `${dialect}/${name}`, resource }));
}

describe.each<readonly [string, Rules, readonly ExampleCommunication[], readonly KnownFinding[]]>([
  ['R4', { by: 'r4' }, all, knownByR4],
  ['our extensions and code systems', { by: 'ours' }, all, knownByOurs],
  ['our profile', { by: 'ours', profile }, profiled, knownByOurs],
])("an example Communication before HL7's validator, by %s", (_, rules, examples, known) => {
  const found = new Map<string, readonly Finding[]>();

  beforeAll(async () => {
    for (const { name, resource } of examples) found.set(name, await findingsOf(resource, rules));
  });

  it.each(examples)('$name has nothing against it', ({ name }) => {
    expect(unknownAmong(found.get(name) ?? [], known).map(show)).toEqual([]);
  });

  it('shows each finding that is listed as known', () => {
    expect(goneFrom(known, [...found.values()].flat())).toEqual([]);
  });

  it('has no error in the dialect r4-strict', () => {
    const strict = [...found].filter(([name]) => name.startsWith('r4-strict/'));
    expect(strict.length).toBeGreaterThan(3);
    const errors = strict.flatMap(([, findings]) => findings).filter(({ severity }) => severity !== 'warning');
    expect(errors.map(show)).toEqual([]);
  });
});

describe(`the dialect ${inbox}`, () => {
  it('claims no profile, even where a site asks for it', () => {
    const layers = [folder, join(folder, 'dialects', inbox)] as const;
    const organization = { ...exampleSettings.organization, reference: 'Group/4521' };
    const settings = { ...exampleSettings, organization, profile: true };
    const loading = loadMapping({ ...options, layers, settings });
    const mapped = loading.kind === 'loaded' ? loading.mapping.map(anyRecord(row)) : undefined;
    expect(communicationOf(mapped).meta?.profile).toBeUndefined();
    expect(outgoingOf(row, loaded({ profile: true })).meta?.profile).toEqual([profile]);
  });
});
