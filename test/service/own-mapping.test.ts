import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunReport } from '../../src/exchange/reports.ts';
import { bothSides, type BothSides } from '../support/both-sides.ts';
import { runProgram, type Ended } from '../support/program.ts';

let sides: BothSides;
let folder: string;

beforeEach(async () => {
  sides = await bothSides();
  folder = join(sides.ledgerFolder, 'our-mapping');
  mkdirSync(folder);
});

afterEach(() => sides.close());

const program = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  runProgram([...args, '--config', sides.configFile], { env: { MAPPING_FOLDER: folder, ...env } });

const deliveryOf = ({ stdout }: Ended): RunReport['delivery'] => (JSON.parse(stdout) as RunReport).delivery;

describe('a mapping of the site', () => {
  it('keeps a kind of message out of the chart, lists it, and sends it once the row is gone', async () => {
    writeFileSync(join(folder, 'codes.yaml'), 'tables:\n  kind:\n    rows:\n      - [Opt-Out, skip]\n');
    expect(deliveryOf(await program(['run', '--json']))).toMatchObject({ delivered: 4, skipped: 2 });
    writeFileSync(join(folder, 'codes.yaml'), 'tables: {}\n');
    expect(deliveryOf(await program(['run', '--json']))).toMatchObject({ delivered: 0, skipped: 0 });
    const kept = await program(['rejected', 'list', '--state', 'skipped']);
    expect(kept.stdout).toContain('not-for-a-chart: The mapping keeps messages of this kind out of the chart');
    expect(kept.stdout).toContain('2 skipped');
    const released = await program(['rejected', 'release', '--code', 'not-for-a-chart']);
    expect(released.stdout).toContain('2');
    expect(deliveryOf(await program(['run', '--json']))).toMatchObject({ delivered: 2, skipped: 0 });
    expect(sides.communications()).toHaveLength(6);
  });

  it('gives a misc field the meaning it has there', async () => {
    const ours = 'https://site.example/StructureDefinition/clinic';
    writeFileSync(
      join(folder, 'outgoing.yaml'),
      [
        'extension:',
        '  - url: =base(StructureDefinition/sms-person-misc-1)',
        '    valueString: =omit()',
        `  - url: ${ours}`,
        '    valueString: =trim(personMisc1)',
      ].join('\n'),
    );
    sides.changeRow(0, { personMisc1: ' North ' });
    await program(['run', '--json']);
    const values = sides.communications().flatMap(({ extension }) => extension ?? []);
    expect(values).toContainEqual({ url: ours, valueString: 'North' });
    expect(values.filter(({ url }) => url.endsWith('sms-person-misc-1'))).toEqual([]);
  });

  it('counts the statuses that no row lists', async () => {
    sides.changeRow(0, { messageStatus: 'QUEUED' });
    sides.changeRow(1, { messageStatus: 'QUEUED' });
    writeFileSync(join(folder, 'codes.yaml'), 'tables: {}\n');
    const ended = await program(['run', '--json']);
    expect(deliveryOf(ended).counts).toEqual({ 'status-unlisted': 2 });
    expect(ended.stdout + ended.stderr).not.toContain('QUEUED');
  });

  it('never sends a message without a Patient, whatever it says', async () => {
    writeFileSync(join(folder, 'outgoing.yaml'), 'subject: =omit()\n');
    const ended = await program(['run', '--json']);
    expect(deliveryOf(ended)).toMatchObject({ delivered: 0, rejected: 6, problems: { 'person-id-missing': 6 } });
    expect(sides.communications()).toEqual([]);
  });

  it('is told by check what its examples leave unproved', async () => {
    writeFileSync(join(folder, 'outgoing.yaml'), 'topic:\n  text: =text(broadcastName)\n');
    const { stdout } = await program(['check']);
    expect(stdout).toMatch(/Not yet proved by an example:\n.*outgoing\.yaml:\d+ /);
  });

  it.each(['run', 'serve', 'check', 'translate'])('with a mistake starts nothing: %s', async (command) => {
    writeFileSync(join(folder, 'outgoing.yaml'), 'topic:\n  txt: SMS\n');
    const ended = await program([command]);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain('The mapping is not usable. Nothing was started.');
    expect(ended.stderr).toContain('outgoing.yaml:2:3 topic.txt: is no element of CodeableConcept');
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });

  it('that is not there is told with its path', async () => {
    rmSync(folder, { recursive: true });
    const ended = await program(['check']);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain(`${folder}:1:1 folder: cannot be read (ENOENT)`);
  });
});

describe('a dialect', () => {
  it('is sent', async () => {
    writeFileSync(join(folder, 'codes.yaml'), 'tables: {}\n');
    await program(['run', '--json'], { DIALECT: 'r4-strict' });
    const codes = sides.communications().map(({ medium }) => medium?.[0]?.coding?.[0]?.code);
    expect(codes).toEqual(Array.from({ length: 6 }, () => 'WRITTEN'));
  });

  it('is shown by translate too', async () => {
    writeFileSync(join(folder, 'codes.yaml'), 'tables: {}\n');
    const ended = await program(['translate', sides.rowsFile], { DIALECT: 'r4-strict' });
    expect(ended.stdout).toContain('"WRITTEN"');
    expect(ended.stdout).not.toContain('SMSWRIT');
  });

  it('that is none is refused with those there are', async () => {
    const ended = await program(['run'], { DIALECT: 'epci' });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain('destination.dialect: "epci" is no dialect');
    expect(ended.stderr).toContain('epic, oracle-health, r4-strict');
  });

  it('that does not fit the configuration is refused with what to set', async () => {
    writeFileSync(join(folder, 'codes.yaml'), 'tables: {}\n');
    const ended = await program(['run'], { DIALECT: 'oracle-health' });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain('set mapping.organization.reference to Group/* or Practitioner/*');
    expect(sides.communications()).toEqual([]);
  });
});
