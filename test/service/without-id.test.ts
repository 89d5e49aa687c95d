import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle, Communication } from 'fhir/r4.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunReport } from '../../src/exchange/reports.ts';
import { dayMs, isoInstant } from '../../src/exchange/window.ts';
import { validateFully } from '../fhir/full-validation.ts';
import { bothSides, type BothSides } from '../support/both-sides.ts';
import { runProgram, type Ended } from '../support/program.ts';
import { sampleRows, type SampleRow } from '../support/sample-rows.ts';

const env = { MAPPING_KEY_SECRET: 'a secret of the tests alone' };
const recordKey = 'https://fhir.example-health.org/sid/sms-record-key';

let sides: BothSides;

/** A message with an id, one without that was answered, and the same text sent twice in a minute without ids. */
function rows(): readonly SampleRow[] {
  const [first = {}, second = {}, third = {}] = sampleRows(Date.now());
  const answered = { ...second, outgoingMessageId: null, incomingMessage: 'Yes' };
  const twin = { ...third, outgoingMessageId: null, incomingMessage: null };
  return [{ ...first, incomingMessage: null }, answered, twin, { ...twin }];
}

beforeEach(async () => {
  sides = await bothSides({ rows: rows() });
});

afterEach(() => sides.close());

const run = (environment: Readonly<Record<string, string>> = env): Promise<Ended> =>
  runProgram(['run', '--json', '--config', sides.configFile], { env: environment });

const reportOf = ({ stdout }: Ended): RunReport => JSON.parse(stdout) as RunReport;

const idsOf = (resources: readonly Communication[]): readonly string[] =>
  resources.map(({ id }) => id ?? '').toSorted();

const withRecordKey = (): readonly Communication[] =>
  sides.communications().filter(({ identifier }) => identifier?.[0]?.system === recordKey);

describe('A25: messages to which the vendor gives no id', () => {
  it('become a Communication each, found and linked by a key of its own, and are not written again', async () => {
    const first = await run();
    expect(first.code).toBe(0);
    expect(reportOf(first)).toMatchObject({
      sources: [{ read: 4, new: 5, unreadable: 0 }],
      delivery: { delivered: 5 },
    });
    for (const resource of sides.communications()) expect(validateFully(resource)).toEqual([]);
    const made = withRecordKey();
    expect(new Set(made.map(({ identifier }) => identifier?.[0]?.value)).size).toBe(3);
    const reply = sides.communications().find(({ payload }) => payload?.[0]?.contentString === 'Yes');
    const [link] = reply?.about ?? [];
    expect(link?.identifier?.system).toBe(recordKey);
    const message = made.find(({ identifier }) => identifier?.[0]?.value === link?.identifier?.value);
    expect(message?.about?.map(({ identifier }) => identifier)).toEqual(reply?.identifier);
    const writes = sides.writes();
    expect(reportOf(await run())).toMatchObject({ sources: [{ new: 0, changed: 0, unchanged: 5 }] });
    expect(sides.writes()).toBe(writes);
  });

  it('are updated when the vendor knows more of them', async () => {
    await run();
    const before = idsOf(sides.communications());
    sides.changeRow(1, { delivered: 'true', messageStatus: 'DELIVERED' });
    sides.changeRow(2, { incomingMessage: 'No' });
    expect(reportOf(await run())).toMatchObject({ sources: [{ new: 1, changed: 1 }] });
    const after = sides.communications();
    expect(idsOf(after)).toEqual(expect.arrayContaining([...before]));
    expect(after).toHaveLength(6);
  });

  it('are written by identifier to an EHR that chooses ids, and doubled by no lost ledger', async () => {
    await sides.startEhr({ updateCreate: false });
    await run();
    const before = sides.communications();
    expect(before).toHaveLength(5);
    for (const { id, identifier } of withRecordKey()) expect(id).not.toBe(identifier?.[0]?.value);
    rmSync(join(sides.ledgerFolder, 'ledger.db'));
    const again = await run();
    expect(reportOf(again)).toMatchObject({ sources: [{ new: 5 }], delivery: { delivered: 5 } });
    expect(idsOf(sides.communications())).toEqual(idsOf(before));
  });

  it('have the keys that translate shows', async () => {
    const translated = await runProgram(['translate', sides.rowsFile, '--config', sides.configFile], { env });
    const { entry = [] } = JSON.parse(translated.stdout) as Bundle<Communication>;
    await run();
    expect(idsOf(entry.flatMap(({ resource }) => resource ?? []))).toEqual(idsOf(sides.communications()));
  });

  it('are set apart without a secret, and told; with one they arrive', async () => {
    const without = await run({});
    expect(without.code).toBe(3);
    expect(reportOf(without).sources[0]?.problems).toMatchObject({ 'missing-id': expect.any(Number) });
    expect(sides.communications()).toHaveLength(1);
    await run();
    expect(sides.communications()).toHaveLength(5);
  });

  it('are not written under another secret: the ledger refuses it and says what to do', async () => {
    await run();
    const ended = await run({ MAPPING_KEY_SECRET: 'another secret of the tests' });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain('mapping.keySecret is another one than this ledger was used with.');
    expect(ended.stderr).not.toContain('another secret');
    expect((await run({})).code).toBe(3);
    expect((await run()).code).toBe(0);
    expect(sides.communications()).toHaveLength(5);
  });

  it('are not compared under another secret, nor does a comparison keep one', async () => {
    const range = ['--from', isoInstant(Date.now() - dayMs), '--to', isoInstant(Date.now())];
    const reconcile = (secret: string): Promise<Ended> =>
      runProgram(['reconcile', ...range, '--config', sides.configFile], { env: { MAPPING_KEY_SECRET: secret } });
    await run({});
    expect((await reconcile('another secret of the tests')).code).toBe(3);
    expect((await run()).code).toBe(0);
    const { code, stdout, stderr } = await reconcile('another secret of the tests');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('mapping.keySecret is another one than this ledger was used with.');
  });
});
