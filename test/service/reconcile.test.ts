import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { DatabaseSync } from 'node:sqlite';
import type { Communication } from 'fhir/r4.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sentFields } from '../../sandbox/vendor/message.ts';
import { commandLine } from '../../src/command-line.ts';
import { keySpace } from '../../src/exchange/record-key.ts';
import { dayMs, isoInstant, minuteMs } from '../../src/exchange/window.ts';
import type { Counts, ReconcileReport } from '../../src/sync/reconcile/reconcile-report.ts';
import { bothSides, type BothSides, type BothSidesOptions } from '../support/both-sides.ts';
import { runProgram, startProgram, type Ended, type Running } from '../support/program.ts';
import { sampleRows, type SampleRow } from '../support/sample-rows.ts';

const keys = keySpace('https://fhir.example-health.org');
const id = (letter: string): string => letter.repeat(32);

/** A row of the sample with other fields, sent so many minutes ago. */
function row(letter: string, fields: SampleRow = {}, minutesAgo = 20): SampleRow {
  const sent = sentFields(Date.now() - minutesAgo * minuteMs);
  return { ...sampleRows(Date.now())[0], outgoingMessageId: id(letter), ...sent, ...fields };
}

const threeRows = [row('a'), row('b'), row('c', { incomingMessage: 'Yes, I will come' })];

let sides: BothSides;
let service: Running | undefined;

async function open(options: BothSidesOptions = { rows: threeRows }): Promise<void> {
  sides = await bothSides(options);
}

beforeEach(() => {
  service = undefined;
});

afterEach(async () => {
  service?.child.kill('SIGKILL');
  await service?.ended;
  await sides.close();
});

const run = (): Promise<Ended> => runProgram(['run', '--config', sides.configFile]);

class Collected extends Writable {
  text = '';
  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Four days, the last as far as it is settled; just after midnight that is the day before. */
function range(): readonly string[] {
  const last = Math.floor((Date.now() - 10 * minuteMs) / dayMs) * dayMs;
  return ['--from', isoInstant(last - 3 * dayMs), '--to', isoInstant(Math.min(Date.now(), last + dayMs))];
}

/** The command in this process, by the program's own way in. */
async function command(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  stopped = new Promise<'SIGTERM'>(() => {}),
): Promise<Printed> {
  const [stdout, stderr] = [new Collected(), new Collected()];
  const io = {
    env,
    stdin: new PassThrough(),
    stdout,
    stderr,
    now: Date.now,
    stopped,
  };
  const code = await commandLine(['reconcile', ...args, '--config', sides.configFile], io);
  return { code, stdout: stdout.text, stderr: stderr.text };
}

const reconcile = (...args: readonly string[]): Promise<Printed> => command([...range(), ...args]);

async function reconciled(
  ...args: readonly string[]
): Promise<{ code: number; report: ReconcileReport; totals: Counts }> {
  const { code, stdout } = await reconcile('--json', ...args);
  const report = JSON.parse(stdout) as ReconcileReport;
  const [source] = report.sources;
  if (source === undefined) throw new Error('no source in the report');
  return { code, report, totals: source.totals };
}

/** The kinds of which something was found, with how many and by what. */
const found = (totals: Counts) =>
  Object.fromEntries(
    Object.entries(totals).flatMap(([kind, each]: [string, unknown]) => {
      const { count, keys: named, by } = each as { count?: number; keys: readonly string[]; by: object };
      return count === undefined || count === 0 ? [] : [[kind, { keys: named, by }]];
    }),
  );

const held = (key: string): Communication => {
  const one = sides.communications().find((each) => each.id === key);
  if (one === undefined) throw new Error('the EHR does not hold it');
  return one;
};

/** Every row of every table of the ledger. */
function ledgerRows(): Readonly<Record<string, readonly unknown[]>> {
  const database = new DatabaseSync(join(sides.ledgerFolder, 'ledger.db'), { readOnly: true });
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
  const rows = tables.map(({ name }) => [String(name), database.prepare(`SELECT * FROM "${String(name)}"`).all()]);
  database.close();
  return Object.fromEntries(rows);
}

describe('a reconciliation', () => {
  it('ends with 0 where vendor, ledger and EHR agree, and counts the messages of each day on each side', async () => {
    await open();
    await run();
    const { code, report, totals } = await reconciled();
    expect({ code, verdict: report.verdict }).toEqual({ code: 0, verdict: 'agree' });
    expect(totals).toMatchObject({ vendor: 4, ledger: 4, ehr: 4 });
    expect(found(totals)).toEqual({});
    expect(report.sources[0]?.days).toHaveLength(4);
    expect((await reconcile()).stdout).toContain('in agreement');
  });

  it('tells what is missing, changed and doubled, each by its key', async () => {
    await open({ rows: [...threeRows, row('d')] });
    await run();
    sides.removeCommunication(keys.outgoing(id('a')));
    sides.putCommunication({ ...held(keys.outgoing(id('b'))), status: 'stopped' });
    sides.putCommunication({ ...held(keys.outgoing(id('c'))), id: 'a-copy' });
    sides.removeRow(id('d'));
    sides.addRow(row('e'));
    const { code, report, totals } = await reconciled();
    expect({ code, verdict: report.verdict }).toEqual({ code: 3, verdict: 'differ' });
    expect(found(totals)).toEqual({
      missingInEhr: { keys: [keys.outgoing(id('a'))], by: {} },
      changedAtEhr: { keys: [keys.outgoing(id('b'))], by: { 'changed-at-ehr': 1, status: 1 } },
      doubled: { keys: [keys.outgoing(id('c'))], by: {} },
      vanishedAtVendor: { keys: [keys.outgoing(id('d'))], by: {} },
      missingInLedger: { keys: [keys.outgoing(id('e'))], by: {} },
    });
    expect(totals).toMatchObject({ vendor: 5, ledger: 5, ehr: 4 });
  });

  it('says for each kind what to do, with the days it was found in', async () => {
    await open();
    await run();
    sides.removeCommunication(keys.outgoing(id('a')));
    sides.addRow(row('e'));
    const { code, stdout, stderr } = await reconcile();
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    expect(stdout).toContain(`    missing in the EHR: ${keys.outgoing(id('a'))}\n`);
    expect(stdout).toMatch(
      /^1 missing in the EHR: `resend --source main-clinic --from \S+ --to \S+` writes them again/m,
    );
    expect(stdout).toMatch(/^1 missing in the ledger: `backfill --source main-clinic --from \S+ --to \S+` reads/m);
  });

  it('finds the sides in agreement once what it says was done', async () => {
    await open();
    await run();
    sides.removeCommunication(keys.outgoing(id('a')));
    sides.putCommunication({ ...held(keys.outgoing(id('b'))), status: 'stopped' });
    sides.addRow(row('e'));
    const { stdout } = await reconcile();
    const said = [...stdout.matchAll(/`((?:backfill|resend) --source [^`]+)`/g)].map(([, line = '']) => line);
    expect(said.map((line) => line.split(' ')[0])).toEqual(['backfill', 'resend', 'resend']);
    for (const line of new Set(said)) await runProgram([...line.split(' '), '--config', sides.configFile]);
    expect(await reconciled()).toMatchObject({ code: 0, totals: { vendor: 5, ledger: 5, ehr: 5 } });
  });

  it('ends with 1 when it is stopped, and says that the rest was not looked at', async () => {
    await open();
    await run();
    const { code, stderr } = await command(range(), {}, Promise.resolve('SIGTERM'));
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'Stopped. Days that are not listed were not looked at.\n' });
  });

  it('tells a new status and another text under a known id from what the EHR has otherwise', async () => {
    await open();
    await run();
    sides.changeRow(0, { delivered: 'true', messageStatus: 'DELIVERED' });
    sides.changeRow(1, { outgoingMessage: 'Something else altogether' });
    const { code, totals } = await reconciled();
    expect(code).toBe(3);
    expect(found(totals)).toMatchObject({ changedAtVendor: { keys: [keys.outgoing(id('a'))] }, conflicting: {} });
    expect(Object.keys(found(totals))).toHaveLength(2);
  });

  it('names a contradiction as the list of rejected records does, and no more once that is dismissed', async () => {
    await open();
    await run();
    sides.changeRow(1, { outgoingMessage: 'Something else altogether' });
    await run();
    const listed = JSON.parse((await runProgram(['rejected', 'list', '--json', '--config', sides.configFile])).stdout);
    const key = listed.items[0].key as string;
    expect(found((await reconciled()).totals)).toEqual({ conflicting: { keys: [key], by: {} } });
    await runProgram(['rejected', 'dismiss', '--key', key, '--config', sides.configFile]);
    expect(await reconciled()).toMatchObject({ code: 0 });
  });

  it('takes another carrier or misc field for no difference: it goes to the EHR with the next change', async () => {
    await open({ rows: [row('a', { carrier: 'One', personMisc1: 'gone soon', personMisc2: null })] });
    await run();
    sides.changeRow(0, { carrier: 'Another', personMisc1: null, personMisc2: 'new' });
    const { code, totals } = await reconciled();
    expect(code).toBe(0);
    expect(found(totals)).toEqual({
      travelsAlong: {
        keys: [keys.outgoing(id('a'))],
        by: {
          'extension(sms-carrier).valueString': 1,
          'extension(sms-person-misc-1)': 1,
          'extension(sms-person-misc-2)': 1,
        },
      },
    });
  });

  it('tells what has not been delivered by its state, and what is kept out of the chart on purpose', async () => {
    await open({
      rows: [
        ...threeRows,
        row('d', { personId: 'nobody' }),
        row('e', { recipientType: 'STAFF' }),
        row('f', { recipientType: 'SOMEBODY' }),
        row('1', { outgoingMessageId: null }),
      ],
      patients: [threeRows[0]?.['personId'] ?? ''],
    });
    await run();
    const { code, totals } = await reconciled();
    expect(code).toBe(3);
    expect(found(totals)).toMatchObject({
      notDelivered: { by: { waiting: 1, rejected: 1 } },
      unreadable: { by: { 'missing-id': 1 } },
      keptOut: { keys: [keys.outgoing(id('e'))] },
    });
  });

  it('writes nothing: the EHR hears GET alone, and the ledger holds one more booked request a day and nothing else', async () => {
    await open();
    await run();
    const [before, written, heard] = [ledgerRows(), sides.writes(), sides.asked().length];
    await reconcile();
    const asked = sides.asked().slice(heard);
    const looks = asked.filter(({ path }) => /Communication\b(?!\/0{8})/.test(path));
    expect(looks).toHaveLength(4);
    expect(asked.filter(({ method }) => method !== 'GET')).toEqual([]);
    expect(sides.writes()).toBe(written);
    const { request_spent: spent = [], ...after } = ledgerRows();
    const { request_spent: spentBefore = [], ...others } = before;
    expect(after).toEqual(others);
    expect(spent).toHaveLength(spentBefore.length + 4);
  });

  it('works beside a running service', async () => {
    await open();
    service = startProgram(['serve', '--config', sides.configFile]);
    await service.event('run_finished');
    expect(await reconciled()).toMatchObject({ code: 0, totals: { vendor: 4, ehr: 4 } });
    expect(service.child.exitCode).toBeNull();
  });

  it('tells of vendor and ledger alone where the EHR is down, and ends with 1', async () => {
    await open();
    await run();
    sides.addRow(row('e'));
    await sides.stopEhr();
    const { code, report, totals } = await reconciled();
    expect({ code, verdict: report.verdict, ehr: report.ehr.kind }).toEqual({
      code: 1,
      verdict: 'incomplete',
      ehr: 'failed',
    });
    expect(found(totals)).toMatchObject({ missingInLedger: {}, unknownAtEhr: { by: { 'ehr-unreachable': 5 } } });
    expect(Object.keys(found(totals))).toHaveLength(2);
  });

  it('asks the vendor once when the login is refused, tells each day as not read, and ends with 1', async () => {
    await open();
    await run();
    const before = ledgerRows()['request_spent']?.length ?? 0;
    sides.vendorAnswersNextWith('unauthorized');
    const { code, report } = await reconciled();
    expect(code).toBe(1);
    expect(report.sources[0]?.days.map(({ unread }) => unread[0]?.problem.code)).toEqual(
      Array.from({ length: 4 }, () => 'source-unauthorized'),
    );
    expect(ledgerRows()['request_spent']).toHaveLength(before + 1);
  });

  it('tells a day that cannot be read, and goes on with the others', async () => {
    await open({ rows: [row('a'), row('b', {}, 2 * 24 * 60)] });
    await run();
    sides.vendorAnswersNextWith('server-error');
    const { code, report, totals } = await reconciled();
    expect(code).toBe(1);
    expect(report.sources[0]?.days.map(({ unread }) => unread.length)).toEqual([1, 0, 0, 0]);
    expect(totals).toMatchObject({ vendor: 2, ledger: 2, ehr: 2 });
    sides.vendorAnswersNextWith('server-error');
    expect((await reconcile()).stdout).toMatch(/T00:00:00Z was not read: source-server-error: /);
  });

  it('reads a day in halves where its answer is too large', async () => {
    await open();
    await run();
    sides.vendorAnswersNextWith('too-large');
    expect(await reconciled()).toMatchObject({ code: 0, totals: { vendor: 4 } });
  });

  it('says nothing of a patient, whatever stands on the three sides', async () => {
    const words = /canary|202-?555-?017[78]/i;
    const canaries = {
      outgoingMessage: 'Canaryoutgoing',
      incomingMessage: 'Canaryincoming',
      personName: 'Canaryname',
      personId: 'Canaryperson',
      mobileNumber: '2025550177',
      carrier: 'Canarycarrier',
      personMisc1: 'Canarymisc',
      campaignName: 'Canarycampaign',
    };
    const bad = [
      row('6', { ...canaries, outgoingMessageId: null }),
      row('7', { ...canaries, outgoingMessageSentDate: 'Canarydate' }),
      row('8', { ...canaries, recipientType: 'Canarytype' }),
    ];
    const letters = ['a', 'b', 'c', 'd', 'e', 'f'];
    await open({
      rows: [...letters.map((letter) => row(letter, canaries)), ...bad],
      patients: ['Canaryperson'],
    });
    await run();
    sides.changeRow(0, { outgoingMessage: 'Canaryconflict' });
    sides.changeRow(1, { messageStatus: 'Canarystatus' });
    sides.removeRow(id('c'));
    const changed: Readonly<Record<string, unknown>> = {
      note: [{ text: 'Canarynote' }],
      Canaryelement: 'Canaryvalue',
      extension: [{ url: 'https://ehr.example.org/Canaryurl', valueString: 'Canary' }],
    };
    sides.putCommunication({ ...held(keys.outgoing(id('d'))), ...changed });
    sides.putCommunication({ ...held(keys.outgoing(id('e'))), id: 'Canaryid' });
    sides.removeCommunication(keys.outgoing(id('f')));
    const [text, json] = [await reconcile(), await reconcile('--json')];
    await sides.stopEhr();
    const down = await reconcile();
    expect([text.code, json.code, down.code]).toEqual([3, 3, 1]);
    for (const what of [
      'conflicting',
      'changedAtVendor',
      'vanishedAtVendor',
      'changedAtEhr',
      'doubled',
      'missingInEhr',
      'unreadable',
      'notDelivered',
    ])
      expect(json.stdout).toMatch(new RegExp(`"${what}": \\{\\s+"count": [1-9]`));
    for (const { stdout, stderr } of [text, json, down]) expect(`${stdout}${stderr}`).not.toMatch(words);
  });

  it('names no more keys than it is told to, and says how many there are', async () => {
    await open({ rows: ['a', 'b', 'c', 'd', 'e'].map((letter) => row(letter)) });
    await run();
    for (const { id: key } of sides.communications()) sides.removeCommunication(key ?? '');
    const { totals } = await reconciled('--limit', '2');
    expect(totals.missingInEhr).toMatchObject({ count: 5, keys: [expect.any(String), expect.any(String)] });
    expect((await reconcile('--limit', '2')).stdout).toMatch(/missing in the EHR: \S+ \S+ and 3 more$/m);
  });

  it('reads one source where one is named', async () => {
    await open();
    await run();
    expect(await reconciled('--source', 'main-clinic')).toMatchObject({ code: 0 });
    expect(await reconcile('--source', 'west')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('There is no source "west". Configured: main-clinic.'),
    });
  });

  it('has no ledger to ask before the service was started, and asks nobody else', async () => {
    await open();
    const { code, stderr } = await reconcile();
    expect(code).toBe(2);
    expect(stderr).toMatch(/^There is no ledger at /);
    expect(sides.asked()).toEqual([]);
  });

  it('refuses a canonical base that is not the one of the ledger: every key would be another', async () => {
    await open();
    await run();
    const { code, stderr } = await command(range(), { CANONICAL_BASE: 'https://other.example-health.org' });
    expect(code).toBe(2);
    expect(stderr).toContain('but this ledger was made with https://fhir.example-health.org');
  });

  it('has nothing to tell of the minutes that are not settled', async () => {
    await open();
    await run();
    const { code, stderr } = await command(['--from', isoInstant(Date.now() - 1_000), '--to', '2099-01-01']);
    expect(code).toBe(2);
    expect(stderr).toContain('Nothing after --from is settled yet');
  });

  it.each([
    [[], '--from is missing.'],
    [['--from', '2026-03-01'], '--to is missing.'],
    [['--from', '2026-03-02', '--to', '2026-03-01'], '--from must be before --to.'],
    [['--from', '2026-03-01', '--to', '2026-03-02', '--limit', '0'], '--limit "0" is no number of keys.'],
    [['--from', '2026-03-01', '--to', '2026-03-02', '--write'], "Unknown option '--write'."],
  ])('refuses what it does not know: %j', async (args, told) => {
    await open();
    const { code, stdout, stderr } = await command(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(told);
  });
});
