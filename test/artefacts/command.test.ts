import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commandLine } from '../../src/command-line.ts';
import { runProgram } from '../support/program.ts';
import { published } from './site.ts';

const base = 'https://fhir.hospital.example.org';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'artefacts-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const names = published.map(({ file }) => file);
const filesIn = (out: string): readonly string[] =>
  readdirSync(out, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(out.length + 1))
    .toSorted();

/** The command in this process: another one for each mistake would take long. */
async function called(args: readonly string[]) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const code = await commandLine(['artefacts', ...args], {
    env: {},
    stdin,
    stdout,
    stderr,
    now: () => 0,
    stopped: new Promise(() => {}),
  });
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

describe('artefacts', () => {
  it('writes all of them for a base into a folder that it makes, and prints what it wrote', async () => {
    const out = join(folder, 'new', 'place');
    const { code, stdout, stderr } = await runProgram(['artefacts', '--base', base, '--out', out]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(filesIn(out)).toEqual(names);
    expect(stdout.trimEnd().split('\n').toSorted()).toEqual(names.map((name) => join(out, name)));
    const carrier = readFileSync(join(out, 'StructureDefinition-sms-carrier.json'), 'utf8');
    expect(JSON.parse(carrier)).toMatchObject({ url: `${base}/StructureDefinition/sms-carrier` });
  });

  it('tells what it wrote as JSON too', async () => {
    const { stdout } = await runProgram(['artefacts', '--base', `${base}/`, '--out', folder, '--json']);
    const { base: told, files }: { base: string; files: string[] } = JSON.parse(stdout);
    expect(told).toBe(base);
    expect(files.toSorted()).toEqual(names.map((name) => join(folder, name)));
  });

  it('takes base and mapping from the configuration', async () => {
    const own = join(folder, 'our-mapping');
    mkdirSync(own);
    writeFileSync(
      join(own, 'codes.yaml'),
      'tables:\n  outcome:\n    rows:\n      - ["*", QUEUED, in-progress, "-", "-", open, "-"]\n',
    );
    const config = join(folder, 'config.yaml');
    writeFileSync(config, `mapping: {canonicalBase: "${base}/", folder: "${own}"}\n`);
    const out = join(folder, 'out');
    const { code, stderr } = await runProgram(['artefacts', '--out', out, '--config', config]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const map = readFileSync(join(out, 'ConceptMap-sms-status.json'), 'utf8');
    expect(map).toContain(`${base}/CodeSystem/sms-message-status`);
    expect(map).toContain('QUEUED');
  });

  it('replaces files of the same name, whole, and leaves others alone', async () => {
    writeFileSync(join(folder, 'ConceptMap-sms-status.json'), 'old');
    writeFileSync(join(folder, 'notes.txt'), 'mine');
    const { code } = await runProgram(['artefacts', '--base', base, '--out', folder]);
    expect(code).toBe(0);
    expect(filesIn(folder)).toEqual([...names, 'notes.txt'].toSorted());
    expect(readFileSync(join(folder, 'notes.txt'), 'utf8')).toBe('mine');
    expect(() => JSON.parse(readFileSync(join(folder, 'ConceptMap-sms-status.json'), 'utf8'))).not.toThrow();
  });

  it.each<readonly [string, readonly string[], RegExp]>([
    ['no folder', ['--base', base], /^--out is missing\.\nUsage: dialog-health-fhir artefacts /],
    ['an empty folder name', ['--base', base, '--out', ''], /^--out is missing\./],
    ['no base anywhere', ['--out', 'OUT'], /^The base is missing\. Give --base, or .*mapping\.canonicalBase/],
    ['an empty base', ['--base', '', '--out', 'OUT'], /^--base is empty\. Example: --base https:/],
    ['a base that is no URL', ['--base', 'fhir.example.org', '--out', 'OUT'], /^--base is not a web address\. Example/],
    ['a base of another kind', ['--base', 'urn:oid:1.2.3', '--out', 'OUT'], /^--base is not a web address\./],
    ['a base with a query', ['--base', `${base}?a=b`, '--out', 'OUT'], /^--base has a query or a fragment/],
    ['a base with a login', ['--base', 'https://u:canary7f3a@a.example.org', '--out', 'OUT'], /^--base holds a login/],
    ['a base of HL7', ['--base', 'https://hl7.org/fhir', '--out', 'OUT'], /^--base is under hl7\.org/],
    ['an option that is none', ['--bsae', base, '--out', 'OUT'], /Unknown option '--bsae'.*\nUsage: /],
    ['a configuration that is not there', ['--out', 'OUT', '--config', '/run/none.yaml'], /\/run\/none\.yaml/],
  ])('refuses %s, and writes nothing', async (_what, args, complaint) => {
    const out = join(folder, 'out');
    const { code, stdout, stderr } = await called(args.map((each) => (each === 'OUT' ? out : each)));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(complaint);
    expect(stderr).not.toMatch(/canary7f3a|\n\s+at /);
    expect(filesIn(folder)).toEqual([]);
  });

  it('refuses a base that is not the one of the configuration, by file or by environment', async () => {
    const env = { CANONICAL_BASE: base };
    const args = ['artefacts', '--base', 'https://other.example.org', '--out', folder];
    const { code, stderr } = await runProgram(args, { env });
    expect(code).toBe(2);
    expect(stderr).toContain(`which is ${base}`);
    const same = await runProgram(['artefacts', '--base', `${base}/`, '--out', folder], { env });
    expect(same.code).toBe(0);
  });

  it('refuses a folder that is a file', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, 'mine');
    const { code, stderr } = await runProgram(['artefacts', '--base', base, '--out', file]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/file cannot be written \((?:EEXIST|ENOTDIR)\)\. Name a folder/);
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  it('refuses a folder that cannot be made', async () => {
    const { code, stderr } = await runProgram(['artefacts', '--base', base, '--out', '/proc/nowhere/out']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/out cannot be written \(E[A-Z]+\)\. Name a folder/);
  });

  it('leaves what was there, and no half file, where one cannot be replaced', async () => {
    mkdirSync(join(folder, 'ConceptMap-sms-status.json', 'in-the-way'), { recursive: true });
    const { code, stderr } = await runProgram(['artefacts', '--base', base, '--out', folder]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/cannot be written \(E[A-Z]+\)/);
    expect(filesIn(folder).filter((name) => !name.endsWith('.json'))).toEqual([]);
  });

  it('is told by the help', async () => {
    const { stdout } = await runProgram(['--help']);
    expect(stdout).toMatch(/^ {2}artefacts /m);
    const own = await runProgram(['artefacts', '--help']);
    expect(own.stdout).toContain('mapping.canonicalBase');
  });
});
