import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { PreviewReport } from '../../src/sync/preview.ts';
import { bothSides, type BothSides, type BothSidesOptions } from '../support/both-sides.ts';
import { runProgram, startProgram, type Ended, type Running } from '../support/program.ts';
import { sampleRows, type SampleRow } from '../support/sample-rows.ts';

let sides: BothSides;
let service: Running | undefined;

beforeEach(async () => {
  sides = await bothSides();
});

afterEach(async () => {
  service?.child.kill('SIGKILL');
  await service?.ended;
  service = undefined;
  await sides.close();
});

/** Other rows than the sample's. */
async function reopen(options: BothSidesOptions): Promise<void> {
  await sides.close();
  sides = await bothSides(options);
}

const program = (...args: readonly string[]): Promise<Ended> => runProgram([...args, '--config', sides.configFile]);
const preview = (...args: readonly string[]): Promise<Ended> => program('preview', ...args);

async function previewed(...args: readonly string[]): Promise<{ code: number | null; report: PreviewReport }> {
  const { code, stdout } = await preview('--json', ...args);
  return { code, report: JSON.parse(stdout) as PreviewReport };
}

const methods = (): readonly string[] => [...new Set(sides.asked().map(({ method }) => method))];
const states = ({ messages }: PreviewReport): readonly string[] => messages.map(({ state }) => state);

/** A row of the sample with other fields. */
const row = (fields: SampleRow): SampleRow => ({ ...sampleRows(Date.now())[0], ...fields });

/** Every row of every table of the ledger. */
function ledgerRows(): Readonly<Record<string, readonly unknown[]>> {
  const database = new DatabaseSync(join(sides.ledgerFolder, 'ledger.db'), { readOnly: true });
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
  const rows = tables.map(({ name }) => [String(name), database.prepare(`SELECT * FROM "${String(name)}"`).all()]);
  database.close();
  return Object.fromEntries(rows);
}

describe('a preview', () => {
  it('before anything was delivered shows each message of the last hour, and makes no ledger', async () => {
    const { code, report } = await previewed();
    expect({ code, states: states(report) }).toEqual({ code: 0, states: Array.from({ length: 6 }, () => 'create') });
    expect(report).toMatchObject({
      source: 'main-clinic',
      rows: 6,
      more: 0,
      ehr: { kind: 'ready', write: 'put-by-id' },
    });
    expect(Date.parse(report.to) - Date.parse(report.from)).toBe(3_600_000);
    expect(existsSync(join(sides.ledgerFolder, 'ledger.db'))).toBe(false);
    expect(methods()).toEqual(['GET']);
    expect(sides.communications()).toEqual([]);
  });

  it('writes nothing: the EHR hears GET alone, and the ledger holds one more booked request and nothing else', async () => {
    await program('run');
    sides.changeRow(0, { delivered: 'true', messageStatus: 'DELIVERED' });
    sides.addRow(row({ outgoingMessageId: 'f'.repeat(32) }));
    const [before, written, heard] = [ledgerRows(), sides.writes(), sides.asked().length];
    expect((await preview()).code).toBe(0);
    const asked = sides.asked().slice(heard);
    expect(asked.length).toBeGreaterThanOrEqual(7);
    expect(asked.filter(({ method }) => method !== 'GET')).toEqual([]);
    expect(sides.writes()).toBe(written);
    const { request_spent: spent = [], ...after } = ledgerRows();
    const { request_spent: spentBefore = [], ...others } = before;
    expect(after).toEqual(others);
    expect(spent).toHaveLength(spentBefore.length + 1);
  });

  it('shows the elements in which the EHR has a message otherwise, old and new', async () => {
    await program('run');
    sides.changeRow(0, { delivered: 'true', messageStatus: 'DELIVERED' });
    sides.addRow(row({ outgoingMessageId: 'f'.repeat(32) }));
    const { report } = await previewed();
    expect(report.summary).toMatchObject({ create: 1, update: 1, unchanged: 5 });
    const changed = report.messages.find(({ state }) => state === 'update');
    expect(changed?.state === 'update' && changed.differences.map(({ element }) => element)).toEqual([
      'extension(sms-delivered).valueBoolean',
      'extension(sms-message-status).valueString',
      'status',
      'statusReason',
    ]);
    const { stdout } = await preview();
    expect(stdout).toContain('    status: "not-done" -> "completed"\n');
    expect(stdout).toMatch(
      /^7 messages: 1 would be created, 1 updated, 5 unchanged, 0 skipped, 0 rejected; 0 not valid$/m,
    );
  });

  it('works beside a running service', async () => {
    service = startProgram(['serve', '--config', sides.configFile]);
    await service.event('run_finished');
    const { code, report } = await previewed();
    expect({ code, states: states(report) }).toEqual({ code: 0, states: Array.from({ length: 6 }, () => 'unchanged') });
    expect(service.child.exitCode).toBeNull();
  });

  it('knows from the ledger what was deleted at the EHR', async () => {
    await program('run');
    sides.removeCommunication(sides.communications()[0]?.id ?? '');
    const { code, report } = await previewed();
    expect(code).toBe(3);
    expect(report.messages).toContainEqual(
      expect.objectContaining({ state: 'unknown', problem: expect.objectContaining({ code: 'deleted-at-ehr' }) }),
    );
  });

  it('looks at no more messages than it is told to, and says how many there are', async () => {
    const { report } = await previewed('--limit', '2');
    expect({ shown: report.messages.length, more: report.more }).toEqual({ shown: 2, more: 4 });
    expect(sides.asked().filter(({ path }) => /Communication\/(?!0{8})/.test(path))).toHaveLength(2);
    expect((await preview('--limit', '2')).stdout).toContain(
      '2 of 6 messages (all with --limit 6): 2 would be created',
    );
  });

  it('reads the range that it is told to', async () => {
    const { report } = await previewed('--from', '2026-03-01', '--to', '2026-03-02T00:00:00Z');
    expect(report).toMatchObject({ from: '2026-03-01T00:00:00Z', to: '2026-03-02T00:00:00Z', rows: 0, messages: [] });
  });

  it('shows a message once that comes in two rows, with both replies', async () => {
    const id = 'abcdef'.repeat(5);
    await reopen({
      rows: [
        row({ outgoingMessageId: id, incomingMessage: 'Yes' }),
        row({ outgoingMessageId: id.toUpperCase(), incomingMessage: 'No' }),
      ],
    });
    const { report } = await previewed();
    expect(report.rows).toBe(2);
    expect(report.messages.map(({ direction }) => direction)).toEqual(['outgoing', 'incoming', 'incoming']);
  });

  it('names what it would not write and why, and ends with 3', async () => {
    await reopen({
      rows: [
        row({}),
        row({ outgoingMessageId: 'b'.repeat(32), recipientType: 'STAFF' }),
        row({ outgoingMessageId: 'c'.repeat(32), recipientType: 'SOMEBODY' }),
        row({ outgoingMessageId: null }),
      ],
    });
    const { code, stdout, stderr } = await preview();
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    expect(stdout).toMatch(/^skipped {2}outgoing \S+ {2}not-for-a-chart: .*codes\.yaml/m);
    expect(stdout).toMatch(/^rejected {2}outgoing \S+ {2}recipient-type-unknown: .*table "who"/m);
    expect(stdout).toMatch(/^row 4: missing-id: /m);
    expect(stdout).toContain('1 skipped, 1 rejected; 0 not valid; 1 row cannot be read');
  });

  it('names what full validation finds, beside what would become of the message, and ends with 3', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'own-mapping-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const own = ['extension:', '  - url: =base(StructureDefinition/sms-unheard-of)', '    valueString: North'];
    writeFileSync(join(folder, 'outgoing.yaml'), own.join('\n'));
    const { code, stdout } = await runProgram(['preview', '--limit', '1', '--config', sides.configFile], {
      env: { MAPPING_FOLDER: folder },
    });
    expect(code).toBe(3);
    expect(stdout).toContain('    extension(sms-unheard-of): {"valueString":"North"}\n');
    expect(stdout).toMatch(/^ {4}not valid: Communication\.extension\[\d+\]: is defined nowhere/m);
    expect(stdout).toContain('1 would be created, 0 updated, 0 unchanged, 0 skipped, 0 rejected; 1 not valid');
  });

  it('explains what made each element, when it is asked to', async () => {
    await reopen({ rows: [row({}), row({ outgoingMessageId: 'b'.repeat(32), recipientType: 'STAFF' })] });
    const { stdout } = await preview('--explain');
    expect(stdout).toMatch(/^create {2}outgoing \S+\n {4}resourceType /m);
    expect(stdout).toMatch(
      /^ {4}status +"not-done" +<- =decide\(outcome\.status\).* outcome row \d+ .*outgoing\.yaml:\d+/m,
    );
    expect(stdout).toMatch(/^skipped .*\n {4}table who .*skip/m);
    const { report } = await previewed('--explain', '--limit', '1');
    expect(report.messages[0]?.explanation?.elements.length).toBeGreaterThan(20);
    expect((await previewed('--limit', '1')).report.messages[0]?.explanation).toBeUndefined();
  });

  it('ends with 1 when the EHR cannot be asked, and shows what the mapping makes all the same', async () => {
    await sides.stopEhr();
    const { code, stdout, stderr } = await preview();
    expect(code).toBe(1);
    expect(stdout).toMatch(/^unknown {2}outgoing \S+ {2}ehr-unreachable$/m);
    expect(stdout).toContain('    payload: [{"contentString":"Hello"}]');
    expect(stdout).toContain('6 cannot be told');
    expect(stderr).toMatch(/^EHR: ehr-unreachable: The EHR cannot be reached\./);
  });

  it('ends with 1 when the vendor refuses, and asks the EHR nothing', async () => {
    sides.vendorAnswersNextWith('unauthorized');
    const { code, stdout, stderr } = await preview('--json');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^main-clinic: source-unauthorized: Dialog Health refused the login\./);
    expect(sides.asked()).toEqual([]);
  });

  it('asks the vendor nothing once the budget is spent', async () => {
    await program('run');
    const database = new DatabaseSync(join(sides.ledgerFolder, 'ledger.db'));
    const book = database.prepare('INSERT INTO request_spent (source, spent_at) VALUES (?, ?)');
    for (let count = 0; count < 240; count += 1) book.run('main-clinic', Date.now());
    database.close();
    const { code, stderr } = await preview();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^main-clinic: budget-exhausted: /);
  });

  it('prints nothing that steers the terminal', async () => {
    await reopen({ rows: [row({ outgoingMessage: 'Hello \u009b31m\u202egnp.exe' })] });
    const { stdout } = await preview();
    expect(stdout).toContain(String.raw`Hello \u{9b}31m\u{202e}gnp.exe`);
  });

  it.each([
    [['--limit', '0'], '--limit "0" is no number of messages. Give one such as 20.'],
    [['--limit', 'all'], '--limit "all" is no number of messages. Give one such as 20.'],
    [['--from', '2026-03-01'], '--to is missing.'],
    [['--from', '2026-03-01', '--to', '2026-03-20'], 'Ask for at most 7 days.'],
    [['--source', 'west'], 'There is no source "west". Configured: main-clinic.'],
    [['--write'], "Unknown option '--write'."],
    [['now'], "Unexpected argument 'now'."],
  ])('refuses what it does not know: %j', async (args, told) => {
    const { code, stdout, stderr } = await preview(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(told);
    expect(stderr).not.toMatch(/\bat .*\.ts:/);
  });
});
