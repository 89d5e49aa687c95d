import { afterEach, describe, expect, it } from 'vitest';
import type { ProfileName } from '../../sandbox/ehr/profiles/registry.ts';
import { bothSides, type BothSides } from '../support/both-sides.ts';
import { runProgram, type Ended } from '../support/program.ts';

let sides: BothSides;

afterEach(() => sides.close());

async function told(command: 'check' | 'run', behaveLike: ProfileName, settings: object = {}): Promise<Ended> {
  sides = await bothSides({ behaveLike, settings: { ...settings } });
  return runProgram([command, '--config', sides.configFile]);
}

/** What `check` says of the EHR. */
const ofEhr = ({ stdout }: Ended): readonly string[] =>
  stdout.split('\n').filter((line) => /^(?:good|FAIL)\s+EHR:/.test(line));

const suitable: readonly (readonly [ProfileName, string, string, string])[] = [
  ['hapi', 'put-by-id', 'transaction', 'HAPI FHIR lets clients choose ids.'],
  ['medplum', 'conditional-update', 'transaction', '(conditionalUpdate). It takes transactions.'],
  ['azure', 'put-by-id', 'transaction', '(updateCreate). It takes transactions.'],
  ['firely', 'put-by-id', 'transaction', '(updateCreate). It takes transactions.'],
  ['meditech', 'search-then-create', 'none', 'It offers no update, so what was written stays as it is'],
];

const elsewhere: readonly (readonly [ProfileName, string])[] = [
  ['epic', "Epic's Communication is part of community resource referrals."],
  ['oracle-health', "Oracle Health's Communication is a message in an inbox of the staff."],
];

describe('check, of each kind of server', () => {
  it.each(suitable)('tells how it writes to %s: by %s, in Bundles: %s, and why', async (kind, way, bundle, why) => {
    const ended = await told('check', kind);
    const [first = ''] = ofEhr(ended);
    expect(first).toContain(`writes by ${way}, Bundles: ${bundle}.`);
    expect(first).toContain(why);
    expect(ended.code).toBe(0);
  });

  it.each(elsewhere)('refuses %s, tells why, and what to use instead', async (kind, why) => {
    const ended = await told('check', kind);
    expect(ended.stdout).toContain('FAIL  EHR: ehr-unsuitable');
    expect(ended.stdout).toContain(why);
    expect(ended.stdout).toContain('set destination.kind to bundle-files or bundle-http');
    expect(ended.stdout).toContain('destination.acceptUnsuitable');
    expect(ended.code).toBe(1);
  });

  it.each(elsewhere)('tells how it writes to %s where that is wanted all the same', async (kind) => {
    const ended = await told('check', kind, { acceptUnsuitable: true });
    const lines = ofEhr(ended);
    expect(lines[0]).toContain('writes by search-then-create, Bundles: none.');
    expect(lines[0]).toContain('It offers no update, so what was written stays as it is (destination.deliver).');
    expect(lines[0]?.includes('(outcome-unknown)')).toBe(kind === 'oracle-health');
    expect(lines[1]).toContain('each message is sent once its status is final');
    expect(ended.code).toBe(0);
  });

  it('writes nothing', async () => {
    await told('check', 'meditech');
    expect(sides.communications()).toEqual([]);
  });
});

describe('a run, to each kind of server', () => {
  it.each(elsewhere)('does not begin with %s: exit code 2', async (kind, why) => {
    const ended = await told('run', kind);
    expect(ended.stderr).toContain(why);
    expect({ code: ended.code, written: sides.communications().length }).toEqual({ code: 2, written: 0 });
  });

  it('rejects what an inbox of the staff does not take, each by the element: exit code 3', async () => {
    const ended = await told('run', 'oracle-health', { acceptUnsuitable: true });
    const rejected = ended.stderr.split('\n').filter((line) => line.includes('"record_rejected"'));
    expect(rejected).toHaveLength(6);
    for (const line of rejected) {
      expect(line).toMatch(/"code":"resource-refused","where":"Communication\.[\w.[\]]+","httpStatus":422/);
    }
    expect({ code: ended.code, written: sides.communications().length }).toEqual({ code: 3, written: 0 });
  });
});
