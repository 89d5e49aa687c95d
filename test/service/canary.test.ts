import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bothSides, login, type BothSides } from '../support/both-sides.ts';
import { sampleRows, type SampleRow } from '../support/sample-rows.ts';
import { runProgram, startProgram } from '../support/program.ts';

/** In every field that may hold something of a person, a word that occurs nowhere else. */
const canaries = {
  leadMessageSent: 'Canarylead',
  incomingMessage: 'Canaryincoming',
  outgoingMessage: 'Canaryoutgoing',
  personName: 'Canaryname',
  personId: 'Canaryperson',
  mobileNumber: '2025550177',
  caregiverName: 'Canarycaregiver',
  caregiverPhone: '2025550178',
  campaignName: 'Canarycampaign',
  broadcastName: 'Canarybroadcast',
  messageSentBy: 'Canarysender',
  personMisc1: 'Canarymisc1',
  personMisc2: 'Canarymisc2',
  personMisc3: 'Canarymisc3',
  personMisc4: 'Canarymisc4',
  personMisc5: 'Canarymisc5',
};

const row = (id: string, more: Readonly<Record<string, unknown>> = {}) => ({
  outgoingMessageId: id.padEnd(32, '0'),
  ...sentLately(),
  messageType: 'API Message',
  recipientType: 'PATIENT',
  campaignId: null,
  broadcastId: null,
  carrier: 'Unknown',
  delivered: 'false',
  messageStatus: 'MESSAGE_REJECTED',
  ...canaries,
  ...more,
});

/** As the sample's rows are. */
function sentLately(): SampleRow {
  const { outgoingMessageSentDate = null, outgoingMessageSentTime = null } = sampleRows(Date.now())[0] ?? {};
  return { outgoingMessageSentDate, outgoingMessageSentTime };
}

/** Messages that arrive, are refused, wait, are kept out of the chart, and rows that are no messages. */
const rows = [
  row('a1'),
  row('a2', { recipientType: 'CAREGIVER' }),
  row('a3', { recipientType: 'STAFF' }),
  row('a4', { recipientType: 'Canarytype' }),
  row('a5', { personId: 'Canaryunknown' }),
  row('a6', { personId: 'Canary with spaces' }),
  row('a7', { outgoingMessageSentDate: 'Canarydate' }),
  row('a8', { personName: 5, personMisc1: { Canarykey: 'Canaryvalue' } }),
  { ...row('a9'), outgoingMessageId: null },
  row('b1', { outgoingMessage: 'Canarytext Canaryother' }),
  row('b1', { outgoingMessage: 'Canarytext Canaryconflict' }),
];

const words = /canary|202-?555-?017[78]/i;
let sides: BothSides;

beforeEach(async () => {
  sides = await bothSides({ rows, patients: ['Canaryperson'] });
});

afterEach(() => sides.close());

describe('what may be said of a patient', () => {
  it('is not in what libraries would print where DEBUG asks them to', async () => {
    const { code, stderr } = await runProgram(['run', '--config', sides.configFile], { env: { DEBUG: '*' } });
    expect(code).toBe(3);
    expect(stderr).not.toContain('fhir-kit-client');
    expect(stderr).not.toMatch(words);
  });

  it('is in no line that a run, the status and the list of rejected records print', async () => {
    const config = ['--config', sides.configFile];
    const outputs = [
      await runProgram(['run', ...config]),
      await runProgram(['run', '--json', ...config]),
      await runProgram(['status', ...config]),
      await runProgram(['rejected', 'list', ...config]),
      await runProgram(['rejected', 'list', '--json', ...config]),
      await runProgram(['check', ...config]),
      await runProgram(['translate', ...config, sides.rowsFile]),
      await runProgram(['preview', '--explain', ...config]),
    ];
    expect(outputs.map(({ code }) => code)).toEqual([3, 3, 0, 0, 0, 0, 3, 3]);
    for (const { stderr } of outputs) expect(stderr).not.toMatch(words);
    // The last two are asked for what it is.
    for (const { stdout } of outputs.slice(0, -2)) expect(stdout).not.toMatch(words);
    expect(outputs[0]?.stderr).toContain('record_delivered');
    expect(outputs[0]?.stderr).toContain('record_rejected');
    expect(outputs[0]?.stderr).toContain('record_waiting');
    expect(outputs[0]?.stderr).toContain('record_skipped');
    expect(outputs[0]?.stderr).toContain('row_set_apart');
  });

  it('is in no line of a service that runs, and in no answer of its API but a translation', async () => {
    const program = startProgram(['serve', '--config', sides.configFile]);
    await program.event('run_finished');
    const base = `http://127.0.0.1:${sides.httpPort}`;
    const ask = (path: string, { body, authorization = login }: { body?: string; authorization?: string } = {}) =>
      fetch(base + path, {
        headers: { authorization, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { method: 'POST', body }),
      });
    const answers = [
      await ask('/status'),
      await ask('/runs'),
      await ask('/records'),
      await ask('/windows'),
      await ask('/records?state=Canarystate'),
      await ask('/Canarypath'),
      await ask('/runs', { body: '{"source":"Canarysource"}' }),
      await ask('/translate', { body: '{"Canary":"body"}' }),
      await ask('/translate', { body: JSON.stringify({ response: rows }) }),
      await ask('/status', { authorization: `Basic ${btoa('Canaryuser:Canarypassword')}` }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 400, 404, 422, 422, 422, 401]);
    for (const answer of answers)
      expect(`${await answer.text()} ${JSON.stringify([...answer.headers])}`).not.toMatch(words);
    program.child.kill('SIGTERM');
    const { code, stdout, stderr } = await program.ended;
    expect(code).toBe(0);
    expect(stdout).toContain('login_failed');
    expect(`${stdout}${stderr}`).not.toMatch(words);
  });

  it('is not to be read in the files of the ledger when it has a key', async () => {
    const key = randomBytes(32).toString('base64');
    await sides.stopEhr();
    const ended = await runProgram(['run', '--json', '--config', sides.configFile], { env: { LEDGER_KEY: key } });
    expect(JSON.parse(ended.stdout)).toMatchObject({ delivery: { delivered: 0 } });
    const files = readdirSync(sides.ledgerFolder).map((name) => readFileSync(join(sides.ledgerFolder, name), 'latin1'));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect(file).not.toMatch(words);
  });
});
