import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runProgram } from '../support/program.ts';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

/** A stack, or a path of the program's own. */
const inner = /\n\s+at |node:internal|src\//;

function ownConfig(yaml: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'commands-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'ours.yaml');
  writeFileSync(file, yaml);
  return file;
}

describe('the program', () => {
  it.each(['--version', '-v'])('tells its version (%s)', async (option) => {
    expect(await runProgram([option])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each(['--help', '-h', 'help'])('tells its commands and exit codes (%s)', async (option) => {
    const { code, stdout, stderr } = await runProgram([option]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const commands = [
      'serve',
      'run',
      'backfill',
      'resend',
      'check',
      'translate',
      'status',
      'windows',
      'accept-gap',
      'rejected',
      'hash-password',
      'generate-key',
    ];
    expect(commands.filter((name) => !new RegExp(`^  ${name}\\b`, 'm').test(stdout))).toEqual([]);
    expect(stdout).toContain('Exit codes: 0 done; 1 failed; 2 bad configuration or usage; 3 done, but some records');
  });

  it.each([
    ['backfill', '--help'],
    ['run', '-h'],
    ['rejected', 'list', '--help'],
  ])('tells how one command is called (%s %s)', async (...args) => {
    const { code, stdout, stderr } = await runProgram(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^dialog-health-fhir ${args[0]} .*\\n\\n.+\\.\\n$`));
  });

  it.each([
    [['frobnicate'], 'There is no command "frobnicate".\n\ndialog-health-fhir writes'],
    [['Serve'], 'There is no command "Serve".'],
    [['--frob'], "Unknown option '--frob'.\nUsage: dialog-health-fhir serve"],
    [['run', '--frob'], "Unknown option '--frob'.\nUsage: dialog-health-fhir run"],
    [['check', '--config'], "Option '--config <value>' argument missing.\nUsage: dialog-health-fhir check"],
    [['status', 'more'], "Unexpected argument 'more'.\nUsage: dialog-health-fhir status"],
    [['rejected', 'forget'], 'Say what to do.\nUsage: dialog-health-fhir rejected list|release|dismiss'],
    [['generate-key', '--json'], "Unknown option '--json'.\nUsage: dialog-health-fhir generate-key"],
  ])('refuses what it does not know: %j', async (args, told) => {
    const { code, stdout, stderr } = await runProgram(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).not.toMatch(inner);
    expect(stderr).toContain(told);
  });

  it.each([
    [['--to', '2026-03-01'], '--from is missing.'],
    [['--from', '2026-03-01'], '--to is missing.'],
    [['--from', 'yesterday', '--to', '2026-03-01'], '--from "yesterday" is not an instant.'],
    [['--from', '2026-02-30', '--to', '2026-03-01'], '--from "2026-02-30" is not an instant.'],
    [['--from', '2026-03-02', '--to', '2026-03-01'], '--from must be before --to.'],
    [['--from', '9998-03-01', '--to', '9998-03-02'], '--from is in the future. Nothing can be read there yet.'],
    [['--from', '2026-03-01', '--to', '2026-03-01'], '--from must be before --to.'],
  ])('refuses a backfill of no range: %j', async (args, told) => {
    const { code, stdout, stderr } = await runProgram(['backfill', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).not.toMatch(inner);
    expect(stderr).toContain(told);
  });
});

describe('a configuration that is not usable', () => {
  const yaml = [
    'sources:',
    '  - {name: a, kind: dialog-health, url: "https://us:canary7f3a@vendor.example.org", consol: SIDTEST}',
    'destination: {url: http://ehr.example.org/fhir}',
    'ledger: {retention: 400, encryptionKey: canary7f3a}',
  ].join('\n');

  it.each(['serve', 'run', 'check', 'status'])(
    'stops %s with every problem, its line, and no secret',
    async (command) => {
      const file = ownConfig(yaml);
      const { code, stdout, stderr } = await runProgram([command, '--config', file]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).not.toMatch(inner);
      const [first, ...problems] = stderr.trimEnd().split('\n');
      expect(first).toBe('The configuration is not usable. Nothing was started.');
      expect(problems.map((each) => each.replace(`  ${file}`, '').split(': ')[0])).toEqual([
        ' mapping.canonicalBase',
        ':2 sources[0].url',
        ':2 sources[0].console',
        ':2 sources[0].username',
        ':2 sources[0].password',
        ':2 sources[0].consol',
        ':3 destination.url',
        ':4 ledger.encryptionKey',
        ':4 ledger.retention',
      ]);
      expect(stderr).not.toContain('canary7f3a');
    },
  );

  it('may be named by CONFIG_FILE', async () => {
    const file = ownConfig(yaml);
    const { code, stderr } = await runProgram(['check'], { env: { CONFIG_FILE: file } });
    expect(code).toBe(2);
    expect(stderr).toContain(`${file}:4 ledger.retention: "400" is not a duration`);
  });

  it('is not taken from the environment where the option for its file is empty', async () => {
    const { code, stderr } = await runProgram(['run', '--config', '']);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: '--config is empty. Name a file, or leave the option out.\n',
    });
  });

  it('since it is not there is told as that', async () => {
    const { code, stderr } = await runProgram(['run', '--config', '/run/none.yaml']);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr:
        'The configuration is not usable. Nothing was started.\n  /run/none.yaml -: The configuration file does not exist.\n',
    });
  });

  it('since no variable is set is told with each of them', async () => {
    const { code, stderr } = await runProgram([]);
    expect(code).toBe(2);
    const names = ['URL', 'CONSOLE', 'USERNAME', 'PASSWORD'].map((each) => `DIALOG_HEALTH_${each}`);
    expect([...names, 'FHIR_URL'].filter((name) => !stderr.includes(`The variable ${name} is not set.`))).toEqual([]);
  });
});
